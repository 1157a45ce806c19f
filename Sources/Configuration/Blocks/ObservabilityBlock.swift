/// `observability`: where the gateway tells what it does.
enum ObservabilityBlock {
    static let accessLog = Key.optional(
        "access_log", outputType, default: "stdout",
        "One line for each request: `none`, `stdout`, `stderr`, or a file by a path with a `/` in it.")
    static let logLevel = Key.optional(
        "log_level", ValueType<ObservabilityConfiguration.Level>.choice, default: "info", "The least that is logged.")

    static let redact = Key.optional(
        "redact", ValueType.name(of: "redaction", example: "people").placed.oneOrList(), default: "no rules",
        "Entries of `redaction` whose findings are masked in both logs, whatever their `action` and `in`.")

    static let block = Block(
        "observability", [accessLog.description, logLevel.description, redact.description])

    private static let outputType = ValueType<ObservabilityConfiguration.Output>(
        "none, stdout, stderr or a path", example: "./access.log"
    ) { node, what, reading in
        let name = "none, stdout, stderr or a path"
        guard let text = ValueType<String>.text(name, example: "stdout").read(node, what, reading) else { return nil }
        switch text {
        case "none": return ObservabilityConfiguration.Output.none
        case "stdout": return .stdout
        case "stderr": return .stderr
        case _ where text.contains("/") && !text.hasSuffix("/"): return .file(reading.absolutePath(text))
        default:
            let words = ["none", "stdout", "stderr"]
            let isOff = ["off", "no", "false"].contains(text.lowercased())
            let near = Suggestion.nearest(to: text, in: words).map { "did you mean \(quoted($0))?" }
            reading.error(
                "\(what) can't be \(quoted(text))", at: node.span,
                isOff ? "write none" : near ?? "known words: none, stdout, stderr; write ./\(text) for a file")
            return nil
        }
    }

    static func read(
        _ node: YAMLNode, span: SourceSpan, redactions: NameTable, _ reading: Reading
    ) -> ObservabilityConfiguration {
        var observability = ObservabilityConfiguration()
        guard let reader = MappingReader(node, block, name: "observability", span: span, reading) else {
            return observability
        }
        if let output = reader.value(accessLog) { observability.accessLog = output }
        if let level = reader.value(logLevel) { observability.logLevel = level }
        observability.redactions = MatchBlock.use(reader.value(redact), redactions, reading)
        return observability
    }
}
