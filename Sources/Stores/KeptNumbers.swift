/// Numbers that somebody set by hand, from one process to the next.
///
/// They stand among the counts of the first SQLite file that gateway.yaml names, encrypted where those are.
package struct KeptNumbers: Sendable {
    private let store: SQLiteQuotaStore

    init(_ store: SQLiteQuotaStore) {
        self.store = store
    }

    /// The number under a key; `nil` where there is none.
    package func number(_ key: String) -> UInt64? { store.number(key) }

    /// Writes a number down a moment later, as counts are; `nil` takes it back. Doesn't block.
    package func keep(_ number: UInt64?, under key: String) {
        if store.number(key) != number { store.keep(number, under: key) }
    }

    /// Leaves these as the only ones whose keys begin with `prefix`.
    package func keepOnly(_ numbers: [String: UInt64], beginningWith prefix: String) {
        for key in store.keys(beginningWith: prefix) where numbers[key] == nil { keep(nil, under: key) }
        for (key, number) in numbers { keep(number, under: key) }
    }
}
