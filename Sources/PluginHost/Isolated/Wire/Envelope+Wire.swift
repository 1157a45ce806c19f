internal import SharedMemory
internal import Tensors

/// Where a tensor's bytes lie, for another process.
struct TensorPlace: Sendable {
    /// Set in the offset of an output that lies in the request's own inputs, and not in the runner's arena.
    static let isInInputs: UInt64 = 1 << 63

    var offset: Int
    var isInInputs = false
    /// Of a BYTES tensor.
    var offsetsOffset: Int?
}

extension MessageWriter {
    mutating func write(_ tensor: Tensor, at place: TensorPlace) {
        write(tensor.name)
        write(tensor.dataType.rawValue)
        write(UInt8(tensor.shape.count))
        for dimension in tensor.shape { write(Int64(dimension)) }
        write(UInt64(place.offset) | (place.isInInputs ? TensorPlace.isInInputs : 0))
        write(UInt64(tensor.byteCount))
        if tensor.dataType == .bytes { write(UInt64(place.offsetsOffset ?? 0)) }
    }

    /// - Parameter places: of the inputs, and behind them of the labels, where it is a lesson.
    mutating func write(_ envelope: Envelope, number: CallNumber, places: [TensorPlace]) {
        write(number.raw)
        write(envelope.id)
        write(envelope.deadline?.nanoseconds ?? 0)
        write(UInt32(envelope.inputs.count))
        for (input, place) in zip(envelope.inputs, places) { write(input, at: place) }
        write(envelope.parameters)
        write(UInt32(clamping: envelope.wantedOutputs.count))
        for output in envelope.wantedOutputs { write(output) }
        write(envelope.sequence != nil)
        if let sequence = envelope.sequence {
            write(sequence.id)
            write(sequence.isStart)
            write(sequence.isEnd)
        }
        write(envelope.priority)
    }

    /// What a request of `MessageKind.Request.perform` has behind the envelope.
    mutating func write(_ purpose: Envelope.Purpose?, labelsAt places: ArraySlice<TensorPlace>) {
        guard case .learn(let lesson)? = purpose else { return write(false) }
        write(true)
        write(UInt32(lesson.labels.count))
        for (label, place) in zip(lesson.labels, places) { write(label, at: place) }
        write(lesson.subjectID) { $0.write($1) }
        write(lesson.weight)
    }

    mutating func write(_ parameters: [Envelope.Parameter]) {
        write(UInt32(clamping: parameters.count))
        for parameter in parameters {
            write(parameter.key)
            write(parameter.value.text)
        }
    }
}

/// A tensor as a message describes it, before it is believed.
struct TensorMessage {
    var name: String
    var dataType: DataType
    var shape: [Int]
    var elements: Int
    var offset: UInt64
    var byteCount: Int
    var offsetsOffset: UInt64?

    init(reading reader: inout MessageReader) throws(MessageReader.Malformed) {
        name = try reader.readText(atMost: 4096)
        let raw = try reader.read(UInt8.self)
        guard let dataType = DataType(rawValue: raw) else { throw MessageReader.Malformed("data type \(raw)") }
        self.dataType = dataType
        let rank = Int(try reader.read(UInt8.self))
        guard rank <= Shape.maximumRank else { throw MessageReader.Malformed("a tensor of \(rank) dimensions") }
        shape = []
        shape.reserveCapacity(rank)
        for _ in 0..<rank { shape.append(Int(try reader.read(Int64.self))) }
        guard let elements = Shape.elementCount(shape), elements <= 1 << 48 else {
            throw MessageReader.Malformed("shape \(Shape.text(shape))")
        }
        self.elements = elements
        offset = try reader.read()
        let bytes: UInt64 = try reader.read()
        guard bytes <= 1 << 48 else { throw MessageReader.Malformed("a tensor of \(bytes) bytes") }
        byteCount = Int(bytes)
        if let needed = Shape.byteCount(shape, of: dataType), needed != byteCount {
            throw MessageReader.Malformed("\(dataType)\(Shape.text(shape)) in \(byteCount) bytes")
        }
        if dataType == .bytes { offsetsOffset = try reader.read() }
    }

    var offsetsByteCount: Int { (elements + 1) * 8 }
}

extension MessageReader {
    mutating func readParameters() throws(Malformed) -> [Envelope.Parameter] {
        let count = try readCount(atMost: 65536)
        var parameters: [Envelope.Parameter] = []
        for _ in 0..<count { parameters.append(Envelope.Parameter(try readText(), .string(try readText()))) }
        return parameters
    }

    /// A request as the runner gets it; `storage` makes tensors of what the message says about them.
    mutating func readEnvelope(
        storage: (TensorMessage) throws(Malformed) -> Tensor
    ) throws(Malformed) -> (CallNumber, Envelope) {
        let number = CallNumber(try read())
        var envelope = Envelope(id: try readText(), inputs: [])
        let deadline: UInt64 = try read()
        envelope.deadline = deadline == 0 ? nil : MonotonicTime(nanoseconds: deadline)
        let count = Int(try read(UInt32.self))
        guard count <= 65536 else { throw Malformed("\(count) inputs") }
        for _ in 0..<count { envelope.inputs.append(try storage(try TensorMessage(reading: &self))) }
        envelope.parameters = try readParameters()
        for _ in 0..<(try readCount(atMost: 65536)) { envelope.wantedOutputs.append(try readText()) }
        if try readBool() {
            envelope.sequence = Envelope.Sequence(
                id: try readText(), isStart: try readBool(), isEnd: try readBool())
        }
        envelope.priority = try read()
        return (number, envelope)
    }

    mutating func readPurpose(
        storage: (TensorMessage) throws(Malformed) -> Tensor
    ) throws(Malformed) -> Envelope.Purpose {
        guard try readBool() else { return .saveState }
        let count = Int(try read(UInt32.self))
        guard count <= 65536 else { throw Malformed("\(count) labels") }
        var lesson = Envelope.Lesson(labels: [])
        for _ in 0..<count { lesson.labels.append(try storage(try TensorMessage(reading: &self))) }
        lesson.subjectID = try readOptional { reader throws(Malformed) in try reader.readText() }
        lesson.weight = try readDouble()
        return .learn(lesson)
    }
}
