/// Entries of `limits` that models, routes and the whole gateway name.
enum LimitNames {
    static let type = ValueType.name(of: "limit", example: "standard").placed.oneOrList()

    /// The names, each of which is in `table` and stands once; what isn't so is reported.
    static func read(_ names: [Placed<String>]?, _ table: NameTable, _ reading: Reading) -> [String] {
        var seen: Set<String> = []
        for limit in names ?? [] {
            table.use(limit.value, at: limit.span, reading)
            if !seen.insert(limit.value).inserted {
                reading.error("limit \(quoted(limit.value)) is named twice", at: limit.span)
            }
        }
        return (names ?? []).map(\.value)
    }
}
