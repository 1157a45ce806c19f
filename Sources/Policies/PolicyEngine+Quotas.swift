package import Configuration

extension PolicyEngine {
    /// Which quotas one request is counted by, besides the caller's own.
    package struct QuotaPlace: Sendable {
        /// Among the configuration's routes; `nil` where none is meant.
        package var route: Int?
        /// Among the configuration's models.
        package var model: Int
        /// Whether the model's own quotas aren't asked, but only counted with.
        package var leavesOutModel = false

        package init(route: Int?, model: Int) {
            self.route = route
            self.model = model
        }
    }

    /// Takes what a request needs from all its quotas, or from none: the gateway's, the route's, those of the consumer's
    /// groups, its own, the model's.
    ///
    /// - Parameters:
    ///   - consumer: whose quotas are asked; `nil` where they have been, as another model is tried.
    ///   - facts: what is known of the request before it is answered.
    ///   - now: asked for only where something is counted.
    package func admit(
        _ consumer: Consumer?, _ place: QuotaPlace, facts: QuotaFacts, now: @autoclosure () -> QuotaMoment
    ) -> QuotaOutcome {
        let model = quotas.costs[place.model]
        let guessed = model.guessed(facts)
        if let (bucket, set) = consumer?.single, asksConsumerAlone(place) {
            let amount = bucket.policy.reserve(of: guessed, cost: model.cost)
            let charge = QuotaReservation.Charge(bucket: bucket, set: set, place: 0, amount: amount)
            return QuotaRequest.takeSingle([charge], model: model, now: now())
        }
        var charges: [QuotaReservation.Charge] = []
        func charge(_ ledger: QuotaLedger) {
            for (place, bucket) in ledger.buckets.enumerated() {
                let amount = bucket.policy.reserve(of: guessed, cost: model.cost)
                let charge = QuotaReservation.Charge(
                    bucket: bucket, set: ledger.quotas, place: place, amount: amount)
                if charges.isEmpty { charges = [charge] } else { charges.append(charge) }
            }
        }
        if let consumer {
            if let global = quotas.global { charge(global) }
            if let route = place.route, let ledger = quotas.routes[route] { charge(ledger) }
            for group in consumer.groups { charge(group) }
            charge(consumer.quotas)
        }
        if !place.leavesOutModel, let ledger = quotas.models[place.model] { charge(ledger) }
        if charges.isEmpty {
            let isFallback = consumer == nil
            return .admitted(isFallback ? .none(of: model, now: now()) : .nothing, nil)
        }
        let now = now()
        if charges.count == 1, charges[0].bucket.isLocal {
            return QuotaRequest.takeSingle(charges, model: model, now: now)
        }
        var request = QuotaRequest(charges: charges, model: model)
        return request.attempt(now: now, isLast: false, wait: nil)
    }

    /// Whether nobody's quotas count a request but its consumer's own, and those of its groups.
    private func asksConsumerAlone(_ place: QuotaPlace) -> Bool {
        quotas.global == nil && (place.leavesOutModel || quotas.models[place.model] == nil)
            && place.route.map { quotas.routes[$0] == nil } ?? true
    }

    /// The ledgers that count a request of that consumer to that route, whichever of the models answers it.
    package func ledgers(of consumer: Consumer, route: Int, models: [Int]) -> [QuotaLedger] {
        let shared = [quotas.global, quotas.routes[route]] + models.map { quotas.models[$0] }
        return (consumer.quotas.buckets.isEmpty ? [] : [consumer.quotas]) + consumer.groups
            + shared.compactMap { $0 }
    }

    /// Whether the model has quotas of its own.
    package func hasQuotas(model: Int) -> Bool { quotas.models[model] != nil }

    /// Whether the characters of inputs are counted.
    package var countsCharacters: Bool { quotas.countsCharacters }

    /// Every ledger that there is: the gateway's, the routes', the models', the consumers'.
    package var ledgers: [QuotaLedger] { quotas.ledgers + consumers.map(\.quotas).filter { !$0.buckets.isEmpty } }
}
