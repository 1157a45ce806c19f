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
    /// - Parameter place: is asked for each of the tensors in turn, by its index.
    mutating func write(_ tensors: [Tensor], place: (Int) -> TensorPlace) {
        write(UInt32(tensors.count))
        // By index: a copy of a tensor counts up and down what it holds.
        for index in tensors.indices {
            write(tensors[index].name)
            write(tensors[index].dataType.rawValue)
            write(UInt8(tensors[index].shape.count))
            for axis in tensors[index].shape.indices { write(Int64(tensors[index].shape[axis])) }
            let place = place(index)
            write(UInt64(place.offset) | (place.isInInputs ? TensorPlace.isInInputs : 0))
            write(UInt64(tensors[index].byteCount))
            if tensors[index].dataType == .bytes { write(UInt64(place.offsetsOffset ?? 0)) }
        }
    }

    /// - Parameter place: of each input.
    mutating func write(_ call: InferenceCall, number: CallNumber, place: (Int) -> TensorPlace) {
        // Of the call, and not of its envelope, which is large: to hand it on would be to copy it.
        write(number.raw)
        write(call.envelope.id)
        write(call.envelope.deadline?.nanoseconds ?? 0)
        write(call.envelope.inputs, place: place)
        write(call.envelope.parameters)
        write(UInt32(clamping: call.envelope.wantedOutputs.count))
        for output in call.envelope.wantedOutputs { write(output) }
        write(call.envelope.sequence != nil)
        if let sequence = call.envelope.sequence {
            write(sequence.id)
            write(sequence.isStart)
            write(sequence.isEnd)
        }
        write(call.envelope.priority)
    }

    /// What a request of `MessageKind.Request.perform` has behind the envelope.
    ///
    /// - Parameter place: of each label.
    mutating func write(_ purpose: Envelope.Purpose, place: (Int) -> TensorPlace) {
        guard case .learn(let lesson) = purpose else { return write(false) }
        write(true)
        write(lesson.labels, place: place)
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

    var offsetsByteCount: Int { (elements + 1) * 8 }
}

// Outside of the struct, which keeps its own initialiser so: that makes it in one piece, without a copy.
extension TensorMessage {
    /// - Parameter likely: the tensor's name, as far as it can be foreseen.
    init(reading reader: inout MessageReader, likely: String? = nil) throws(MessageReader.Malformed) {
        let name = try reader.readText(atMost: 4096, likely: likely)
        let raw = try reader.read(UInt8.self)
        guard let dataType = DataType(rawValue: raw) else { throw MessageReader.Malformed("data type \(raw)") }
        let rank = Int(try reader.read(UInt8.self))
        guard rank <= Shape.maximumRank else { throw MessageReader.Malformed("a tensor of \(rank) dimensions") }
        var shape: [Int] = []
        shape.reserveCapacity(rank)
        for _ in 0..<rank { shape.append(Int(try reader.read(Int64.self))) }
        guard let elements = Shape.elementCount(shape), elements <= 1 << 48 else {
            throw MessageReader.Malformed("shape \(Shape.text(shape))")
        }
        let offset: UInt64 = try reader.read()
        let byteCount: UInt64 = try reader.read()
        guard byteCount <= 1 << 48 else { throw MessageReader.Malformed("a tensor of \(byteCount) bytes") }
        if let needed = Shape.byteCount(ofElements: elements, of: dataType), needed != Int(byteCount) {
            throw MessageReader.Malformed("\(dataType)\(Shape.text(shape)) in \(byteCount) bytes")
        }
        let offsetsOffset: UInt64? = dataType == .bytes ? try reader.read() : nil
        self.init(
            name: name, dataType: dataType, shape: shape, elements: elements, offset: offset, byteCount: Int(byteCount),
            offsetsOffset: offsetsOffset)
    }
}

extension MessageReader {
    mutating func readParameters() throws(Malformed) -> [Envelope.Parameter] {
        let count = try readCount(atMost: 65536)
        var parameters: [Envelope.Parameter] = []
        for _ in 0..<count { parameters.append(Envelope.Parameter(try readText(), .string(try readText()))) }
        return parameters
    }

    /// A request as the runner gets it; `storage` makes tensors of what the message says about them.
    ///
    /// - Parameters:
    ///   - signature: says what inputs are called for the most part.
    ///   - hasPurpose: whether a purpose is behind the envelope.
    mutating func readEnvelope(
        of signature: ModelSignature, hasPurpose: Bool, storage: (borrowing TensorMessage) throws(Malformed) -> Tensor
    ) throws(Malformed) -> Envelope {
        let id = try readText()
        let deadline: UInt64 = try read()
        let count = Int(try read(UInt32.self))
        guard count <= 65536 else { throw Malformed("\(count) inputs") }
        var inputs: [Tensor] = []
        for index in 0..<count {
            let likely = index < signature.inputs.count ? signature.inputs[index].name : nil
            inputs.append(try storage(try TensorMessage(reading: &self, likely: likely)))
        }
        let parameters = try readParameters()
        var wantedOutputs: [String] = []
        for _ in 0..<(try readCount(atMost: 65536)) { wantedOutputs.append(try readText()) }
        var sequence: Envelope.Sequence?
        if try readBool() {
            sequence = Envelope.Sequence(id: try readText(), isStart: try readBool(), isEnd: try readBool())
        }
        let priority: UInt32 = try read()
        let purpose = hasPurpose ? try readPurpose(storage: storage) : nil
        // Made in one piece at last: an envelope is large, and each change of a part of it may copy all of it.
        return Envelope(
            id: id, deadline: deadline == 0 ? nil : MonotonicTime(nanoseconds: deadline), parameters: parameters,
            inputs: inputs, wantedOutputs: wantedOutputs, sequence: sequence, priority: priority, purpose: purpose)
    }

    private mutating func readPurpose(
        storage: (borrowing TensorMessage) throws(Malformed) -> Tensor
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
