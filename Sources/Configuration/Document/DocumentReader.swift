internal import Yams

/// Reads the one document of a gateway.yaml into nodes whose places are exact, and reports every mistake of form.
///
/// Yams resolves aliases before anybody can count them and puts them at their anchor's place, and it stops at the first
/// mapping with a repeated key. So it is given a text in which both can't happen, yet every character keeps its place:
/// each `*` is replaced by a stand-in, which makes aliases plain text that is resolved here, and the first of two equal
/// keys gets a stand-in for its first character, until no repeated key is left.
struct DocumentReader {
    private let source: SourceText
    private let reading: Reading

    init(source: SourceText, reading: Reading) {
        self.source = source
        self.reading = reading
    }

    /// The document; `nil` where it can't be read at all, with the reason reported.
    func read() -> YAMLNode? {
        guard checkCharacters(), checkIndentation() else { return nil }
        var text = StandInText(source)
        while true {
            do {
                // Anchors live as long as the parser does.
                let parser = try Parser(yaml: text.yaml, resolver: .basic, encoding: .utf8)
                return try withExtendedLifetime(parser) { () throws -> YAMLNode? in
                    guard let root = try parser.singleRoot() else { return reportEmpty() }
                    var conversion = NodeConversion(source: source, text: text, reading: reading)
                    guard let node = conversion.convert(root) else { return nil }
                    return node.isNull ? reportEmpty() : node
                }
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let location = SourceLocation(line: context.mark.line, column: context.mark.column)
                let start = source.skippingProperties(at: location)
                guard let name = names.first, text.standIn(forKey: name, at: start) else {
                    return reportDuplicate(at: start)
                }
            } catch let error as YamlError {
                report(error)
                return nil
            } catch {
                reading.error("the file can't be read: \(error)", at: SourceSpan(SourceLocation(line: 1, column: 1)))
                return nil
            }
        }
    }

    /// For keys that no stand-in can be written for: empty ones, aliases, lists and mappings, or too many.
    private func reportDuplicate(at location: SourceLocation) -> YAMLNode? {
        reading.error("this key is given again in the same mapping", at: SourceSpan(source.clamped(location)))
        return nil
    }

    private func reportEmpty() -> YAMLNode? {
        reading.error(
            "the file is empty", at: SourceSpan(SourceLocation(line: 1, column: 1)),
            "the smallest gateway.yaml is:\n" + GatewayBlock.smallestExample)
        return nil
    }

    /// Refuses characters that can't be seen; reports each.
    private func checkCharacters() -> Bool {
        var isClean = true
        for (row, line) in source.lines.enumerated() {
            for (column, scalar) in line.enumerated() where SourceText.isForbidden(scalar) {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let code = String(repeating: "0", count: max(4 - digits.count, 0)) + digits
                reading.error(
                    "invisible character U+\(code)",
                    at: SourceSpan(SourceLocation(line: row + 1, column: column + 1)), "remove it")
                isClean = false
            }
            if let column = StandInText.escape(in: line) {
                reading.error(
                    "private-use characters are not allowed",
                    at: SourceSpan(SourceLocation(line: row + 1, column: column + 1), length: 10))
                isClean = false
            }
        }
        return isClean
    }

    /// Refuses tabs before the first other character of a line, which YAML forbids with a message nobody understands.
    private func checkIndentation() -> Bool {
        var isClean = true
        for (row, line) in source.lines.enumerated() {
            let indentation = line.prefix { $0 == " " || $0 == "\t" }
            guard indentation.count < line.count, let column = indentation.firstIndex(of: "\t") else { continue }
            reading.error(
                "a tab can't indent in YAML", at: SourceSpan(SourceLocation(line: row + 1, column: column + 1)),
                "use spaces")
            isClean = false
        }
        return isClean
    }
}

extension DocumentReader {
    private func report(_ error: YamlError) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let location = source.clamped(SourceLocation(line: mark.line, column: mark.column))
            let begin = context.map { source.clamped(SourceLocation(line: $0.mark.line, column: $0.mark.column)) }
            let finding = SyntaxFinding(
                problem: problem, context: context?.text ?? "", begin: begin, location: location,
                scalar: source.scalar(at: location))
            reading.error(finding.message, at: SourceSpan(finding.location), finding.suggestion)
        default:
            reading.error("the file can't be read: \(error)", at: SourceSpan(SourceLocation(line: 1, column: 1)))
        }
    }
}
