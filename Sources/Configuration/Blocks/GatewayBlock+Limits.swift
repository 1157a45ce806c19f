extension GatewayBlock {
    /// The sets of quotas, and the stores that their counts are kept in.
    static func readLimits(
        _ nodes: [NamedNode], _ reader: MappingReader, _ reading: Reading
    ) -> ([LimitConfiguration], [StoreConfiguration]) {
        let storeNodes = reader.value(stores) ?? []
        let names = NameTable("store", storeNodes)
        let stores = storeNodes.compactMap { StoreBlock.read($0, reading) }
        let limits = nodes.compactMap { QuotaBlock.read($0, stores: names, reading) }
        let spans = Dictionary(storeNodes.map { ($0.name, $0.span) }, uniquingKeysWith: { first, _ in first })
        StoreBlock.check(stores, names: names, spans: spans, reading)
        return (limits, stores)
    }

    /// Refuses costs that nothing counts.
    static func checkCosts(_ models: [ModelConfiguration], _ limits: [LimitConfiguration], _ reading: Reading) {
        guard !reading.hasErrors, !limits.contains(where: { $0.quotas.contains { $0.count == .cost } }) else { return }
        for model in models {
            guard let location = model.costLocation else { continue }
            reading.error(
                "no limit counts what model \(quoted(model.name)) costs", at: SourceSpan(location),
                "write a limit with count: cost, or remove it")
        }
    }
}
