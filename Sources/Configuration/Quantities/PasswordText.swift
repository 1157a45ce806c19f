/// Where a secret is to be found: `env:NAME` or `file:PATH`; the secret itself is never in the file.
enum PasswordText {
    static let type = ValueType<SecretSource>("env:NAME or file:PATH", example: "env:REDIS_PASSWORD") {
        node, what, reading in
        let text = ValueType<String>.text("env:NAME or file:PATH", example: "env:REDIS_PASSWORD")
        guard let written = text.read(node, what, reading) else { return nil }
        if written.hasPrefix("env:") {
            let name = String(written.dropFirst(4))
            guard let value = reading.context.environment[name] else {
                reading.error(
                    "the environment has no variable \(quoted(name))", at: node.span, "set it, e.g. \(name)=…")
                return nil
            }
            guard !value.isEmpty else {
                reading.error("the variable \(quoted(name)) is empty", at: node.span)
                return nil
            }
            return .variable(name: name, value: value)
        }
        if written.hasPrefix("file:") {
            let path = reading.absolutePath(String(written.dropFirst(5)))
            guard reading.context.fileExists(path) else {
                reading.error("there is no file \(quoted(path))", at: node.span)
                return nil
            }
            return .file(path)
        }
        // Whatever stands there may be the secret.
        reading.error("\(what) must be env:NAME or file:PATH", at: node.span, "write e.g. env:REDIS_PASSWORD")
        return nil
    }
}
