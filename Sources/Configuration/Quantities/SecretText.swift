/// Secrets as users name them: `env:NAME` or `file:PATH`. The secret itself is never in the file.
enum SecretText {
    /// - Parameters:
    ///   - shortest: bytes that it must have.
    ///   - example: the name of a variable.
    static func type(atLeast shortest: Int = 1, example: String) -> ValueType<Secret> {
        ValueType("env:NAME or file:PATH", example: "env:\(example)") { node, what, reading in
            guard case .scalar(let scalar) = node.content, !scalar.isNull else {
                let kind = if case .list = node.content { "a list" } else { "a mapping or nothing" }
                reading.error(
                    "\(what) must be env:NAME or file:PATH, not \(kind)", at: node.span, "write e.g. env:\(example)")
                return nil
            }
            guard let secret = find(scalar.text, what, node.span, example: example, reading) else { return nil }
            guard !secret.bytes.isEmpty else {
                reading.error("\(quoted(scalar.text)) is empty", at: node.span)
                return nil
            }
            guard secret.bytes.count >= shortest else {
                reading.error(
                    "\(what) has \(secret.bytes.count) bytes; at least \(shortest) are needed", at: node.span,
                    "make one with: openssl rand -hex 32")
                return nil
            }
            return secret
        }
    }

    private static func find(
        _ text: String, _ what: String, _ span: SourceSpan, example: String, _ reading: Reading
    ) -> Secret? {
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            guard let value = reading.context.environment[name] else {
                reading.error("the environment has no variable \(quoted(name))", at: span, "set it, e.g. \(name)=…")
                return nil
            }
            return Secret(reference: text, bytes: Array(value.utf8))
        }
        if text.hasPrefix("file:") {
            let path = reading.absolutePath(String(text.dropFirst(5)))
            guard var bytes = reading.context.readFile(path) else {
                reading.error("there is no file \(quoted(path)) that can be read", at: span)
                return nil
            }
            // Editors end a file with a line break, which nobody means.
            while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
            return Secret(reference: text, bytes: bytes)
        }
        reading.error(
            "\(what) is written out: secrets are named in the file, and kept elsewhere", at: span,
            "write e.g. env:\(example)")
        return nil
    }
}
