extension AccessRule {
    var effective: ConfigurationValue {
        var entries: [(key: String, value: ConfigurationValue)] = [
            ("models", .texts(models)), ("operations", .texts(operations.words)),
        ]
        if !listeners.isEmpty { entries.append(("listeners", .texts(listeners))) }
        if !addresses.isEmpty { entries.append(("from", .texts(addresses.map(\.text)))) }
        if let hours { entries.append(("during", hours.effective)) }
        if !claims.isEmpty { entries.append(("claims", .named(claims.map { ($0.name, .texts($0.values)) }))) }
        return .mapping(entries)
    }

    /// Rules as the file has them: one as it is, several in a list.
    static func effective(_ rules: [AccessRule]) -> ConfigurationValue {
        rules.count == 1 ? rules[0].effective : .list(rules.map(\.effective))
    }
}

extension AccessHours {
    fileprivate var effective: ConfigurationValue {
        .mapping([
            ("days", .texts(WeekdayText.texts(days))), ("hours", .texts(spans.map(HoursText.text))),
            ("zone", .string(zone)),
        ])
    }
}
