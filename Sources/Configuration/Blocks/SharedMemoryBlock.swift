/// `shared_memory`: what of this machine's shared memory clients may share with the gateway.
enum SharedMemoryBlock {
    static let allow = Key.required(
        "allow", ValueType.name(of: "shared memory object", .object, example: "\"sluice_*\"").oneOrList(),
        "Names of POSIX shared memory objects, without the slash before them; `*` stands for any characters.")
    static let maxRegion = Key.optional(
        "max_region", ValueType.size(1...1 << 40, example: "256MiB"), default: "256MiB",
        "Bytes of one region at most.")

    static let block = Block("shared_memory", [allow.description, maxRegion.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> SharedMemoryConfiguration? {
        guard let reader = MappingReader(node, block, name: "shared_memory", span: span, reading) else { return nil }
        let (allowed, maxRegion) = (reader.value(allow), reader.value(maxRegion))
        guard let allowed else { return nil }
        var memory = SharedMemoryConfiguration(allowed: allowed)
        if let maxRegion { memory.maxRegion = maxRegion }
        return memory
    }
}
