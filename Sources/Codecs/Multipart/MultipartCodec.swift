internal import Tensors

/// Forms: each part of a `multipart/form-data` body is one input, or one column of a row.
struct MultipartCodec {
    let registry: CodecRegistry
    let facts: CodecRegistry.RequestFacts
    let signature: ModelSignature
    /// Names of the inputs that may come as files.
    let fileInputs: [String]

    /// What one part turned out to be.
    private enum Value {
        case tensor(Tensor)
        case files([FileInput.File])
    }

    /// Reads a form as the model's inputs.
    ///
    /// Several parts of one name are the rows of one input.
    ///
    /// - Throws: `malformed_body`, `invalid_input`, `unsupported_media_type`.
    func decode(_ body: RequestBody, boundary: String) throws(SluiceError) -> CodecRegistry.Decoded {
        defer { withExtendedLifetime(body.storage) {} }
        var decoded = CodecRegistry.Decoded(inputs: [])
        var values: [(spec: TensorSpec, values: [Value])] = []
        var columns: [(name: String, content: RequestBody)] = []
        for part in try MultipartReader.parts(of: body.bytes, boundary: boundary) {
            // What browsers send for a file that wasn't chosen.
            if part.filename == "", part.range.isEmpty { continue }
            let content = body.part(part.range)
            if let spec = signature.input(named: part.name) {
                let value = try self.value(of: part, content, for: spec)
                if let index = values.firstIndex(where: { $0.spec.name == spec.name }) {
                    values[index].values.append(value)
                } else {
                    values.append((spec, [value]))
                }
            } else if try !readOwn(part.name, content, into: &decoded) {
                columns.append((part.name, content))
            }
        }
        for (spec, values) in values { try join(values, of: spec, into: &decoded) }
        if !columns.isEmpty { decoded.inputs += try row(columns, besides: values.map(\.spec.name)) }
        decoded.inputs = signature.inputs.compactMap { spec in decoded.inputs.first { $0.name == spec.name } }
        return decoded
    }

    /// Reads a field that means the same as the key of a JSON document does; false where it is none.
    private func readOwn(
        _ name: String, _ content: RequestBody, into decoded: inout CodecRegistry.Decoded
    ) throws(SluiceError) -> Bool {
        guard ["id", "outputs", "parameters"].contains(name), !ColumnMapping.wantedNames(signature).contains(name)
        else { return false }
        if name == "parameters" {
            var scanner = try JSONScanner(content.bytes)
            decoded.parameters = try scanner.parameters()
            try scanner.finish()
            return true
        }
        guard content.count <= JSONScanner.maximumKeyLength, let text = String(validating: content.bytes, as: UTF8.self)
        else {
            throw SluiceError(.malformedBody, "\"\(name)\" is a text of at most \(JSONScanner.maximumKeyLength) bytes")
        }
        if name == "id" {
            decoded.id = text
        } else {
            for output in text.split(separator: ",") {
                try signature.checkWanted(String(output), among: decoded.wantedOutputs)
                decoded.wantedOutputs.append(String(output))
            }
        }
        return true
    }

    // MARK: One part

    private func value(
        of part: MultipartReader.Part, _ content: RequestBody, for spec: TensorSpec
    ) throws(SluiceError) -> Value {
        let isFileInput = fileInputs.contains(spec.name)
        let named = try contentType(of: part, isFileInput: isFileInput)
        if ["image", "audio", "video"].contains(named.type), isFileInput || spec.dataType == .bytes {
            if isFileInput { return .files([FileInput.File(bytes: content, mediaType: named.essence)]) }
            return .tensor(try whole(content, for: spec))
        }
        switch (named.type, named.subtype) {
        case ("text", "plain"):
            if let charset = named.parameter("charset")?.lowercased(), !["utf-8", "utf8", "us-ascii"].contains(charset)
            {
                throw SluiceError(
                    .unsupportedMediaType,
                    "part \"\(spec.name)\": charset \(Quote.text(charset)) is not read here; send it in utf-8")
            }
            return try text(content, for: spec, isFileInput: isFileInput)
        case ("application", "octet-stream") where spec.dataType == .bytes:
            return .tensor(try whole(content, for: spec))
        case ("multipart", _), ("application", "x-npz"), ("application", "npz"), ("application", "zip"):
            throw SluiceError(
                .unsupportedMediaType, "part \"\(spec.name)\": \(named.essence) is not read inside a form")
        default:
            // With its parameters where it says so itself.
            let isOwn = part.contentType?.lowercased().hasPrefix(named.essence) == true
            return try decode(content, as: isOwn ? part.contentType ?? named.essence : named.essence, for: spec)
        }
    }

    /// What a part is: as it says, or by the ending of its file's name where that says more.
    private func contentType(of part: MultipartReader.Part, isFileInput: Bool) throws(SluiceError) -> MediaType {
        let named: MediaType?
        do throws(SluiceError) {
            named = try part.contentType.map { (text) throws(SluiceError) in try MediaType(contentType: text) }
        } catch {
            throw SluiceError(.malformedBody, "part \(Quote.text(part.name)): \(error.message)")
        }
        if let named, named.essence != "application/octet-stream" { return named }
        guard let filename = part.filename else { return named ?? MediaType(type: "text", subtype: "plain") }
        let ending = filename.split(separator: ".", omittingEmptySubsequences: false).last.map { $0.lowercased() }
        let byName = ending.flatMap { FileEnding.mediaTypes[$0] }
        if let byName, isFileInput || !["image", "audio", "video"].contains(byName.type) { return byName }
        return MediaType(type: "application", subtype: "octet-stream")
    }

