extension ValueType where Value == ConfigurationValue {
    /// A mapping whose meaning only a plugin knows. Text `env:NAME` becomes the value of that variable.
    static var opaque: Self {
        Self("a mapping", example: "{ file: ./model.onnx }", form: .opaque) { node, what, reading in
            guard case .mapping = node.content else {
                reading.error(
                    "\(what) must be a mapping, not \(node.kind)", at: node.span, "write e.g. { file: ./model.onnx }")
                return nil
            }
            return OpaqueValue.read(node, reading)
        }
    }
}

/// Reads YAML by what it looks like: the core schema of YAML 1.2, without what YAML 1.1 reads differently.
enum OpaqueValue {
    static func read(_ node: YAMLNode, _ reading: Reading) -> ConfigurationValue {
        switch node.content {
        case .list(let items): .list(items.map { read($0, reading) })
        case .mapping(let entries): .mapping(entries.map { ($0.key, read($0.value, reading)) })
        case .scalar(let scalar): read(scalar, at: node.span, reading)
        }
    }

    private static func read(
        _ scalar: YAMLNode.Scalar, at span: SourceSpan, _ reading: Reading
    ) -> ConfigurationValue {
        let text = scalar.text
        if text.hasPrefix("env:") {
            let name = text.dropFirst(4)
            return .variable(name: String(name), value: variable(named: name, at: span, reading))
        }
        guard scalar.isPlain else { return .string(text) }
        if scalar.isNull { return .null }
        if scalar.isAmbiguousBoolean {
            let value = ["yes", "on"].contains(text.lowercased())
            reading.error(
                "\(quoted(text)) is a truth value to some and text to others", at: span,
                "write \(value), or \(quoted(text)) in quotes")
            return .null
        }
        if ["true", "True", "TRUE"].contains(text) { return .bool(true) }
        if ["false", "False", "FALSE"].contains(text) { return .bool(false) }
        return number(text, at: span, reading) ?? .string(text)
    }

    private static func number(_ text: String, at span: SourceSpan, _ reading: Reading) -> ConfigurationValue? {
        let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        let isDigits = !unsigned.isEmpty && unsigned.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if isDigits {
            guard unsigned == "0" || unsigned.first != "0" else {
                let stripped = unsigned.drop { $0 == "0" }
                reading.error(
                    "\(quoted(text)) is octal to some and decimal to others", at: span,
                    "write \(stripped.isEmpty ? "0" : stripped), or \(quoted(text)) in quotes")
                return .null
            }
            if let value = Int64(text) { return .integer(value) }
            reading.error("\(quoted(text)) does not fit 64 bits", at: span, "write it in quotes")
            return .null
        }
        if text.hasPrefix("0x") || text.hasPrefix("0o") {
            let digits = text.dropFirst(2)
            guard let first = digits.first, first != "-", first != "+",
                let value = Int64(digits, radix: text.hasPrefix("0x") ? 16 : 8)
            else { return nil }
            return .integer(value)
        }
        if [".inf", ".nan"].contains(unsigned.lowercased()) {
            reading.error("\(quoted(text)) is no number that a plugin can be given", at: span)
            return .null
        }
        guard isDecimal(unsigned), let value = Double(text) else { return nil }
        guard value.isFinite else {
            reading.error("\(quoted(text)) does not fit a 64-bit number", at: span, "write it in quotes")
            return .null
        }
        return .double(value)
    }

    /// Whether `text` is digits with a dot or an exponent; Swift's own reader takes more, such as `0x1p3` and `inf`.
    private static func isDecimal(_ text: Substring) -> Bool {
        func isDigits(_ part: Substring) -> Bool { part.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard mantissa.allSatisfy(isDigits), mantissa.contains(where: { !$0.isEmpty }) else { return false }
        guard parts.count == 2 else { return true }
        let exponent = parts[1].first == "-" || parts[1].first == "+" ? parts[1].dropFirst() : parts[1]
        return !exponent.isEmpty && isDigits(exponent)
    }

    private static func variable(named name: Substring, at span: SourceSpan, _ reading: Reading) -> String {
        let isName =
            !name.isEmpty && name.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x5F }
            && !(name.first?.isNumber ?? false)
        guard isName else {
            reading.error(
                "\(quoted(String(name))) can't be the name of a variable", at: span, "write e.g. env:MODEL_TOKEN")
            return ""
        }
        guard let value = reading.context.environment[String(name)] else {
            reading.error("the environment has no variable \(quoted(String(name)))", at: span, "set it, e.g. \(name)=…")
            return ""
        }
        return value
    }
}
