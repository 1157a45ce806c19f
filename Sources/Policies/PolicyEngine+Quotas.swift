package import Configuration

extension PolicyEngine {
    /// Which quotas one request is counted by, besides the caller's own.
    package struct QuotaPlace: Sendable {
        /// Among the configuration's routes; `nil` where none is meant.
        package var route: Int?
        /// Among the configuration's models.
        package var model: Int

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
    package func admit(
        _ consumer: Consumer?, _ place: QuotaPlace, facts: QuotaFacts, now: QuotaMoment
    ) -> QuotaOutcome {
        var ledgers: [QuotaLedger] = []
        if let consumer {
            if let global = quotas.global { ledgers.append(global) }
            if let route = place.route, let ledger = quotas.routes[route] { ledgers.append(ledger) }
            ledgers += quotas.groups(of: consumer)
        }
        if let own = consumer?.quotas, !own.buckets.isEmpty { ledgers.append(own) }
        if let ledger = quotas.models[place.model] { ledgers.append(ledger) }
        let model = quotas.costs[place.model]
        if ledgers.isEmpty {
            let isFallback = consumer == nil
            return .admitted(isFallback ? .none(of: model, now: now) : .nothing, nil)
        }

        let guessed = model.guessed(facts)
        var charges: [QuotaReservation.Charge] = []
        charges.reserveCapacity(ledgers.reduce(0) { $0 + $1.buckets.count })
        for (index, ledger) in ledgers.enumerated() {
            for (place, bucket) in ledger.buckets.enumerated() {
                let amount = bucket.policy.reserve(of: guessed, cost: model.cost)
                charges.append(.init(bucket: bucket, ledger: index, place: place, amount: amount))
            }
        }
        var request = QuotaRequest(ledgers: ledgers, charges: charges, model: model)
        return request.attempt(now: now, isLast: false, wait: nil)
    }

    /// The ledgers that count a request of that consumer to that route, whichever of the models answers it.
    package func ledgers(of consumer: Consumer, route: Int, models: [Int]) -> [QuotaLedger] {
        let shared = [quotas.global, quotas.routes[route]] + models.map { quotas.models[$0] }
        return (consumer.quotas.buckets.isEmpty ? [] : [consumer.quotas]) + quotas.groups(of: consumer)
            + shared.compactMap { $0 }
    }

    /// Whether the model has quotas of its own.
    package func hasQuotas(model: Int) -> Bool { quotas.models[model] != nil }

    /// Whether the characters of inputs are counted.
    package var countsCharacters: Bool { quotas.countsCharacters }

    /// Every ledger that there is: the gateway's, the routes', the models', the consumers'.
    package var ledgers: [QuotaLedger] { quotas.ledgers + consumers.map(\.quotas).filter { !$0.buckets.isEmpty } }
}
