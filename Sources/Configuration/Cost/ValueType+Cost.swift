extension ValueType where Value == Placed<CostExpression> {
    /// What a request costs, in a small language of its own.
    static var cost: Self {
        Self("an expression", example: CostParser.example) { node, what, reading in
            let text = ValueType<String>.text("an expression", example: CostParser.example)
            guard let written = text.read(node, what, reading) else { return nil }
            do throws(CostParser.Mistake) {
                return Placed(value: try CostParser.parse(written), span: node.span)
            } catch {
                reading.error("\(what): \(error.message)", at: span(of: error, in: node, written), error.suggestion)
                return nil
            }
        }
    }

    /// The place of a mistake within the text, where each of its characters stands in the file as it is.
    private static func span(of mistake: CostParser.Mistake, in node: YAMLNode, _ text: String) -> SourceSpan {
        guard case .scalar(let scalar) = node.content,
            node.span.length == text.unicodeScalars.count + (scalar.isPlain ? 0 : 2)
        else { return node.span }
        var place = node.span.location
        place.column += mistake.offset + (scalar.isPlain ? 0 : 1)
        return SourceSpan(place, length: mistake.length)
    }
}
