internal import Yams

/// Turns what Yams composed into nodes: resolves aliases, finds repeated keys, and keeps depth and count in bounds.
struct NodeConversion {
    /// An anchored value and what it adds wherever an alias repeats it.
    private struct Anchored {
        var node: YAMLNode
        var count: Int
        var depth: Int
    }

    private let source: SourceText
    private let text: StandInText
    private let reading: Reading
    private var anchors: [String: Anchored] = [:]
    private var count = 0

    init(source: SourceText, text: StandInText, reading: Reading) {
        self.source = source
        self.text = text
        self.reading = reading
    }

    /// The converted document; `nil` where a bound was broken.
    mutating func convert(_ root: Node) -> YAMLNode? {
        do throws(OutOfBounds) {
            return try convert(root, level: 0).node
        } catch {
            reading.error(error.message, at: SourceSpan(source.clamped(error.location)))
            return nil
        }
    }

    /// Why the conversion was given up.
    private struct OutOfBounds: Error {
        var message: String
        var location: SourceLocation
    }

    private mutating func convert(_ node: Node, level: Int) throws(OutOfBounds) -> (node: YAMLNode, depth: Int) {
        let start = start(of: node)
        try enter(adding: 1, level: level, at: start)
        let before = count
        var depth = 0
        let content: YAMLNode.Content
        var span = SourceSpan(start)
        switch node {
        case .scalar(let scalar):
            if scalar.style == .plain, scalar.string.unicodeScalars.first == StandInText.alias {
                return try resolve(scalar, level: level, at: start)
            }
            let value = text.original(scalar.string)
            content = .scalar(YAMLNode.Scalar(text: value, isPlain: scalar.style == .plain))
            span = source.span(ofScalar: value, at: start)
        case .sequence(let sequence):
            var items: [YAMLNode] = []
            for item in sequence {
                let (item, itemDepth) = try convert(item, level: level + 1)
                depth = max(depth, itemDepth + 1)
                items.append(item)
            }
            content = .list(items)
        case .mapping(let mapping):
            (content, depth) = try convert(mapping, level: level)
        case .alias:
            throw OutOfBounds(message: "an alias can't stand here", location: start)
        }
        checkTag(of: node)
        let converted = YAMLNode(content: content, span: span)
        if let anchor = node.anchor {
            anchors[anchor.rawValue] = Anchored(node: converted, count: count - before + 1, depth: depth)
        }
        return (converted, depth)
    }

    private mutating func convert(
        _ mapping: Node.Mapping, level: Int
    ) throws(OutOfBounds) -> (content: YAMLNode.Content, depth: Int) {
        var entries: [YAMLNode.Entry] = []
        var places: [String: SourceLocation] = [:]
        var depth = 0
        for (key, value) in mapping {
            let key = self.key(key)
            let (value, valueDepth) = try convert(value, level: level + 1)
            depth = max(depth, valueDepth + 1)
            guard let (name, span) = key else { continue }
            if let first = places[name] {
                reading.error("duplicate key \(quoted(name))", at: span, "first given in line \(first.line)")
                continue
            }
            places[name] = span.location
            entries.append(YAMLNode.Entry(key: name, keySpan: span, value: value))
        }
        return (.mapping(entries), depth)
    }

    /// The key's text and place; `nil` where it is none, which is reported.
    private mutating func key(_ node: Node) -> (name: String, span: SourceSpan)? {
        let start = start(of: node)
        guard case .scalar(let scalar) = node else {
            reading.error("a key must be text", at: SourceSpan(start))
            return nil
        }
        let name = text.original(scalar.string)
        let span = source.span(ofScalar: name, at: start)
        let key = YAMLNode.Scalar(text: name, isPlain: scalar.style == .plain)
        if key.isPlain, name.hasPrefix("*") {
            reading.error("an alias can't be a key", at: span, "write \(quoted(name)) in quotes if it is text")
        } else if key.isNull {
            reading.error("a key is missing before \":\"", at: span)
        } else if key.isPlain, name == "<<" {
            reading.error("merge keys are not supported", at: span, "repeat the keys, or use an alias as a value")
        } else if key.isAmbiguousBoolean || (key.isPlain && ["true", "false"].contains(name.lowercased())) {
            reading.error(
                "\(quoted(name)) as a key is a truth value to YAML", at: span, "write \(quoted(name)) in quotes")
        } else {
            checkTag(of: node)
            if let anchor = node.anchor {
                anchors[anchor.rawValue] = Anchored(
                    node: YAMLNode(content: .scalar(key), span: span), count: 1, depth: 0)
            }
            return (name, span)
        }
        return nil
    }

    private mutating func resolve(
        _ scalar: Node.Scalar, level: Int, at start: SourceLocation
    ) throws(OutOfBounds) -> (node: YAMLNode, depth: Int) {
        let written = text.original(scalar.string)
        let span = source.span(ofScalar: written, at: start)
        // What is not known is not to be complained about twice.
        func unreadable(_ message: String, _ advice: String) -> (node: YAMLNode, depth: Int) {
            reading.error(message, at: span, advice)
            reading.ignore(span)
            return (YAMLNode(content: .scalar(.init(text: written, isPlain: false)), span: span), 0)
        }
        let name = written.dropFirst()
        let isName = !name.isEmpty && name.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x2D || $0 == 0x5F }
        guard isName else {
            return unreadable("\"*\" at the start makes an alias of text", "write \(quoted(written)) in quotes")
        }
        guard let anchored = anchors[String(name)] else {
            let known = Suggestion.text(for: String(name), in: anchors.keys.sorted(), label: "known anchors")
            let advice = known ?? "write \(quoted(written)) in quotes if it is text"
            return unreadable("no anchor \(quoted("&" + name)) before this", advice)
        }
        try enter(adding: anchored.count, level: level + anchored.depth, at: start)
        return (YAMLNode(content: anchored.node.content, span: span), anchored.depth)
    }

    private mutating func enter(adding values: Int, level: Int, at location: SourceLocation) throws(OutOfBounds) {
        guard level < Bounds.depth else {
            throw OutOfBounds(message: "the file nests deeper than \(Bounds.depth) levels", location: location)
        }
        count += values
        guard count <= Bounds.values else {
            throw OutOfBounds(message: "the file holds more than \(Bounds.values) values", location: location)
        }
    }

    private func start(of node: Node) -> SourceLocation {
        let mark = node.mark.map { SourceLocation(line: $0.line, column: $0.column) }
        return source.skippingProperties(at: source.clamped(mark ?? SourceLocation(line: 1, column: 1)))
    }

    /// Looks at the source, since Yams also gives tags of its own.
    private func checkTag(of node: Node) {
        guard let mark = node.mark,
            let tag = source.tag(at: SourceLocation(line: mark.line, column: mark.column))
        else { return }
        reading.error("tags such as \(quoted(tag.text)) are not supported", at: tag.span, "remove the tag")
    }
}

extension UInt8 {
    /// Whether the byte is an ASCII letter or digit.
    var isLetterOrDigit: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
