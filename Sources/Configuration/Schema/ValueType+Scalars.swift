extension ValueType where Value == String {
    /// Any text but none; a number counts as the text that is written.
    static func text(_ name: String = "text", example: String) -> Self {
        Self(name, example: example) { node, what, reading in
            guard case .scalar(let scalar) = node.content, !scalar.isNull else {
                reading.error("\(what) must be \(name), not \(node.kind)", at: node.span, "write e.g. \(example)")
                return nil
            }
            guard !scalar.text.isEmpty else {
                reading.error("\(what) is empty", at: node.span, "write e.g. \(example)")
                return nil
            }
            return scalar.text
        }
    }

    /// The name of a thing.
    static func name(of thing: String, _ rule: NameRule = .plain, example: String) -> Self {
        Self("a name", example: example) { node, what, reading in
            guard let text = text("a name", example: example).read(node, what, reading),
                rule.check(text, of: thing, at: node.span, reading)
            else { return nil }
            return text
        }
    }
}

extension ValueType {
    /// A value that `parse` makes of text, or not.
    ///
    /// - Parameter isSecret: Whether text that is wrong might be a secret, which no message may repeat.
    static func parsed(
        _ name: String, example: String, form: ValueForm = .text, isSecret: Bool = false,
        parse: @escaping @Sendable (String) -> Value?
    ) -> Self {
        Self(name, example: example, form: form) { node, what, reading in
            guard let text = ValueType<String>.text(name, example: example).read(node, what, reading) else {
                return nil
            }
            if let value = parse(text) { return value }
            let message = isSecret ? "\(what) is not \(name)" : "\(what): \(quoted(text)) is not \(name)"
            reading.error(message, at: node.span, "write e.g. \(example)")
            return nil
        }
    }
}

extension ValueType where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of the words of an enumeration.
    static var choice: Self {
        let words = Value.allCases.map(\.rawValue)
        let name = "one of \(words.joined(separator: ", "))"
        return Self(name, example: words.first ?? "", form: .word(words)) { node, what, reading in
            guard case .scalar(let scalar) = node.content, !scalar.isNull else {
                reading.error(
                    "\(what) must be one word, not \(node.kind)", at: node.span,
                    "known words: \(words.joined(separator: ", "))")
                return nil
            }
            if let value = Value(rawValue: scalar.text) { return value }
            reading.error(
                "\(what) can't be \(quoted(scalar.text))", at: node.span,
                Suggestion.text(for: scalar.text, in: words, label: "known words"))
            return nil
        }
    }
}

extension ValueType where Value == Int {
    /// A whole number within `range`.
    static func integer(_ range: ClosedRange<Int>, example: String) -> Self {
        Self("a whole number", example: example, form: .integer(range)) { node, what, reading in
            guard case .scalar(let scalar) = node.content, scalar.isPlain, let value = Int(scalar.text) else {
                reading.error(
                    "\(what) must be a whole number, not \(node.kind)", at: node.span, "write e.g. \(example)")
                return nil
            }
            guard range.contains(value) else {
                reading.error(
                    "\(what) must be from \(range.lowerBound) to \(range.upperBound), not \(value)", at: node.span)
                return nil
            }
            return value
        }
    }

    /// A whole number of hundredths, written with its sign.
    static func percent(_ range: ClosedRange<Int>, example: String) -> Self {
        Self("a percentage", example: example, form: .written("^[0-9]+%$")) { node, what, reading in
            guard let text = ValueType<String>.text("a percentage", example: example).read(node, what, reading) else {
                return nil
            }
            guard text.hasSuffix("%"), text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let value = Int(text.dropLast())
            else {
                reading.error(
                    "\(what): \(quoted(text)) is not a percentage", at: node.span,
                    Int(text).map { "write \($0)%" } ?? "write a whole number and %, e.g. \(example)")
                return nil
            }
            guard range.contains(value) else {
                reading.error(
                    "\(what) must be from \(range.lowerBound)% to \(range.upperBound)%, not \(text)", at: node.span)
                return nil
            }
            return value
        }
    }

    /// A number of bytes with its unit.
    static func size(_ range: ClosedRange<Int>, example: String) -> Self {
        Self("a size", example: example, form: .written(SizeText.pattern)) { node, what, reading in
            guard let text = ValueType<String>.text("a size", example: example).read(node, what, reading) else {
                return nil
            }
            guard let value = SizeText.parse(text) else {
                reading.error(
                    "\(what): \(quoted(text)) is not a size", at: node.span,
                    SizeText.advice(for: text, example: example))
                return nil
            }
            guard range.contains(value) else {
                let (low, high) = (SizeText.text(range.lowerBound), SizeText.text(range.upperBound))
                reading.error("\(what) must be from \(low) to \(high), not \(text)", at: node.span)
                return nil
            }
            return value
        }
    }
}

extension ValueType where Value == Duration {
    /// A span of time with its unit.
    static func duration(_ range: ClosedRange<Duration>, example: String) -> Self {
        Self("a duration", example: example, form: .written(DurationText.pattern)) { node, what, reading in
            guard let text = ValueType<String>.text("a duration", example: example).read(node, what, reading) else {
                return nil
            }
            guard let value = DurationText.parse(text) else {
                reading.error(
                    "\(what): \(quoted(text)) is not a duration", at: node.span,
                    DurationText.advice(for: text, example: example))
                return nil
            }
            guard range.contains(value) else {
                let (low, high) = (DurationText.text(range.lowerBound), DurationText.text(range.upperBound))
                reading.error("\(what) must be from \(low) to \(high), not \(text)", at: node.span)
                return nil
            }
            return value
        }
    }

    /// How long something may take: at least a millisecond, at most a day.
    static func wait(example: String) -> Self {
        .duration(.milliseconds(1)...Bounds.longestWait, example: example)
    }
}
extension ValueType where Value == Bool {
    /// `true` or `false`.
    static var truth: Self {
        Self("true or false", example: "true", form: .truth) { node, what, reading in
            guard case .scalar(let scalar) = node.content, scalar.isPlain, ["true", "false"].contains(scalar.text)
            else {
                var advice: String?
                if case .scalar(let scalar) = node.content, scalar.isAmbiguousBoolean {
                    advice = "write \(["yes", "on", "y"].contains(scalar.text.lowercased()))"
                }
                reading.error("\(what) must be true or false, not \(node.kind)", at: node.span, advice)
                return nil
            }
            return scalar.text == "true"
        }
    }
}

extension ValueType where Value == Double {
    /// A number within `range`.
    static func number(_ range: ClosedRange<Double>, example: String) -> Self {
        Self("a number", example: example, form: .number(range)) { node, what, reading in
            guard case .scalar(let scalar) = node.content, scalar.isPlain,
                scalar.text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
                let value = Double(scalar.text)
            else {
                reading.error("\(what) must be a number, not \(node.kind)", at: node.span, "write e.g. \(example)")
                return nil
            }
            guard range.contains(value) else {
                reading.error(
                    "\(what) must be from \(range.lowerBound) to \(range.upperBound), not \(scalar.text)", at: node.span
                )
                return nil
            }
            return value
        }
    }
}
