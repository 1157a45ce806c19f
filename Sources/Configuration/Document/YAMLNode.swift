/// One value of the document, aliases resolved, with its place.
struct YAMLNode: Sendable {
    enum Content: Sendable {
        case scalar(Scalar)
        case list([YAMLNode])
        case mapping([Entry])
    }

    struct Scalar: Sendable {
        var text: String
        /// Without quotes and not a block of text: a number, `true` or `null` is meant where it looks like one.
        var isPlain: Bool
    }

    /// One key and its value; a mapping has each key once.
    struct Entry: Sendable {
        var key: String
        var keySpan: SourceSpan
        var value: YAMLNode
    }

    var content: Content
    var span: SourceSpan
}

extension YAMLNode {
    /// Whether nothing is written here, or `null`.
    var isNull: Bool {
        guard case .scalar(let scalar) = content else { return false }
        return scalar.isNull
    }

    /// What is here in words, for `… must be a list, not a mapping`.
    var kind: String {
        switch content {
        case .scalar(let scalar): scalar.isNull ? "nothing" : quoted(scalar.text)
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

extension YAMLNode.Scalar {
    var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }

    /// Whether YAML 1.1 takes the text for a truth value but YAML 1.2 for text (or, as a key, either way).
    var isAmbiguousBoolean: Bool { isPlain && ["yes", "no", "on", "off"].contains(text.lowercased()) }
}
