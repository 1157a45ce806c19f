internal import Tensors

extension TensorBuilder {
    /// Appends the text of one CSV cell or XML element.
    ///
    /// Numbers and truth values may stand between spaces. BOOL takes `true`, `false` (in any case), `1` and `0`.
    /// Floating point also takes `NaN`, `Infinity`, `inf` (in any case, with a sign). BYTES takes the text as it is.
    /// - Throws: a fault that shows the text.
    package func append(cell: UnsafeRawBufferPointer) throws(ElementFault) {
        if dataType == .bytes { return try append(bytes: cell) }
        let text = Self.trimmed(cell)
        if dataType == .bool {
            guard let value = Self.truth(text) else { throw ElementFault(.notABoolean, text: text, dataType: .bool) }
            return try append(value)
        }
        let digits = text.bindMemory(to: UInt8.self)
        guard var position = digits.baseAddress, digits.count > 0 else {
            throw ElementFault(.notANumber, text: "", dataType: dataType)
        }
        let end = position + digits.count
        if let number = DecimalNumber.scan(&position, end: end, grammar: .lenient), position == end {
            return try append(number)
        }
        guard let value = Self.nonFinite(text), appendNonFinite(value) else {
            throw ElementFault(.notANumber, text: text, dataType: dataType)
        }
    }

    /// Appends NaN or an infinity; tells whether the data type has them.
    private func appendNonFinite(_ value: Double) -> Bool {
        switch dataType {
        case .fp64: appendElement(value)
        case .fp32: appendElement(Float(value))
        case .fp16: NarrowFormat.fp16.round(value).map(appendElement)
        case .bf16: NarrowFormat.bf16.round(value).map(appendElement)
        default: return false
        }
        return true
    }

    private static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (start, end) = (0, text.count)
        while start < end, isSpace(text[start]) { start += 1 }
        while end > start, isSpace(text[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<end])
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (byte >= 0x09 && byte <= 0x0D)
    }

    private static func truth(_ text: UnsafeRawBufferPointer) -> Bool? {
        if equals(text, "1") || equals(text, "true") { return true }
        if equals(text, "0") || equals(text, "false") { return false }
        return nil
    }

    private static func nonFinite(_ text: UnsafeRawBufferPointer) -> Double? {
        let isNegative = text.first == UInt8(ascii: "-")
        let hasSign = isNegative || text.first == UInt8(ascii: "+")
        let name = UnsafeRawBufferPointer(rebasing: text[(hasSign ? 1 : 0)...])
        if equals(name, "nan") { return .nan }
        if equals(name, "inf") || equals(name, "infinity") { return isNegative ? -.infinity : .infinity }
        return nil
    }

    /// Compares with lower-case letters, whatever the case of the text.
    private static func equals(_ text: UnsafeRawBufferPointer, _ name: StaticString) -> Bool {
        guard text.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<text.count {
            let byte = text[index]
            let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            if (isUpper ? byte | 0x20 : byte) != name.utf8Start[index] { return false }
        }
        return true
    }
}
