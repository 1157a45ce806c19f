/// One difference between two configurations, by meaning: what isn't written out counts as its default, and the order of
/// names, comments and layout don't count.
package struct ConfigurationChange: Sendable, Equatable {
    /// Where, e.g. `models.iris.queue`; routes and keys go by their names.
    package var path: String
    /// `nil` where it is new.
    package var before: ConfigurationValue?
    /// `nil` where it is gone.
    package var after: ConfigurationValue?

    /// Every difference, in the order of the file.
    package static func all(from old: GatewayConfiguration, to new: GatewayConfiguration) -> [ConfigurationChange] {
        var changes: [ConfigurationChange] = []
        compare(old.effective, new.effective, path: "", into: &changes)
        return changes
    }

    private static func compare(
        _ old: ConfigurationValue, _ new: ConfigurationValue, path: String, into changes: inout [ConfigurationChange]
    ) {
        if case .mapping(let before) = old, case .mapping(let after) = new {
            compare(before, after, path: path, into: &changes)
        } else if let before = old.entriesByName, let after = new.entriesByName {
            compare(before, after, path: path, into: &changes)
            compareOrder(before.map(\.key), after.map(\.key), path: path, into: &changes)
        } else if old != new {
            changes.append(
                ConfigurationChange(
                    path: path, before: old == .null ? nil : old, after: new == .null ? nil : new))
        }
    }

    private static func compare(
        _ before: [(key: String, value: ConfigurationValue)], _ after: [(key: String, value: ConfigurationValue)],
        path: String, into changes: inout [ConfigurationChange]
    ) {
        func below(_ key: String) -> String {
            let name = key.contains(".") || key.contains(" ") ? quoted(key) : key
            return path.isEmpty ? name : "\(path).\(name)"
        }
        let old = Dictionary(before.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        let new = Set(after.map(\.key))
        for (key, value) in before where !new.contains(key) {
            changes.append(ConfigurationChange(path: below(key), before: value, after: nil))
        }
        for (key, value) in after {
            if let earlier = old[key] {
                compare(earlier, value, path: below(key), into: &changes)
            } else {
                changes.append(ConfigurationChange(path: below(key), before: nil, after: value))
            }
        }
    }

    /// Routes are tried in their order, so a change of that is one, too.
    private static func compareOrder(
        _ before: [String], _ after: [String], path: String, into changes: inout [ConfigurationChange]
    ) {
        guard path == "routes" else { return }
        let old = before.filter(Set(after).contains)
        let new = after.filter(Set(before).contains)
        guard old != new else { return }
        changes.append(
            ConfigurationChange(
                path: "\(path) (order)", before: .list(old.map { .string($0) }), after: .list(new.map { .string($0) })))
    }
}

extension ConfigurationChange {
    /// The difference in one line.
    package var text: String {
        switch (before, after) {
        case (nil, let after?): "+ \(path): \(after.json)"
        case (let before?, nil): "- \(path): \(before.json)"
        case (let before?, let after?): "~ \(path): \(before.json) -> \(after.json)"
        case (nil, nil): path
        }
    }

    /// The differences as a list of `{"path", "change", "before", "after"}`.
    package static func json(_ changes: [ConfigurationChange]) -> String {
        let items = changes.map { change in
            let kind = change.before == nil ? "added" : change.after == nil ? "removed" : "changed"
            return ConfigurationValue.mapping([
                ("path", .string(change.path)), ("change", .string(kind)), ("before", change.before ?? .null),
                ("after", change.after ?? .null),
            ]).json
        }
        return "[" + items.joined(separator: ",") + "]"
    }
}

extension ConfigurationValue {
    /// The items of a list of mappings that each have a `name` or an `id`, by it.
    fileprivate var entriesByName: [(key: String, value: ConfigurationValue)]? {
        guard case .list(let items) = self else { return nil }
        var entries: [(key: String, value: ConfigurationValue)] = []
        for item in items {
            guard case .mapping(let members) = item,
                let name = members.first(where: { $0.key == "name" || $0.key == "id" }),
                case .string(let text) = name.value
            else { return nil }
            entries.append((text, item))
        }
        return entries
    }
}
