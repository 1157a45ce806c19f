/// Reads the JSON in tokens (RFC 8259), more strictly than most: a name given twice, a lone surrogate, a number that no
/// double holds are faults. Two readers of one token must not come to different conclusions.
///
/// Sizes are bounded before anything is kept: bytes by the token's length, values and depth here.
package struct ClaimsReader {
    package struct Fault: Error {}

    package static let maximumDepth = 16
    package static let maximumValues = 1_024

    private let bytes: [UInt8]
    private var at = 0
    private var values = 0
    private let mostValues: Int

    /// Reads a whole text that is one object.
    package static func read(_ bytes: [UInt8], mostValues: Int = maximumValues) throws(Fault) -> Claims {
        var reader = ClaimsReader(bytes, mostValues: mostValues)
        reader.skipBlanks()
        guard case .members(let members) = try reader.value(depth: 0) else { throw Fault() }
        reader.skipBlanks()
        guard reader.at == bytes.count else { throw Fault() }
        return Claims(members)
    }

    private init(_ bytes: [UInt8], mostValues: Int) {
        self.bytes = bytes
        self.mostValues = mostValues
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        at += 1
        return true
    }

    private mutating func value(depth: Int) throws(Fault) -> ClaimValue {
        values += 1
        guard depth < Self.maximumDepth, values <= mostValues else { throw Fault() }
        switch next {
        case UInt8(ascii: "{"): return .members(try members(depth: depth + 1))
        case UInt8(ascii: "["): return .list(try items(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ text: StaticString, _ value: ClaimValue) throws(Fault) -> ClaimValue {
        for byte in "\(text)".utf8 where !take(byte) { throw Fault() }
        return value
    }

    private mutating func members(depth: Int) throws(Fault) -> [String: ClaimValue] {
        at += 1
        var members: [String: ClaimValue] = [:]
        skipBlanks()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw Fault() }
            let name = try string()
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw Fault() }
            skipBlanks()
            guard members.updateValue(try value(depth: depth), forKey: name) == nil else { throw Fault() }
            skipBlanks()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw Fault() }
        }
    }

    private mutating func items(depth: Int) throws(Fault) -> [ClaimValue] {
        at += 1
        var items: [ClaimValue] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return items }
        while true {
            skipBlanks()
            items.append(try value(depth: depth))
            skipBlanks()
            if take(UInt8(ascii: "]")) { return items }
            guard take(UInt8(ascii: ",")) else { throw Fault() }
        }
    }

    private mutating func string() throws(Fault) -> String {
        at += 1
        var text: [UInt8] = []
        while let byte = next {
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw Fault() }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw Fault()
            default: text.append(byte)
            }
        }
        throw Fault()
    }

    private mutating func escape(into text: inout [UInt8]) throws(Fault) {
        guard let byte = next else { throw Fault() }
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try hexadecimal())
            if (0xD800..<0xDC00).contains(code) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw Fault() }
                let low = UInt32(try hexadecimal())
                guard (0xDC00..<0xE000).contains(low) else { throw Fault() }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw Fault() }
            text.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        default: throw Fault()
        }
    }

    private mutating func hexadecimal() throws(Fault) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw Fault()
            }
            value = value << 4 | UInt16(digit)
            at += 1
        }
        return value
    }

    private mutating func digits() throws(Fault) {
        let start = at
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
        guard at > start else { throw Fault() }
    }

    private mutating func number() throws(Fault) -> Double {
        let start = at
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            at += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        guard let value = Double(String(decoding: bytes[start..<at], as: UTF8.self)), value.isFinite else {
            throw Fault()
        }
        return value
    }
}
