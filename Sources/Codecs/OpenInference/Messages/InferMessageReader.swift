package import Tensors

extension InferMessage {
    /// What a message says of whom it is for, before anything else of it is read.
    package struct Address: Sendable, Equatable {
        package var model = ""
        package var version = ""
        package var id = ""
    }

    /// Finds the model and the request's id.
    ///
    /// - Throws: `malformed_body`.
    package func address() throws(SluiceError) -> Address {
        var address = Address()
        try head.read { (bytes) throws(SluiceError) in
            var reader = ProtobufReader(bytes)
            while let field = try reader.nextField() {
                switch (field.number, field.type) {
                case (1, .lengthDelimited): address.model = try reader.string()
                case (2, .lengthDelimited): address.version = try reader.string()
                case (3, .lengthDelimited): address.id = try reader.string()
                default: try reader.skip(field.type)
                }
            }
        }
        return address
    }
}

extension [UInt8] {
    /// The bytes in place; valid only inside `body`.
    func read<Result>(_ body: (UnsafeRawBufferPointer) throws(SluiceError) -> Result) throws(SluiceError) -> Result {
        try withUnsafeBufferPointer { (bytes) throws(SluiceError) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}

/// Reads a `ModelInferRequest` into what the JSON document of the same protocol is read into.
struct InferMessageReader: ~Copyable {
    /// One entry of `inputs`, before its data are known to be its own or raw.
    private struct Input {
        var name = ""
        /// As the message says it: a name is made of it only for an error.
        var dataType = UnsafeRawBufferPointer(start: nil, count: 0)
        var shape: [Int] = []
        var contents: UnsafeRawBufferPointer?
        /// Where the data lie in memory that the client shares.
        var place: RegionPlace?
    }

    private let signature: ModelSignature
    private var request = OpenInferenceCodec.Request(inputs: [])
    private var inputs: [Input] = []
    private var parameters: [Envelope.Parameter] = []

    private init(_ signature: ModelSignature) {
        self.signature = signature
    }

    static func read(
        _ message: InferMessage, signature: ModelSignature, regions: (any TensorRegions)? = nil
    ) throws(SluiceError) -> OpenInferenceCodec.Request {
        try message.head.read { (bytes) throws(SluiceError) in
            var reader = InferMessageReader(signature)
            reader.request.answer.regions = regions
            try reader.read(bytes)
            return try reader.finish(raw: message.raw)
        }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.nextField() {
            switch (field.number, field.type) {
            case (3, .lengthDelimited):
                let id = try reader.string()
                request.answer.id = id.isEmpty ? nil : id
            case (4, .lengthDelimited): try InferParameters.read(try reader.delimited(), into: &parameters)
            case (5, .lengthDelimited):
                // More inputs than the model has can't be right, and checking names is quadratic.
                guard inputs.count <= signature.inputs.count else {
                    throw SluiceError(.invalidInput, "the model has only \(signature.inputs.count) inputs")
                }
                let input = try input(try reader.delimited(), number: inputs.count + 1)
                if inputs.isEmpty { inputs = [input] } else { inputs.append(input) }
            case (6, .lengthDelimited): try readOutput(try reader.delimited())
            default: try reader.skip(field.type)
            }
        }
    }

    private func input(_ bytes: UnsafeRawBufferPointer, number: Int) throws(SluiceError) -> Input {
        var input = Input()
        var reader = ProtobufReader(bytes)
        var parameters: [Envelope.Parameter] = []
        while let field = try reader.nextField() {
            switch (field.number, field.type) {
            case (1, .lengthDelimited):
                var ahead = reader
                if let known = signature.inputName(try ahead.delimited(), near: number - 1) {
                    input.name = known
                    reader = ahead
                } else {
                    input.name = try reader.string()
                }
            case (2, .lengthDelimited):
                input.dataType = try reader.delimited()
                guard UTF8Check.isValid(input.dataType) else { throw reader.malformed("a string that is not UTF-8") }
            case (3, .lengthDelimited):
                let packed = try reader.delimited()
                input.shape.reserveCapacity(min(packed.count, Shape.maximumRank))
                var dimensions = ProtobufReader(packed)
                while !dimensions.isAtEnd { try Self.append(try dimensions.varint(), to: &input, number) }
            case (3, .varint): try Self.append(try reader.varint(), to: &input, number)
            case (4, .lengthDelimited): try InferParameters.read(try reader.delimited(), into: &parameters)
            case (5, .lengthDelimited): input.contents = try reader.delimited()
            default: try reader.skip(field.type)
            }
        }
        if !parameters.isEmpty { input.place = try RegionParameters.place(in: parameters) }
        return input
    }

    private static func append(_ value: UInt64, to input: inout Input, _ number: Int) throws(SluiceError) {
        guard input.shape.count < Shape.maximumRank else {
            throw SluiceError(.invalidInput, "input \(number): more than \(Shape.maximumRank) dimensions")
        }
        guard let dimension = Int(exactly: Int64(bitPattern: value)), dimension >= 0 else {
            throw SluiceError(
                .invalidInput,
                "input \(number): dimension \(input.shape.count) of \"shape\" must be a whole number, 0 or above")
        }
        input.shape.append(dimension)
    }

    private mutating func readOutput(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) {
        var name = ""
        var parameters: [Envelope.Parameter] = []
        var reader = ProtobufReader(bytes)
        while let field = try reader.nextField() {
            switch (field.number, field.type) {
            case (1, .lengthDelimited): name = try reader.string()
            case (2, .lengthDelimited): try InferParameters.read(try reader.delimited(), into: &parameters)
            default: try reader.skip(field.type)
            }
        }
        try signature.checkWanted(name, among: request.answer.outputs.map(\.name))
        var output = OpenInferenceCodec.RequestedOutput(name: name, isBinary: true)
        for parameter in parameters {
            switch parameter.key {
            case "classification":
                output.classification = try Classification.count(parameter)
                output.labels = signature.output(named: name)?.labels ?? []
            default: break
            }
        }
        output.place = try RegionParameters.place(in: parameters)
        try output.checkPlace()
        request.answer.outputs.append(output)
    }

    // MARK: The end

    private mutating func finish(raw: [TensorStorage]) throws(SluiceError) -> OpenInferenceCodec.Request {
        if !parameters.isEmpty { try OpenInferenceParameters.apply(parameters, to: &request) }
        request.answer.isBatched = signature.batching != .none
        var rest = raw[...]
        for index in inputs.indices {
            let tensor = try tensor(inputs[index], raw: &rest, hasRaw: !raw.isEmpty)
            if index == 0 { request.inputs = [tensor] } else { request.inputs.append(tensor) }
        }
        guard rest.isEmpty else {
            throw SluiceError(
                .invalidInput, "there are \(raw.count) raw_input_contents for \(inputs.count) inputs")
        }
        try signature.validate(request.inputs)
        return request
    }

    private func tensor(
        _ input: Input, raw: inout ArraySlice<TensorStorage>, hasRaw: Bool
    ) throws(SluiceError) -> Tensor {
        guard let dataType = DataType(utf8: input.dataType) else {
            let name = String(decoding: input.dataType, as: UTF8.self)
            throw Self.invalid(
                input.name,
                "there is no datatype \"\(ElementFault.shortened(name))\""
                    + Spelling.suggestion(for: name, among: DataType.allCases.map(\.name)))
        }
        guard Shape.elementCount(input.shape) != nil else {
            throw Self.invalid(
                input.name, "a tensor of shape \(Shape.text(Array(input.shape.prefix(8)))) is too large")
        }
        if let place = input.place {
            guard input.contents?.isEmpty != false else {
                throw Self.invalid(input.name, "\"contents\" and shared_memory_region exclude each other")
            }
            return try RawTensor.read(
                place, of: request.answer.regions, name: input.name, dataType: dataType, shape: input.shape)
        }
        if hasRaw {
            guard input.contents?.isEmpty != false else {
                throw Self.invalid(input.name, "\"contents\" and raw_input_contents exclude each other")
            }
            guard let storage = raw.popFirst() else {
                throw Self.invalid(input.name, "raw_input_contents has no entry for it")
            }
            return try RawTensor.read(
                RequestBody(storage), 0..<storage.byteCount, name: input.name, dataType: dataType, shape: input.shape)
        }
        return try InferContents.tensor(
            input.contents ?? UnsafeRawBufferPointer(start: nil, count: 0), name: input.name, dataType: dataType,
            shape: input.shape)
    }

    static func invalid(_ name: String, _ problem: String) -> SluiceError {
        SluiceError(
            .invalidInput, "input \"\(ElementFault.shortened(name))\": \(problem)",
            detail: [.init("input", ElementFault.shortened(name))])
    }
}
