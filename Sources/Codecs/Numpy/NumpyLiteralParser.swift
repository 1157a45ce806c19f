internal import Tensors

/// Reads the Python literal in an npy header: a dict of `descr`, `fortran_order` and `shape`, and nothing else.
struct NumpyLiteralParser {
    private let bytes: UnsafeRawBufferPointer
    /// Where `bytes` lies in the body, for messages.
    private let origin: Int
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer, at origin: Int) {
        self.bytes = bytes
        self.origin = origin
    }

    /// - Throws: `malformed_body`, with the byte.
    mutating func header(dataOffset: Int) throws(SluiceError) -> NumpyHeader {
        var typeText: String?
        var isFortranOrder: Bool?
        var shape: [Int]?
        try expect("{")
        while !take("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "descr" where typeText == nil:
                if next() == UInt8(ascii: "[") {
                    throw SluiceError(
                        .malformedBody, "structured npy arrays are not read here; send one array of numbers or strings")
                }
                typeText = try string()
            case "fortran_order" where isFortranOrder == nil: isFortranOrder = try boolean()
            case "shape" where shape == nil: shape = try tuple()
            case "descr", "fortran_order", "shape": throw unexpected("the key \"\(key)\" stands twice")
            default: throw unexpected("the key \(Quote.text(key)) is not one of an npy header")
            }
            if take(",") { continue }
            try expect("}")
            break
        }
        guard next() == nil else { throw unexpected("there is more after the dictionary") }
        guard let typeText, let isFortranOrder, let shape else {
            let missing = typeText == nil ? "descr" : isFortranOrder == nil ? "fortran_order" : "shape"
            throw SluiceError(.malformedBody, "the npy header has no \"\(missing)\"")
        }
        return NumpyHeader(
            typeText: typeText, isFortranOrder: isFortranOrder, shape: shape, dataOffset: dataOffset)
    }

    /// The next byte that isn't space; `nil` at the end.
    private mutating func next() -> UInt8? {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(SluiceError) {
        guard take(character) else { throw unexpected("\"\(Character(character))\" is expected") }
    }

    /// A string in single or double quotes, without escapes: no type name needs one.
    private mutating func string() throws(SluiceError) -> String {
        guard let quote = next(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw unexpected("a quoted string is expected")
        }
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote {
            guard bytes[position] >= 0x20, bytes[position] < 0x7F, bytes[position] != UInt8(ascii: "\\") else {
                throw unexpected("a plain string is expected")
            }
            position += 1
        }
        guard position < bytes.count else { throw unexpected("the string has no end") }
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func boolean() throws(SluiceError) -> Bool {
        _ = next()
        for (text, value) in [("True", true), ("False", false)] where bytes[position...].starts(with: text.utf8) {
            position += text.utf8.count
            return value
        }
        throw unexpected("True or False is expected")
    }

    /// `()`, `(3,)`, `(3, 4)`; Python 2 wrote `3L`.
    private mutating func tuple() throws(SluiceError) -> [Int] {
        var dimensions: [Int] = []
        try expect("(")
        while !take(")") {
            guard dimensions.count < Shape.maximumRank else {
                throw unexpected("the shape has more than \(Shape.maximumRank) dimensions")
            }
            dimensions.append(try dimension())
            if take(",") { continue }
            guard dimensions.count > 1, take(")") else { throw unexpected("\",\" is expected") }
            break
        }
        return dimensions
    }

    private mutating func dimension() throws(SluiceError) -> Int {
        guard let first = next(), Self.isDigit(first) else { throw unexpected("a dimension is expected") }
        var value = 0
        while position < bytes.count, Self.isDigit(bytes[position]) {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(bytes[position] - UInt8(ascii: "0")))
            guard !overflow, !carry else { throw unexpected("the dimension is too large") }
            value = sum
            position += 1
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
        return value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private func unexpected(_ what: String) -> SluiceError {
        SluiceError(
            .malformedBody, "the npy header can't be read: at byte \(origin + position), \(what)",
            detail: [.init("byte", origin + position)])
    }
}
