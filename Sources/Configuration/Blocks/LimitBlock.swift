/// `limits.NAME`: the items of one named set of quotas.
enum QuotaBlock {
    static let count = Key.required("count", countType.placed, "What is counted.")
    static let max = Key.required(
        "max",
        ValueType.form(
            "a rate, or a number", example: "100/min", .integer(1...RateText.highestCount),
            .written("^[0-9]+/(s|min|hour|day|month)$")),
        """
        How many over time; periods are `s`, `min`, `hour` and `day`, and `month` for calendar windows. Of `concurrent` a \
        number: how many at the same time.
        """)
    static let burst = Key.optional(
        "burst", ValueType.integer(1...RateText.highestCount, example: "20"), default: "the number of `max`",
        "How many at once after a quiet time; for rolling windows.")
    static let window = Key.optional(
        "window", ValueType<Window>.choice, default: "rolling",
        "`rolling` gives back a little all the time; `calendar` counts from the beginning of each day or month to its end."
    )
    static let zone = Key.optional(
        "zone", zoneType, default: "UTC", "The time zone in which a calendar window's days begin.")
    static let mode = Key.optional(
        "mode", ValueType<LimitConfiguration.Quota.Mode>.choice, default: "enforce",
        "`shadow` counts and tells, and turns nobody away.")
    static let store = Key.optional(
        "store", ValueType.name(of: "store", example: "disk").placed, default: "memory",
        "The entry of `stores` that keeps the count; in memory a restart forgets it.")

    static let block = Block(
        "limits.NAME",
        [
            count.description, max.description, burst.description, window.description, zone.description,
            mode.description, store.description,
        ])

    enum Window: String, Sendable, CaseIterable {
        case rolling
        case calendar
    }

    private static let countType: ValueType<LimitConfiguration.Quota.Count> = {
        let all = LimitConfiguration.Quota.Count.all
        let words = all.map(\.text)
        return ValueType("one of \(words.joined(separator: ", "))", example: "requests") { node, what, reading in
            guard case .scalar(let scalar) = node.content, !scalar.isNull else {
                reading.error(
                    "\(what) must be one word, not \(node.kind)", at: node.span,
                    "known words: \(words.joined(separator: ", "))")
                return nil
            }
            if let count = all.first(where: { $0.text == scalar.text }) { return count }
            reading.error(
                "\(what) can't be \(quoted(scalar.text))", at: node.span,
                Suggestion.text(for: scalar.text, in: words, label: "known words"))
            return nil
        }
    }()

    /// A time zone by its name in the tz database.
    static let zoneType = ValueType<String>("a time zone", example: "Europe/Berlin") { node, what, reading in
        guard let text = ValueType<String>.text("a time zone", example: "Europe/Berlin").read(node, what, reading)
        else { return nil }
        if TimeZoneText.isKnown(text) { return text }
        reading.error(
            "\(what): there is no time zone \(quoted(text))", at: node.span,
            Suggestion.nearest(to: text, in: TimeZoneText.known).map { "did you mean \(quoted($0))?" }
                ?? "write its name in the tz database, e.g. Europe/Berlin, or UTC")
        return nil
    }

    static func read(_ entry: NamedNode, stores: NameTable, _ reading: Reading) -> LimitConfiguration? {
        let name = "limit \(quoted(entry.name))"
        guard let nodes = ValueType.mappings().read(entry.node, name, reading) else { return nil }
        let quotas = nodes.map { read($0, name: "a quota of \(name)", stores, reading) }
        var limit = LimitConfiguration(name: entry.name, quotas: quotas.compactMap { $0 })
        limit.location = entry.span.location
        return limit
    }

    private static func read(
        _ node: YAMLNode, name: String, _ stores: NameTable, _ reading: Reading
    ) -> LimitConfiguration.Quota? {
        guard let reader = MappingReader(node, block, name: name, span: node.span, reading) else { return nil }
        let (count, amount) = (reader.value(count), reader.value(max))
        let form = reader.value(window) ?? .rolling
        let zone = reader.value(zone)
        let mode = reader.value(mode)
        let store = reader.value(store)
        if let store { stores.use(store.value, at: store.span, reading) }
        guard let count, let amount else {
            _ = reader.value(burst)
            return nil
        }
        var quota: LimitConfiguration.Quota?
        if count.value == .concurrent {
            quota = readConcurrent(amount, reader, reading)
        } else {
            quota = readRate(amount, count: count.value, form: form, zone: zone, reader, reading)
        }
        quota?.mode = mode ?? .enforce
        quota?.store = store?.value
        return quota
    }

    /// What is counted at any moment has no time.
    private static func readConcurrent(
        _ amount: YAMLNode, _ reader: MappingReader, _ reading: Reading
    ) -> LimitConfiguration.Quota? {
        for key in [reader.has(burst) ? burst.name : nil, reader.has(window) ? window.name : nil].compactMap({ $0 }) {
            let span = key == burst.name ? reader.keySpan(of: burst) : reader.keySpan(of: window)
            reading.error("a count of concurrent requests has no \(key)", at: span, "remove it")
        }
        if reader.has(zone) {
            reading.error("a count of concurrent requests has no zone", at: reader.keySpan(of: zone), "remove it")
        }
        if reader.has(store) {
            reading.error(
                "a count of concurrent requests can't be in a store", at: reader.keySpan(of: store),
                "each gateway counts its own; remove it")
        }
        if case .scalar(let scalar) = amount.content, RateText.parse(scalar.text) != nil {
            reading.error(
                "max: a count of concurrent requests has no period", at: amount.span,
                "write \(scalar.text.prefix { $0 != "/" })")
            return nil
        }
        let number = ValueType.integer(1...1_000_000, example: "8").read(amount, "max", reading)
        return number.map { LimitConfiguration.Quota(count: .concurrent, max: $0, window: .now) }
    }

    private static func readRate(
        _ amount: YAMLNode, count: LimitConfiguration.Quota.Count, form: Window, zone: String?, _ reader: MappingReader,
        _ reading: Reading
    ) -> LimitConfiguration.Quota? {
        let burst = reader.value(burst)
        guard let text = ValueType<String>.text("a rate", example: "100/min").read(amount, "max", reading) else {
            return nil
        }
        guard form == .calendar else {
            if reader.has(Self.zone) {
                reading.error(
                    "a rolling window has no zone", at: reader.keySpan(of: Self.zone), "write window: calendar")
            }
            if let rate = RateText.parse(text) {
                return LimitConfiguration.Quota(
                    count: count, max: rate.count, period: rate.period, burst: burst ?? rate.count)
            }
            let isMonth = CalendarRateText.parse(text)?.unit == .month
            reading.error(
                "max: \(quoted(text)) is not a rate", at: amount.span,
                isMonth ? "months are for window: calendar" : RateText.advice(for: text))
            return nil
        }
        if reader.has(Self.burst) {
            reading.error(
                "a calendar window has no burst", at: reader.keySpan(of: Self.burst), "all of max can be used at once")
        }
        guard let rate = CalendarRateText.parse(text) else {
            reading.error(
                "max: \(quoted(text)) is not for a calendar window", at: amount.span, CalendarRateText.advice(for: text)
            )
            return nil
        }
        return LimitConfiguration.Quota(
            count: count, max: rate.count, window: .calendar(rate.unit, zone: zone ?? "UTC"))
    }
}
