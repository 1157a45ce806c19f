/// `audit`: where it is written down what is done to the gateway, and by whom.
enum AuditBlock {
    static let file = Key.required(
        "file", ValueType.text("a path", example: "./audit.log").placed, "The file; made where it isn't there.")
    static let key = Key.optional(
        "key", SecretText.type(atLeast: 32, example: "SLUICE_AUDIT_KEY"), default: "none",
        "A secret that the records' hashes are made with, so that whoever can write the file can't make up records: "
            + "`env:NAME` or `file:PATH`.")
    static let rotate = Key.optional(
        "rotate", ValueType.size(4 << 10...1 << 40, example: "64MiB"), default: "64MiB",
        "The size from which on the file is put aside, under the number of its last record, and another one begun.")
    static let keep = Key.optional(
        "keep", ValueType.integer(1...10_000, example: "16"), default: "16",
        "How many files that were put aside are kept.")

    static let block = Block("audit", [file.description, key.description, rotate.description, keep.description])

    static func read(
        _ node: YAMLNode, span: SourceSpan, accessLog: ObservabilityConfiguration.Output?, _ reading: Reading
    ) -> AuditConfiguration? {
        guard let reader = MappingReader(node, block, name: "audit", span: span, reading) else { return nil }
        let (file, key, rotate, keep) = (
            reader.value(file), reader.value(key), reader.value(rotate), reader.value(keep)
        )
        guard let file else { return nil }
        if file.value.hasSuffix("/") {
            reading.error("file: \(quoted(file.value)) is a folder", at: file.span, "write e.g. \(file.value)audit.log")
        }
        var audit = AuditConfiguration(file: reading.absolutePath(file.value), key: key)
        if accessLog == .file(audit.file) {
            reading.error("the audit log can't be the file of the access log", at: file.span, "give it one of its own")
        }
        if let rotate { audit.rotate = rotate }
        if let keep { audit.keep = keep }
        return audit
    }
}
