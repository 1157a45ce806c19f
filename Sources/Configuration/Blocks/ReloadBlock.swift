/// `reload`: when the file is read again without being asked.
enum ReloadBlock {
    static let watch = Key.optional(
        "watch", ValueType.truth, default: "false", "Whether a change of the file is a reload, as SIGHUP is.")
    static let settle = Key.optional(
        "settle", ValueType.duration(.milliseconds(1)...Duration.seconds(60), example: "250ms"), default: "250ms",
        "How long the file must have been left alone before it is read.")

    static let block = Block("reload", [watch.description, settle.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> ReloadConfiguration {
        var reload = ReloadConfiguration()
        guard let reader = MappingReader(node, block, name: "reload", span: span, reading) else { return reload }
        if let watches = reader.value(watch) { reload.watches = watches }
        if let time = reader.value(settle) { reload.settle = time }
        return reload
    }
}
