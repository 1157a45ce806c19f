/// `models.NAME.cache`.
enum CacheBlock {
    static let size = Key.optional(
        "size", ValueType.size(1024...(1 << 40), example: "64MiB"), default: "64MiB",
        "Bytes of all kept answers together; those that were not asked for longest go first.")
    static let age = Key.optional(
        "age", ValueType.duration(.milliseconds(1)...Duration.seconds(365 * 86_400), example: "10min"),
        default: "10min",
        "How long an answer is good for.")

    static let block = Block("models.NAME.cache", [size.description, age.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> CacheConfiguration? {
        guard let reader = MappingReader(node, block, name: "cache", span: span, reading) else { return nil }
        return CacheConfiguration(
            size: reader.value(size) ?? 64 << 20, age: reader.value(age) ?? .seconds(600))
    }
}
