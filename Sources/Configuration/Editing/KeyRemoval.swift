/// Takes one key out of the text of a gateway.yaml and leaves everything else as it stands, comments too.
package struct KeyRemoval: Sendable {
    /// Why the key can't be taken out.
    package struct Refusal: Error, Sendable, Equatable {
        package var message: String
    }

    /// Where the key stands.
    private struct Place {
        var owner: String
        var start: SourceLocation
        var isOnly: Bool
    }

    private let source: SourceText
    private let context: ConfigurationLoader.Context
    private let text: String

    package init(_ text: String, context: ConfigurationLoader.Context) {
        self.text = text
        self.context = context
        source = SourceText(text)
    }

    /// The text without the key of that id.
    ///
    /// What comes out is checked: it must be a good file, and the key that is gone its only difference.
    package func without(_ id: String) throws(Refusal) -> String {
        let place = try find(id)
        guard !place.isOnly else {
            throw Refusal(
                message:
                    "\"\(id)\" is the only key of \(place.owner): give it another one first, or remove \(place.owner)")
        }
        guard let lines = isFlow(at: place.start) ? withoutFlow(at: place.start) : withoutBlock(at: place.start) else {
            throw unclear(id, place)
        }
        let changed = SourceText(lines: lines).text
        let loader = ConfigurationLoader()
        guard let before = loader.load(text, context: context).configuration else {
            throw Refusal(message: "the file has mistakes; sluice check says which")
        }
        guard let after = loader.load(changed, context: context).configuration else { throw unclear(id, place) }
        let changes = ConfigurationChange.all(from: before, to: after)
        guard changes.count == 1, let change = changes.first, change.after == nil, change.path.contains(id) else {
            throw unclear(id, place)
        }
        return changed
    }

    private func unclear(_ id: String, _ place: Place) -> Refusal {
        Refusal(
            message:
                "line \(place.start.line): \"\(id)\" is written in a way that can't be taken out safely; do it by hand")
    }

    // MARK: Finding

    private func find(_ id: String) throws(Refusal) -> Place {
        let reading = Reading(context: context)
        guard let root = DocumentReader(source: source, reading: reading).read(), !reading.hasErrors,
            case .mapping(let blocks) = root.content
        else { throw Refusal(message: "the file has mistakes; sluice check says which") }
        var found: [Place] = []
        for block in blocks {
            switch (block.key, block.value.content) {
            case ("consumers", .mapping(let consumers)):
                for consumer in consumers {
                    found += places(of: id, in: consumer.value, owner: "consumer \(quoted(consumer.key))")
                }
            case ("admin", _): found += places(of: id, in: block.value, owner: "admin")
            default: continue
            }
        }
        guard let place = found.first else { throw Refusal(message: "there is no key with the id \"\(id)\"") }
        guard found.count == 1 else { throw unclear(id, place) }
        return place
    }

    private func places(of id: String, in owner: YAMLNode, owner name: String) -> [Place] {
        guard case .mapping(let entries) = owner.content,
            case .list(let items)? = entries.first(where: { $0.key == "keys" })?.value.content
        else { return [] }
        return items.compactMap { item in
            guard case .mapping(let entries) = item.content,
                case .scalar(let scalar)? = entries.first(where: { $0.key == "id" })?.value.content, scalar.text == id
            else { return nil }
            return Place(owner: name, start: item.span.location, isOnly: items.count == 1)
        }
    }

    private func isFlow(at location: SourceLocation) -> Bool { source.scalar(at: location) == "{" }

    // MARK: Taking out

    /// `- id: …` and all lines that stand deeper.
    private func withoutBlock(at start: SourceLocation) -> [[Unicode.Scalar]]? {
        var lines = source.lines
        let row = start.line - 1
        guard let dash = lines[row].firstIndex(where: { $0 != " " }), lines[row][dash] == "-", dash < start.column
        else {
            return nil
        }
        var end = row + 1
        while end < lines.count {
            let indent = lines[end].firstIndex { $0 != " " }
            if let indent, indent <= dash { break }
            end += 1
        }
        // Empty lines belong to what follows.
        while end > row + 1, lines[end - 1].allSatisfy({ $0 == " " }) { end -= 1 }
        lines.removeSubrange(row..<end)
        return lines
    }

    /// `{ … }` with the comma that belongs to it; all in one line.
    private func withoutFlow(at start: SourceLocation) -> [[Unicode.Scalar]]? {
        var lines = source.lines
        let row = start.line - 1
        let line = lines[row]
        guard let close = Self.end(of: line, from: start.column - 1) else { return nil }
        // An item of a list of lines is the line.
        let before = line[..<(start.column - 1)].filter { $0 != " " }
        if before == ["-"] {
            guard line[(close + 1)...].first(where: { $0 != " " }).map({ $0 == "#" }) ?? true else { return nil }
            lines.remove(at: row)
            return lines
        }
        var from = start.column - 1
        var to = close + 1
        if let comma = line[to...].firstIndex(where: { $0 != " " }), line[comma] == "," {
            to = comma + 1
            while to < line.count, line[to] == " " { to += 1 }
        } else if let comma = line[..<from].lastIndex(where: { $0 != " " }), line[comma] == "," {
            from = comma
        } else {
            return nil
        }
        lines[row].removeSubrange(from..<to)
        return lines
    }

    /// Where the bracket at `start` closes, quotes being passed over; `nil` where it doesn't in this line.
    private static func end(of line: [Unicode.Scalar], from start: Int) -> Int? {
        var depth = 0
        var quote: Unicode.Scalar?
        var at = start
        while at < line.count {
            let scalar = line[at]
            if let open = quote {
                if scalar == "\\", open == "\"" { at += 1 } else if scalar == open { quote = nil }
            } else if scalar == "\"" || scalar == "'" {
                quote = scalar
            } else if scalar == "{" || scalar == "[" {
                depth += 1
            } else if scalar == "}" || scalar == "]" {
                depth -= 1
                if depth == 0 { return at }
            } else if scalar == "#", at > 0, line[at - 1] == " " {
                return nil
            }
            at += 1
        }
        return nil
    }
}
