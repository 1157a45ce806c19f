/// Gathers what a block says, in the plugin's words.
struct MediaSettings {
    private let reader: MappingReader
    private(set) var entries: [(key: String, value: ConfigurationValue)] = []

    init(_ reader: MappingReader) {
        self.reader = reader
    }

    @discardableResult
    mutating func text(_ key: Key<String>, default fallback: String? = nil) -> String? {
        guard let value = reader.value(key) ?? fallback else { return nil }
        entries.append((key.name, .string(value)))
        return value
    }

    @discardableResult
    mutating func number(_ key: Key<Int>, default fallback: Int? = nil) -> Int? {
        guard let value = reader.value(key) ?? fallback else { return nil }
        entries.append((key.name, .integer(Int64(value))))
        return value
    }

    @discardableResult
    mutating func number(_ key: Key<Double>) -> Double? {
        guard let value = reader.value(key) else { return nil }
        entries.append((key.name, .double(value)))
        return value
    }

    /// How many there are.
    mutating func numbers(_ key: Key<[Double]>) -> Int {
        list(key) { .double($0) }
    }

    mutating func wholes(_ key: Key<[Int]>) -> Int {
        list(key) { .integer(Int64($0)) }
    }

    private mutating func list<Item>(_ key: Key<[Item]>, _ value: (Item) -> ConfigurationValue) -> Int {
        guard let items = reader.value(key) else { return 0 }
        entries.append((key.name, items.count == 1 ? value(items[0]) : .list(items.map(value))))
        return items.count
    }

    mutating func truth(_ key: Key<Bool>) {
        guard let value = reader.value(key) else { return }
        entries.append((key.name, .bool(value)))
    }

    mutating func seconds(_ key: Key<Duration>, as name: String) {
        guard let value = reader.value(key) else { return }
        entries.append((name, .double(Double(value.wholeNanoseconds) / 1e9)))
    }
}
