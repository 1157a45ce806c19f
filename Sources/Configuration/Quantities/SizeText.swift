/// Numbers of bytes as users write them: a whole number and `B`, `KiB`, `MiB`, `GiB`, `KB`, `MB` or `GB`.
enum SizeText {
    private static let units: [(unit: String, factor: Int64)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000),
        ("B", 1),
    ]

    /// What it looks like.
    static let pattern = "^[0-9]+(B|KiB|MiB|GiB|KB|MB|GB)$"

    /// The bytes; `nil` where `text` is no size or doesn't fit 64 bits.
    static func parse(_ text: String) -> Int? {
        guard let (number, unit) = NumberWithUnit.split(text),
            let factor = units.first(where: { $0.unit == unit })?.factor
        else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : Int(exactly: bytes)
    }

    /// The shortest way to write `bytes` exactly.
    static func text(_ bytes: Int) -> String {
        guard bytes != 0, let (unit, factor) = units.first(where: { Int64(bytes) % $0.factor == 0 }) else {
            return "\(bytes)B"
        }
        return "\(Int64(bytes) / factor)\(unit)"
    }

    /// What to write instead of `text`.
    static func advice(for text: String, example: String) -> String {
        guard let (number, unit) = NumberWithUnit.split(text) else {
            return "write a whole number and a unit, e.g. \(example)"
        }
        if unit.isEmpty { return "write \(number)B, or e.g. \(example)" }
        let wanted = unit.lowercased()
        let near = units.first { $0.unit.lowercased() == wanted || $0.unit.lowercased() == wanted + "b" }
        if let near { return "write \(number)\(near.unit)" }
        return "units are B, KiB, MiB, GiB, KB, MB and GB"
    }
}
