internal import Glibc

/// A string as it stands in a JSON text, already checked; its escapes are resolved only when that is asked for.
struct JSONString {
    /// What stands between the quotes.
    let raw: UnsafeRawBufferPointer
    let hasEscapes: Bool

    /// The string's characters.
    var text: String {
        if !hasEscapes { return String(decoding: raw, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: raw.count) { out in
            out.baseAddress.map(unescape) ?? 0
        }
    }

    /// Whether the string is the same as a name that the program itself knows.
    func `is`(_ name: StaticString) -> Bool {
        if hasEscapes { return text == name.description }
        guard name.utf8CodeUnitCount == raw.count, let first = raw.baseAddress else { return false }
        return memcmp(first, name.utf8Start, raw.count) == 0
    }

    /// Whether the string is the same as a name, without making a `String` of it.
    func equals(_ name: String) -> Bool {
        if hasEscapes { return text == name }
        var name = name
        return name.withUTF8 { name in
            guard name.count == raw.count, let first = raw.baseAddress, let known = name.baseAddress else {
                return name.count == raw.count
            }
            return memcmp(first, known, raw.count) == 0
        }
    }

    /// Whether the string is a key of bytes in base64.
    var isBase64: Bool { self.is("b64") || self.is("base64") }

    /// The string's characters where they lie, or in memory that is gone afterwards where escapes have to be resolved
    /// (`\\/` is one that base64 may well hold: some encoders escape every slash).
    func withCharacters<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard hasEscapes else { return body(raw) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: raw.count) { plain in
            guard let start = plain.baseAddress else { return body(raw) }
            return body(UnsafeRawBufferPointer(start: start, count: unescape(into: start)))
        }
    }

    /// Writes the string's bytes, at most `raw.count`; returns how many.
    func unescape(into out: UnsafeMutablePointer<UInt8>) -> Int {
        guard let first = raw.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        let end = first + raw.count
        var source = first
        var target = out
        while source < end {
            if source.pointee != UInt8(ascii: "\\") || end - source < 2 {
                target.pointee = source.pointee
                source += 1
                target += 1
                continue
            }
            switch source[1] {
            case UInt8(ascii: "u"): Self.unescapeScalar(&source, end: end, into: &target)
            case let letter:
                target.pointee = Self.meaning(of: letter)
                source += 2
                target += 1
            }
        }
        return target - out
    }

    private static func meaning(of letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    private static func unescapeScalar(
        _ source: inout UnsafePointer<UInt8>, end: UnsafePointer<UInt8>, into target: inout UnsafeMutablePointer<UInt8>
    ) {
        var value = UInt32(codeUnit(at: source, end: end) ?? 0xFFFD)
        source += min(6, end - source)
        if value & 0xFC00 == 0xD800, let low = codeUnit(at: source, end: end) {
            value = 0x10000 + (value & 0x3FF) << 10 + UInt32(low & 0x3FF)
            source += 6
        }
        // The scanner has checked that the halves match, so this is always a scalar.
        for byte in UTF8.encode(Unicode.Scalar(value) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter {
            target.pointee = byte
            target += 1
        }
    }

    /// The code unit of the escape `\uXXXX` at `position`; `nil` where there is none.
    static func codeUnit(at position: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) -> UInt16? {
        guard end - position >= 6, position[0] == UInt8(ascii: "\\"), position[1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for index in 2..<6 {
            let byte = position[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
