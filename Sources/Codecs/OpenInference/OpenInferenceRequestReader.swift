internal import Tensors

/// Reads the JSON document of an inference request, and the binary tensors after it.
struct OpenInferenceRequestReader: ~Copyable {
    private let signature: ModelSignature
    private let body: RequestBody
    /// The bytes after the JSON; empty where the body is all JSON.
    private let tail: Range<Int>
    private var scanner: JSONScanner
    private var inputs: [OpenInferenceInput] = []
    private var request = OpenInferenceCodec.Request(inputs: [])
    /// Outputs asked for, with what each says of itself.
    private var outputs: [(name: String, isBinary: Bool?, classification: Int?, place: RegionPlace?)] = []

    private init(_ body: RequestBody, headerLength: Int, _ signature: ModelSignature, _ regions: (any TensorRegions)?)
        throws(SluiceError)
    {
        self.signature = signature
        request.answer.regions = regions
        self.body = body
        tail = headerLength..<body.count
        scanner = try JSONScanner(UnsafeRawBufferPointer(rebasing: body.bytes[..<headerLength]))
    }

    /// Reads a body whose first `headerLength` bytes, which it has, are JSON.
    static func read(
        _ body: RequestBody, headerLength: Int, signature: ModelSignature, regions: (any TensorRegions)? = nil
    ) throws(SluiceError) -> OpenInferenceCodec.Request {
        var reader = try OpenInferenceRequestReader(body, headerLength: headerLength, signature, regions)
        try reader.readDocument()
        try reader.scanner.finish()
        return try reader.finish()
    }

    /// The keys of a request that mean something; others are passed over.
    private enum Member: UInt8 {
        case id, inputs, outputs, parameters

        init?(_ key: JSONString) {
            if key.is("inputs") {
                self = .inputs
            } else if key.is("id") {
                self = .id
            } else if key.is("outputs") {
                self = .outputs
            } else if key.is("parameters") {
                self = .parameters
            } else {
                return nil
            }
        }
    }

    private mutating func readDocument() throws(SluiceError) {
        var seen: UInt8 = 0
        var isFirst = true
        try expectObject("the request")
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            guard let member = Member(key) else {
                try scanner.skipValue()
                continue
            }
            guard seen & 1 << member.rawValue == 0 else {
                throw scanner.documentError("the key \"\(member)\" comes twice")
            }
            seen |= 1 << member.rawValue
            switch member {
            case .id: request.answer.id = try scanner.optionalString("id")
            case .parameters: try readParameters()
            case .inputs: try readInputs()
            case .outputs: try readOutputs()
            }
        }
        guard seen & 1 << Member.inputs.rawValue != 0 else {
            throw SluiceError(.invalidInput, "the request has no \"inputs\"")
        }
    }

    private mutating func expectObject(_ subject: String) throws(SluiceError) {
        let kind = try scanner.peek()
        guard kind == .object else { throw scanner.documentError("\(subject) must be an object, not \(kind.text)") }
        try scanner.beginObject()
    }

    // MARK: Inputs

    private mutating func readInputs() throws(SluiceError) {
        let kind = try scanner.peek()
        guard kind == .array else { throw scanner.documentError("\"inputs\" must be an array, not \(kind.text)") }
        try scanner.beginArray()
        while try scanner.nextElement(first: inputs.isEmpty) {
            // More inputs than the model has can't be right, and checking names is quadratic.
            guard inputs.count <= signature.inputs.count else {
                throw SluiceError(.invalidInput, "the model has only \(signature.inputs.count) inputs")
            }
            try expectObject("input \(inputs.count + 1)")
            let input = try OpenInferenceInput.read(&scanner, number: inputs.count + 1)
            if inputs.isEmpty { inputs = [input] } else { inputs.append(input) }
        }
    }

    // MARK: Outputs

    private mutating func readOutputs() throws(SluiceError) {
        if try scanner.peek() == .null { return try scanner.null() }
        let kind = try scanner.peek()
        guard kind == .array else { throw scanner.documentError("\"outputs\" must be an array, not \(kind.text)") }
        try scanner.beginArray()
        while try scanner.nextElement(first: outputs.isEmpty) {
            try expectObject("output \(outputs.count + 1)")
            try readOutput()
        }
    }

    private mutating func readOutput() throws(SluiceError) {
        var name: String?
        var parameters: [Envelope.Parameter] = []
        var isFirst = true
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            if key.is("name") {
                name = try scanner.optionalString("name")
            } else if key.is("parameters") {
                parameters = try scanner.parameters()
            } else {
                try scanner.skipValue()
            }
        }
        guard let name else {
            throw SluiceError(.invalidInput, "output \(outputs.count + 1) of \"outputs\" has no \"name\"")
        }
        try signature.checkWanted(name, among: outputs.map(\.name))
        var isBinary: Bool?
        var classification: Int?
        let place = try RegionParameters.place(in: parameters)
        for parameter in parameters {
            switch parameter.key {
            case "binary_data": isBinary = try OpenInferenceParameters.bool(parameter)
            case "classification": classification = try Classification.count(parameter)
            default: break
            }
        }
        outputs.append((name, isBinary, classification, place))
    }

    // MARK: Parameters

    private mutating func readParameters() throws(SluiceError) {
        if let isBinary = onlyBinaryOutput() {
            request.answer.binaryOutput = isBinary
        } else {
            try OpenInferenceParameters.apply(try scanner.parameters(), to: &request)
        }
    }

    /// Whether outputs are to be binary, where the parameters say that and nothing else, as they mostly do.
    private mutating func onlyBinaryOutput() -> Bool? {
        var ahead = scanner
        do throws(SluiceError) {
            guard try ahead.peek() == .object else { return nil }
            try ahead.beginObject()
            guard let key = try ahead.nextKey(first: true), key.is("binary_data_output"), try ahead.peek() == .bool
            else {
                return nil
            }
            let isBinary = try ahead.bool()
            guard try ahead.nextKey(first: false) == nil else { return nil }
            scanner = ahead
            return isBinary
        } catch {
            return nil
        }
    }

    // MARK: The end

    private consuming func finish() throws(SluiceError) -> OpenInferenceCodec.Request {
        var rest = tail
        for index in inputs.indices {
            let tensor = try inputs[index].tensor(
                &scanner, body: body, tail: &rest, regions: request.answer.regions)
            if index == 0 { request.inputs = [tensor] } else { request.inputs.append(tensor) }
        }
        guard rest.isEmpty else {
            throw SluiceError(
                .malformedBody,
                """
                \(rest.count) bytes follow the last binary tensor; the inputs' "binary_data_size" account for \
                \(rest.lowerBound - tail.lowerBound) of \(tail.count)
                """,
                detail: [.init("byte", rest.lowerBound)])
        }
        try signature.validate(request.inputs)
        let binaryOutput = request.answer.binaryOutput
        request.answer.isBatched = signature.batching != .none
        if outputs.isEmpty { return request }
        request.answer.outputs = try outputs.map { (output) throws(SluiceError) in
            var wanted = OpenInferenceCodec.RequestedOutput(
                name: output.name, isBinary: output.isBinary ?? binaryOutput)
            wanted.classification = output.classification
            if output.classification != nil { wanted.labels = signature.output(named: output.name)?.labels ?? [] }
            wanted.place = output.place
            try wanted.checkPlace()
            return wanted
        }
        return request
    }
}
