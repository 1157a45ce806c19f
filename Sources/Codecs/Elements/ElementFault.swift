package import Tensors

/// Why a piece of text can't become an element of a tensor, with the text: all but the place.
package struct ElementFault: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case notANumber
        case outOfRange
        case hasFraction
        case notABoolean
        /// A value of the wrong sort, which the text names: `a string`, `null`.
        case wrongSort
    }

    package var kind: Kind
    /// The offending text, shortened.
    package var text: String
    package var dataType: DataType

    package init(_ kind: Kind, text: String, dataType: DataType) {
        self.kind = kind
        self.text = text
        self.dataType = dataType
    }

    /// A fault that shows the first bytes of `text`.
    init(_ kind: Kind, text: UnsafeRawBufferPointer, dataType: DataType) {
        self.init(kind, text: Self.shortened(text), dataType: dataType)
    }

    init(_ fault: NumberFault, _ number: DecimalNumber, dataType: DataType) {
        let kind: Kind =
            switch fault {
            case .outOfRange: .outOfRange
            case .hasFraction: .hasFraction
            }
        let digits = UnsafeRawBufferPointer(start: number.digits, count: number.length)
        self.init(kind, text: (number.isNegative ? "-" : "") + Self.shortened(digits), dataType: dataType)
    }

    /// What was wrong, as the end of a sentence.
    package var reason: String {
        switch kind {
        case .notANumber where text.isEmpty: "it is empty, but \(dataType) needs a number"
        case .notANumber: "\"\(text)\" is not a number"
        case .outOfRange: "\(text) is out of range for \(dataType)\(dataType.rangeText)"
        case .hasFraction: "\(text) is not a whole number, as \(dataType) needs"
        case .notABoolean where text.isEmpty: "it is empty, but BOOL needs true or false"
        case .notABoolean: "\"\(text)\" is neither true nor false"
        case .wrongSort: "\(dataType) needs \(dataType.sortText), not \(text)"
        }
    }

    /// The whole error.
    package func error(at place: ElementPlace) -> SluiceError {
        SluiceError(.invalidInput, "\(place): \(reason)", detail: place.detail)
    }

    /// Text for a message: at most 40 bytes.
    static func shortened(_ text: String) -> String {
        var text = text
        return text.withUTF8 { shortened(UnsafeRawBufferPointer($0)) }
    }

    /// Text for a message: at most 40 bytes, broken UTF-8 replaced.
    static func shortened(_ text: UnsafeRawBufferPointer) -> String {
        let limit = 40
        guard text.count > limit else { return String(decoding: text, as: UTF8.self) }
        var end = limit
        while end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return String(decoding: UnsafeRawBufferPointer(rebasing: text[..<end]), as: UTF8.self) + "…"
    }
}

extension DataType {
    /// The range of an integer type, as messages show it.
    fileprivate var rangeText: String {
        switch self {
        case .uint8: Self.rangeText(of: UInt8.self)
        case .uint16: Self.rangeText(of: UInt16.self)
        case .uint32: Self.rangeText(of: UInt32.self)
        case .uint64: Self.rangeText(of: UInt64.self)
        case .int8: Self.rangeText(of: Int8.self)
        case .int16: Self.rangeText(of: Int16.self)
        case .int32: Self.rangeText(of: Int32.self)
        case .int64: Self.rangeText(of: Int64.self)
        case .bool, .fp16, .bf16, .fp32, .fp64, .bytes: ""
        }
    }

    private static func rangeText<Integer: FixedWidthInteger>(of type: Integer.Type) -> String {
        " (\(Integer.min) to \(Integer.max))"
    }

    /// What an element of the type is written as.
    fileprivate var sortText: String {
        switch self {
        case .bool: "true or false"
        case .bytes: "a string"
        default: "a number"
        }
    }
}
