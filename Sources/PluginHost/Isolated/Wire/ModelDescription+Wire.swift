internal import SharedMemory
internal import Tensors

extension MessageWriter {
    mutating func write(_ description: ModelDescription) {
        write(description.signature.inputs) { $0.write($1) }
        write(description.signature.outputs) { $0.write($1) }
        switch description.signature.batching {
        case .none: write(UInt8(0))
        case .concat: write(UInt8(1))
        case .list: write(UInt8(2))
        }
        write(UInt64(description.maximumBatchRows))
        write(UInt64(description.maximumConcurrency))
        write(description.streams)
        write(description.isQuick)
        write(description.keepsSequences)
        write(description.allowsRetry)
        write(description.isDeterministic)
        write(description.memoryBytes)
        write(description.platform)
        write(description.metadata) { writer, fact in
            writer.write(fact.key)
            writer.write(fact.value)
        }
        write(description.learns)
        write(description.learnsAlone)
        write(description.keepsState)
    }

    private mutating func write(_ spec: TensorSpec) {
        write(spec.name)
        write(spec.dataType.rawValue)
        write(spec.shape) { writer, shape in writer.write(shape) { $0.write(Int64($1)) } }
        write(spec.summary) { $0.write($1) }
    }
}

extension MessageReader {
    /// What a runner says that its model declares; as strict as `ModelDescription.init(reading:)` is with a plugin.
    mutating func readDescription() throws(Malformed) -> ModelDescription {
        let inputs = try readList(atMost: 1024) { reader throws(Malformed) in try reader.readSpec() }
        let outputs = try readList(atMost: 1024) { reader throws(Malformed) in try reader.readSpec() }
        guard !outputs.isEmpty, Set(inputs.map(\.name)).count == inputs.count,
            Set(outputs.map(\.name)).count == outputs.count
        else { throw Malformed("inputs or outputs of a model") }
        let batching: ModelSignature.Batching
        switch try read(UInt8.self) {
        case 0: batching = .none
        case 1: batching = .concat
        case 2: batching = .list
        case let other: throw Malformed("batching \(other)")
        }
        let rows: UInt64 = try read()
        let concurrency: UInt64 = try read()
        guard rows <= UInt64(Int32.max), (1...UInt64(Int32.max)).contains(concurrency) else {
            throw Malformed("\(rows) rows, \(concurrency) calls")
        }
        return ModelDescription(
            signature: ModelSignature(inputs: inputs, outputs: outputs, batching: batching),
            maximumBatchRows: Int(rows), maximumConcurrency: Int(concurrency), streams: try readBool(),
            isQuick: try readBool(), keepsSequences: try readBool(), allowsRetry: try readBool(),
            isDeterministic: try readBool(), memoryBytes: try read(), platform: try readText(atMost: 4096),
            metadata: try readList(atMost: 256) { reader throws(Malformed) in
                ModelDescription.Fact(key: try reader.readText(), value: try reader.readText())
            }, learns: try readBool(), learnsAlone: try readBool(), keepsState: try readBool())
    }

    private mutating func readSpec() throws(Malformed) -> TensorSpec {
        let name = try readText(atMost: 4096)
        let raw = try read(UInt8.self)
        guard let dataType = DataType(rawValue: raw), !name.isEmpty else { throw Malformed("a tensor's declaration") }
        let shape = try readOptional { reader throws(Malformed) in
            try reader.readList(atMost: Shape.maximumRank) { reader throws(Malformed) in
                Int(try reader.read(Int64.self))
            }
        }
        guard shape?.allSatisfy({ $0 >= -1 }) ?? true else { throw Malformed("a declared shape") }
        return TensorSpec(
            name: name, dataType: dataType, shape: shape,
            summary: try readOptional { reader throws(Malformed) in try reader.readText() })
    }
}
