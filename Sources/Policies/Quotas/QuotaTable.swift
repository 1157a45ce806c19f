internal import Configuration
internal import Tensors

/// The quotas of everything that isn't one consumer's own, and what requests cost; by the places of the configuration.
package final class QuotaTable: Sendable {
    let global: QuotaLedger?
    let routes: [QuotaLedger?]
    let models: [QuotaLedger?]
    /// Those of the groups, in the order of the file and by their names.
    private let groups: [QuotaLedger]
    private let groupsByName: [String: QuotaLedger]
    /// What requests to each model cost and take.
    let costs: [QuotaModel]
    private let costsByName: [String: QuotaModel]
    /// Whether the characters of inputs are counted, which takes looking at every byte.
    package let countsCharacters: Bool

    init(
        _ configuration: GatewayConfiguration, policies: [String: [QuotaPolicy]], previous: QuotaTable?,
        stores: [String: QuotaStore], now: QuotaMoment
    ) {
        let earlier = Dictionary(
            (previous?.ledgers ?? []).map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
        func ledger(_ subject: QuotaSubject, _ limits: [String]) -> QuotaLedger? {
            limits.isEmpty
                ? nil
                : QuotaLedger(
                    subject,
                    QuotaSet(limits.flatMap { policies[$0] ?? [] }.map { $0.prefixed(subject.prefix) }),
                    previous: earlier[subject], stores: stores, now: now)
        }
        global = ledger(.global, configuration.globalLimits)
        routes = configuration.routes.map { ledger(QuotaSubject(.route, $0.name), $0.limits) }
        models = configuration.models.map { ledger(QuotaSubject(.model, $0.name), $0.limits) }
        let groups = Dictionary(
            configuration.groups.compactMap { group in
                ledger(QuotaSubject(.group, group.name), group.limits).map { (group.name, $0) }
            }, uniquingKeysWith: { first, _ in first })
        self.groups = configuration.groups.compactMap { groups[$0.name] }
        groupsByName = groups
        let quotas = policies.values.joined()
        costs = configuration.models.map { model in
            QuotaModel(
                cost: model.cost, isAsked: quotas.contains { $0.isKnownLate(cost: model.cost) },
                previous: previous?.costsByName[model.name])
        }
        costsByName = Dictionary(
            zip(configuration.models.map(\.name), costs), uniquingKeysWith: { first, _ in first })
        let counts = Set(configuration.limits.flatMap { $0.quotas.map(\.count) })
        countsCharacters =
            counts.contains(.fact(.characters))
            || counts.contains(.cost) && costs.contains { $0.cost?.facts.contains(.characters) ?? false }
    }

    /// The ledgers of those groups, as far as they have quotas.
    func groups(named names: [String]) -> [QuotaLedger] { names.compactMap { groupsByName[$0] } }

    /// Every ledger of it.
    var ledgers: [QuotaLedger] { ([global] + routes + models).compactMap { $0 } + groups }
}
