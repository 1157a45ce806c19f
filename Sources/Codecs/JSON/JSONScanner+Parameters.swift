internal import Tensors

extension JSONScanner {
    /// The most parameters of a request.
    static let maximumParameterCount = 256

    /// Reads a `parameters` object of scalars; `null` is an empty one.
    ///
    /// - Throws: `invalid_parameter` where a value is no scalar, or a key comes twice.
    mutating func parameters() throws(SluiceError) -> [Envelope.Parameter] {
        var parameters: [Envelope.Parameter] = []
        if try peek() == .null {
            try null()
            return parameters
        }
        guard try peek() == .object else {
            throw SluiceError(.invalidParameter, "\"parameters\" must be an object, not \(try peek().text)")
        }
        try beginObject()
        while let key = try nextKey(first: parameters.isEmpty) {
            let name = key.text
            if parameters.contains(where: { $0.key == name }) {
                throw Self.invalidParameter(name, "is given twice")
            }
            guard parameters.count < Self.maximumParameterCount else {
                throw SluiceError(.invalidParameter, "there are more than \(Self.maximumParameterCount) parameters")
            }
            parameters.append(Envelope.Parameter(name, try scalar(of: name)))
        }
        return parameters
    }

    private mutating func scalar(of name: String) throws(SluiceError) -> Envelope.Parameter.Value {
        let kind = try peek()
        switch kind {
        case .bool: return .bool(try bool())
        case .string: return .string(try string().text)
        case .number:
            let number = try number()
            do throws(NumberFault) {
                guard number.isInteger else { return .double(try number.double()) }
                if let value = try? number.integer(as: Int64.self) { return .integer(value) }
                if let value = try? number.integer(as: UInt64.self) { return .unsigned(value) }
                return .double(try number.double())
            } catch {
                throw Self.invalidParameter(name, "is out of range")
            }
        case .array, .object, .null:
            throw Self.invalidParameter(name, "must be a string, a number or a boolean, not \(kind.text)")
        }
    }

    /// An error about one parameter.
    static func invalidParameter(_ name: String, _ problem: String) -> SluiceError {
        SluiceError(.invalidParameter, "parameter \"\(name)\" \(problem)", detail: [.init("parameter", name)])
    }

    /// Reads a string, or `null` as none.
    ///
    /// - Throws: `malformed_body` where it is neither, or longer than 1,024 bytes.
    mutating func optionalString(_ name: String) throws(SluiceError) -> String? {
        let kind = try peek()
        switch kind {
        case .null:
            try null()
            return nil
        case .string:
            let opening = offset
            let value = try string()
            guard value.raw.count <= Self.maximumKeyLength else {
                throw error("\"\(name)\" is longer than \(Self.maximumKeyLength) bytes", at: opening)
            }
            return value.text
        default: throw documentError("\"\(name)\" must be a string, not \(kind.text)")
        }
    }
}
