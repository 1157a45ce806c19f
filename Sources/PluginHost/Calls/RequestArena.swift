internal import CSluicePlugin
internal import Glibc
internal import Tensors

/// Writes an envelope in its C form into one block of memory, which is used again for the next request.
///
/// Invariant: the pointers in the written request are valid until the next `write`; the tensors' data as long as the
/// envelope lives.
struct RequestArena {
    private var block: UnsafeMutableRawPointer?
    private var capacity = 0
    private var used = 0

    /// Fills in `request`.
    mutating func write(_ envelope: Envelope, host: UnsafePointer<sluice_host>, into request: inout sluice_request) {
        reserve(Self.byteCount(of: envelope))
        used = 0
        request.struct_size = MemoryLayout<sluice_request>.size
        request.host = host
        request.id = text(envelope.id)
        request.deadline_ns = envelope.deadline?.nanoseconds ?? 0
        request.input_count = envelope.inputs.count
        request.inputs = UnsafePointer(tensors(envelope.inputs))
        request.param_count = envelope.parameters.count
        request.params = UnsafePointer(parameters(envelope.parameters))
        request.wanted_count = envelope.wantedOutputs.count
        request.wanted = names(envelope.wantedOutputs)
        let lesson = envelope.lesson
        request.label_count = lesson?.labels.count ?? 0
        request.labels = lesson.map { UnsafePointer(tensors($0.labels)) } ?? nil
        request.subject_id = lesson?.subjectID.map { text($0) }
        request.weight = lesson?.weight ?? 1
        request.sequence_id = envelope.sequence.map { text($0.id) }
        request.sequence_flags =
            (envelope.sequence?.isStart == true ? UInt32(SLUICE_SEQUENCE_START) : 0)
            | (envelope.sequence?.isEnd == true ? UInt32(SLUICE_SEQUENCE_END) : 0)
        request.priority = envelope.priority
    }

    private static func byteCount(of envelope: Envelope) -> Int {
        var count = envelope.id.utf8.count + 16
        count += (envelope.sequence?.id.utf8.count ?? 0) + 16
        count += byteCount(of: envelope.inputs)
        if let lesson = envelope.lesson {
            count += byteCount(of: lesson.labels) + (lesson.subjectID?.utf8.count ?? 0) + 16
        }
        for parameter in envelope.parameters {
            count += MemoryLayout<sluice_kv>.size + parameter.key.utf8.count + parameter.value.text.utf8.count + 32
        }
        for name in envelope.wantedOutputs { count += 8 + name.utf8.count + 16 }
        return count + 64
    }

    private static func byteCount(of tensors: [Tensor]) -> Int {
        var count = 0
        for index in tensors.indices {
            count += MemoryLayout<sluice_tensor>.size + tensors[index].shape.count * 8 + 32
            count += tensors[index].name.utf8.count
        }
        return count
    }

    private mutating func reserve(_ count: Int) {
        guard count > capacity else { return }
        free(block)
        capacity = max(1024, count.nextPowerOfTwo)
        block = malloc(capacity)
        precondition(block != nil, "out of memory")
    }

    /// The next `count` bytes, aligned to 8. `reserve` made sure that they are there.
    private mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
        let start = (used + 7) & ~7
        used = start + count
        precondition(used <= capacity)
        return block! + start
    }

    private mutating func text(_ text: String) -> UnsafePointer<CChar> {
        var text = text
        return text.withUTF8 { utf8 in
            let memory = take(utf8.count + 1)
            if let source = utf8.baseAddress {
                memory.copyMemory(from: source, byteCount: utf8.count)
                // A NUL inside would cut the text short; texts come from clients.
                var start = memory
                while let zero = memchr(start, 0, memory + utf8.count - start) {
                    zero.storeBytes(of: UInt8(ascii: " "), as: UInt8.self)
                    start = zero + 1
                }
            }
            memory.storeBytes(of: 0, toByteOffset: utf8.count, as: UInt8.self)
            return UnsafePointer(memory.assumingMemoryBound(to: CChar.self))
        }
    }

    private mutating func tensors(_ inputs: [Tensor]) -> UnsafeMutablePointer<sluice_tensor>? {
        guard !inputs.isEmpty else { return nil }
        let memory = take(inputs.count * MemoryLayout<sluice_tensor>.stride)
        let tensors = memory.bindMemory(to: sluice_tensor.self, capacity: inputs.count)
        for index in inputs.indices { tensors[index] = tensor(index, of: inputs) }
        return tensors
    }

    // By index: a copy of a tensor counts up and down what it holds.
    private mutating func tensor(_ index: Int, of inputs: [Tensor]) -> sluice_tensor {
        let rank = inputs[index].shape.count
        let shape = take(rank * 8).bindMemory(to: Int64.self, capacity: rank)
        for axis in 0..<rank { shape[axis] = Int64(inputs[index].shape[axis]) }
        return sluice_tensor(
            data: inputs[index].byteCount > 0 ? inputs[index].storage.base + inputs[index].byteOffset : nil,
            device_type: Int32(SLUICE_CPU), device_id: 0, ndim: Int32(rank),
            dtype: inputs[index].dataType.dlpack, shape: shape, strides: nil, byte_offset: 0,
            name: text(inputs[index].name), byte_size: UInt64(inputs[index].byteCount),
            offsets: inputs[index].offsets.map { UnsafePointer($0.base.assumingMemoryBound(to: Int64.self)) },
            release: nil, owner: nil, reserved: 0)
    }

    private mutating func parameters(_ parameters: [Envelope.Parameter]) -> UnsafeMutablePointer<sluice_kv>? {
        guard !parameters.isEmpty else { return nil }
        let memory = take(parameters.count * MemoryLayout<sluice_kv>.stride)
        let pairs = memory.bindMemory(to: sluice_kv.self, capacity: parameters.count)
        for (index, parameter) in parameters.enumerated() {
            pairs[index] = sluice_kv(key: text(parameter.key), value: text(parameter.value.text))
        }
        return pairs
    }

    private mutating func names(_ names: [String]) -> UnsafePointer<UnsafePointer<CChar>?>? {
        guard !names.isEmpty else { return nil }
        let memory = take(names.count * 8)
        let list = memory.bindMemory(to: UnsafePointer<CChar>?.self, capacity: names.count)
        for (index, name) in names.enumerated() { list[index] = text(name) }
        return UnsafePointer(list)
    }
}

extension Int {
    fileprivate var nextPowerOfTwo: Int { 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
