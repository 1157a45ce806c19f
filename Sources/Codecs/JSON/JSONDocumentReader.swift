internal import Tensors

/// Reads the plain JSON document of the unified endpoint, in whichever of its forms it comes; see docs/formats-json.md.
///
/// A key that is the name of a declared input or column is that; otherwise it means what it means to the document.
/// Only `inputs` with an object or an Open Inference list in it can't be mistaken for an input of that name.
struct JSONDocumentReader {
    let signature: ModelSignature
    var scanner: JSONScanner
    var decoded = CodecRegistry.Decoded(inputs: [])
    /// The model's only input, where it has one only and that names its columns.
    let columnar: TensorSpec?
    /// Names of the inputs that may be files.
    let fileInputs: [String]

    /// What the document turned out to be.
    enum Outcome {
        case plain(CodecRegistry.Decoded)
        /// It has to be read again, as a document of the Open Inference Protocol.
        case openInference
    }

    /// - Parameter firstLine: the line on which the text begins, where it is part of a longer one.
    init(
        _ text: UnsafeRawBufferPointer, _ signature: ModelSignature, fileInputs: [String] = [], firstLine: Int = 1
    ) throws(SluiceError) {
        self.fileInputs = fileInputs
        self.signature = signature
        scanner = try JSONScanner(text, firstLine: firstLine)
        columnar = signature.inputs.count == 1 && !signature.inputs[0].columns.isEmpty ? signature.inputs[0] : nil
    }

    /// Reads a whole document.
    ///
    /// - Parameter fileInputs: names of the inputs that may be files.
    /// - Throws: `malformed_body`, `invalid_input` or `invalid_parameter`.
    static func read(
        _ text: UnsafeRawBufferPointer, signature: ModelSignature, fileInputs: [String] = []
    ) throws(SluiceError) -> Outcome {
        var reader = try JSONDocumentReader(text, signature, fileInputs: fileInputs)
        if try reader.nextIsObjectOfValues() {
            guard try reader.readDocument() else { return .openInference }
        } else {
            try reader.readRows()
        }
        try reader.scanner.finish()
        return .plain(try reader.finish())
    }

    // MARK: Objects