    /// A field without a file: the text itself, numbers between commas, or JSON.
    private func text(_ content: RequestBody, for spec: TensorSpec, isFileInput: Bool) throws(SluiceError) -> Value {
        if isFileInput, content.bytes.starts(with: Array("data:".utf8)) {
            let collector = FileCollector()
            if let fault = collector.append(dataURL: content.bytes) {
                throw SluiceError(
                    .invalidInput, "input \"\(spec.name)\": \(fault)", detail: [.init("input", spec.name)])
            }
            return .files(try collector.finish(input: spec.name).files)
        }
        if spec.dataType == .bytes {
            guard UTF8Check.isValid(content.bytes) else {
                throw SluiceError(
                    .invalidInput, "input \"\(spec.name)\": the text is not UTF-8", detail: [.init("input", spec.name)])
            }
            return .tensor(try whole(content, for: spec))
        }
        let first = content.bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        let isJSON = first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
        return try decode(content, as: isJSON ? "application/json" : "text/csv; header=absent", for: spec)
    }

    private func decode(_ content: RequestBody, as contentType: String, for spec: TensorSpec) throws(SluiceError)
        -> Value
    {
        let facts = CodecRegistry.RequestFacts(contentType: contentType, maximumBytes: facts.maximumBytes)
        let alone = ModelSignature(inputs: [spec], outputs: [], batching: signature.batching)
        do throws(SluiceError) {
            let decoded = try registry.decode(content, facts: facts, signature: alone, fileInputs: fileInputs)
            if let files = decoded.files.first { return .files(files.files) }
            guard let tensor = decoded.inputs.first else { throw SluiceError(.malformedBody, "it holds nothing") }
            return .tensor(tensor)
        } catch {
            throw error.code == .invalidInput ? error : error.about("part \"\(spec.name)\"")
        }
    }

    /// The whole part as one element of BYTES.
    private func whole(_ content: RequestBody, for spec: TensorSpec) throws(SluiceError) -> Tensor {
        try content.element(named: spec.name, shape: (spec.shape ?? [1]).map { $0 < 0 ? 1 : $0 })
    }

    // MARK: All parts

    private func join(
        _ values: [Value], of spec: TensorSpec, into decoded: inout CodecRegistry.Decoded
    ) throws(SluiceError) {
        var tensors: [Tensor] = []
        var files: [FileInput.File] = []
        for value in values {
            switch value {
            case .tensor(let tensor): tensors.append(tensor)
            case .files(let more): files += more
            }
        }
        guard tensors.isEmpty || files.isEmpty else {
            throw SluiceError(
                .invalidInput, "input \"\(spec.name)\" comes both as files and as numbers",
                detail: [.init("input", spec.name)])
        }
        guard files.isEmpty else {
            guard files.count <= FileInput.maximumFiles else {
                throw SluiceError(
                    .invalidInput,
                    "input \"\(spec.name)\" has \(files.count) files; there may be 1 to \(FileInput.maximumFiles)",
                    detail: [.init("input", spec.name)])
            }
            decoded.files.append(FileInput(name: spec.name, files: files))
            return
        }
        guard tensors.count > 1 else {
            decoded.inputs += tensors
            return
        }
        guard let joined = Tensor.joining(tensors) else {
            let shapes = tensors.prefix(8).map { Shape.text($0.shape) }.joined(separator: ", ")
            throw SluiceError(
                .invalidInput,
                "input \"\(spec.name)\" has \(tensors.count) parts, of shapes \(shapes), which are no rows of one tensor",
                detail: [.init("input", spec.name)])
        }
        decoded.inputs.append(joined)
    }

    /// Fields that are columns make one row.
    private func row(
        _ columns: [(name: String, content: RequestBody)], besides given: [String]
    ) throws(SluiceError) -> [Tensor] {
        var rest = signature
        rest.inputs.removeAll { given.contains($0.name) }
        let wanted = ColumnMapping.wantedNames(rest)
        for (name, _) in columns where !wanted.contains(name) {
            let names = signature.inputs.map(\.name) + wanted.sorted()
            throw SluiceError(
                .invalidInput,
                "the model has no input or column \(Quote.text(name))\(Spelling.suggestion(for: name, among: names))",
                detail: [.init("input", Quote.shortened(name))])
        }
        var table = TableBuilder(try ColumnMapping(names: columns.map(\.name), signature: rest))
        table.beginRow()
        for (index, target) in table.mapping.targets.enumerated() {
            for column in target.sources {
                let text = columns[column].content.bytes
                if target.isText, !UTF8Check.isValid(text) {
                    let place = table.place(target: index, column: column, line: nil)
                    throw SluiceError(.invalidInput, "\(place): the text is not UTF-8", detail: place.detail)
                }
                try table.append(text, target: index, column: column, line: nil)
            }
        }
        return try table.finish()
    }
}

extension RequestBody {
    /// A part of the body; `range` counts from its beginning.
    func part(_ range: Range<Int>) -> RequestBody {
        let start = self.range.lowerBound
        return RequestBody(storage, range: (start + range.lowerBound)..<(start + range.upperBound))
    }
}