    /// Reads the outermost object; `false` where it is an Open Inference document.
    private mutating func readDocument() throws(SluiceError) -> Bool {
        var members = NamedValues(signature, columnar: columnar, fileInputs: fileInputs)
        var seen: [String] = []
        var wrapper: String?
        try scanner.beginObject()
        var isFirst = true
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            if try !isOwnInputs(key), try members.read(key, &scanner) { continue }
            let name = key.text
            if seen.contains(name) { throw duplicateKey(name) }
            switch name {
            case "instances", "rows", "inputs":
                if let wrapper { throw twoWrappers(wrapper, name) }
                wrapper = name
                guard try readWrapped(name) else { return false }
            case "parameters": decoded.parameters = try scanner.parameters()
            case "outputs": decoded.wantedOutputs = try readWantedOutputs()
            case "id": decoded.id = try scanner.optionalString("id")
            default: throw unknownKey(name)
            }
            seen.append(name)
        }
        if let wrapper {
            if !members.isEmpty { throw twoWrappers(wrapper, members.firstName) }
        } else {
            (decoded.inputs, decoded.files) = try members.finish()
        }
        return true
    }

    /// Reads what stands under `instances`, `rows` or `inputs`; `false` where that is an Open Inference input list.
    private mutating func readWrapped(_ name: String) throws(SluiceError) -> Bool {
        guard name == "inputs" else {
            guard try scanner.peek() == .array else {
                throw SluiceError(.invalidInput, "\"\(name)\" must be an array of rows, not \(try scanner.peek().text)")
            }
            try readRows()
            return true
        }
        if try nextIsObjectOfValues() {
            var members = NamedValues(signature, columnar: columnar, fileInputs: fileInputs)
            try scanner.beginObject()
            var isFirst = true
            while let key = try scanner.nextKey(first: isFirst) {
                isFirst = false
                guard try members.read(key, &scanner) else { throw unknownInput(key.text) }
            }
            (decoded.inputs, decoded.files) = try members.finish()
            return true
        }
        if try nextIsInputList() { return false }
        try readRows()
        return true
    }

    /// Whether `key` is the document's own `inputs`, and can't be an input of that name.
    private mutating func isOwnInputs(_ key: JSONString) throws(SluiceError) -> Bool {
        guard key.is("inputs") else { return false }
        if try nextIsObjectOfValues() { return true }
        return try nextIsInputList()
    }

    /// Whether the next value is an object, and not one element of BYTES.
    private mutating func nextIsObjectOfValues() throws(SluiceError) -> Bool {
        guard try scanner.peek() == .object else { return false }
        return try !nextIsContent()
    }

    /// Whether the next value is an array whose first element is an object with `name` and `datatype`.
    private func nextIsInputList() throws(SluiceError) -> Bool {
        var ahead = scanner
        guard try ahead.peek() == .array else { return false }
        try ahead.beginArray()
        guard try ahead.nextElement(first: true), try ahead.peek() == .object else { return false }
        try ahead.beginObject()
        var (hasName, hasDataType, isFirst) = (false, false, true)
        while let key = try ahead.nextKey(first: isFirst) {
            isFirst = false
            hasName = hasName || key.is("name")
            hasDataType = hasDataType || key.is("datatype")
            if hasName, hasDataType { return true }
            try ahead.skipValue()
        }
        return false
    }

    /// Whether the next value is `{"b64": ...}` and so one element of BYTES, or one file, which may be `{"url": ...}`, too.
    func nextIsContent() throws(SluiceError) -> Bool {
        guard signature.inputs.count == 1 else { return false }
        let spec = signature.inputs[0]
        let takesFiles = fileInputs.contains(spec.name)
        guard spec.dataType == .bytes || takesFiles else { return false }
        let own = ["b64", "base64", "type"] + (takesFiles ? ["url"] : [])
        if own.contains(where: { $0 == spec.name || spec.columns.contains($0) }) { return false }
        let isContent = { (key: JSONString) in key.isBase64 || takesFiles && key.is("url") }
        var ahead = scanner
        try ahead.beginObject()
        guard let key = try ahead.nextKey(first: true) else { return false }
        if isContent(key) { return true }
        guard key.is("type"), try ahead.peek() == .string else { return false }
        _ = try ahead.string()
        return try ahead.nextKey(first: false).map(isContent) ?? false
    }

    private mutating func readWantedOutputs() throws(SluiceError) -> [String] {
        var names: [String] = []
        if try scanner.peek() == .null {
            try scanner.null()
            return names
        }
        try scanner.beginArray()
        while try scanner.nextElement(first: names.isEmpty) {
            guard try scanner.peek() == .string else {
                throw SluiceError(
                    .invalidInput, "\"outputs\" must be an array of names, but holds \(try scanner.peek().text)")
            }
            let name = try scanner.string().text
            try signature.checkWanted(name, among: names)
            names.append(name)
        }
        return names
    }

    // MARK: The end

    /// The inputs in the order in which the model declares them, validated.
    private func finish() throws(SluiceError) -> CodecRegistry.Decoded {
        var decoded = decoded
        for tensor in decoded.inputs where signature.batching != .none && tensor.shape.first == 0 {
            throw SluiceError(
                .invalidInput, "input \"\(tensor.name)\" has no rows", detail: [.init("input", tensor.name)])
        }
        try signature.leavingOut(decoded.files).validate(decoded.inputs)
        let inputs = decoded.inputs
        decoded.inputs = signature.inputs.compactMap { spec in inputs.first { $0.name == spec.name } }
        return decoded
    }

    // MARK: Errors

    private func duplicateKey(_ name: String) -> SluiceError {
        scanner.documentError("the key \"\(name)\" comes twice")
    }

    private func twoWrappers(_ first: String, _ second: String) -> SluiceError {
        SluiceError(
            .invalidInput, "the document gives its data both as \"\(first)\" and as \"\(second)\"; one is enough")
    }

    private func unknownKey(_ name: String) -> SluiceError {
        let names = signature.inputs.map(\.name) + (columnar?.columns ?? [])
        let own = ["inputs", "instances", "rows", "parameters", "outputs", "id"]
        return SluiceError(
            .invalidInput,
            "\"\(ElementFault.shortened(name))\" is neither an input or column of the model nor a key of the document"
                + Spelling.suggestion(for: name, among: names + own),
            detail: [.init("key", ElementFault.shortened(name))])
    }

    private func unknownInput(_ name: String) -> SluiceError {
        let names = signature.inputs.map(\.name) + (columnar?.columns ?? [])
        return SluiceError(
            .invalidInput,
            "the model has no input or column \"\(ElementFault.shortened(name))\""
                + Spelling.suggestion(for: name, among: names),
            detail: [.init("input", ElementFault.shortened(name))])
    }
}
