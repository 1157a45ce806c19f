internal import SharedMemory
internal import Tensors

/// A request's tensors on their way into the memory that runners read.
extension RunnerConnection {
    /// A call's inputs, and its labels behind them, in shared memory: those that were decoded there stay where they are.
    struct SharedInputs {
        /// Of the others, in order.
        var copies: [TensorStorage] = []
        /// The first of them of which nothing has been written.
        var next = 0
    }

    /// Sees to it that a call's inputs lie in shared memory.
    ///
    /// - Returns: `nil` where there is no room: the call is over then.
    func share(_ call: InferenceCall, of batch: IsolatedBatch) -> SharedInputs? {
        var shared = SharedInputs()
        var hasRoom = share(call.envelope.inputs, &shared)
        if hasRoom, case .learn(let lesson)? = call.envelope.purpose {
            hasRoom = share(lesson.labels, &shared)
        }
        return hasRoom ? shared : refuse(call, of: batch)
    }

    private func share(_ tensors: [Tensor], _ shared: inout SharedInputs) -> Bool {
        for index in tensors.indices {
            let base = tensors[index].storage.base + tensors[index].byteOffset
            guard share(base, tensors[index].byteCount, &shared) else { return false }
            if let offsets = tensors[index].offsets {
                guard share(offsets.base, offsets.byteCount, &shared) else { return false }
            }
        }
        return true
    }

    private func share(_ bytes: UnsafeMutableRawPointer, _ count: Int, _ shared: inout SharedInputs) -> Bool {
        if count == 0 || inputs.offset(of: bytes, byteCount: count) != nil { return true }
        guard let copy = TensorStorage.allocateIfPossible(byteCount: count, pool: inputs) else { return false }
        copy.base.copyMemory(from: bytes, byteCount: count)
        shared.copies.append(copy)
        return true
    }

    /// Where a tensor lies in shared memory; to be asked for each of a call's once, in their order.
    func place(of index: Int, in tensors: [Tensor], _ shared: inout SharedInputs) -> TensorPlace {
        let base = tensors[index].storage.base + tensors[index].byteOffset
        var place = TensorPlace(offset: offset(of: base, tensors[index].byteCount, &shared))
        if let offsets = tensors[index].offsets {
            place.offsetsOffset = offset(of: offsets.base, offsets.byteCount, &shared)
        }
        return place
    }

    private func offset(of bytes: UnsafeMutableRawPointer, _ count: Int, _ shared: inout SharedInputs) -> Int {
        if count == 0 { return 0 }
        if let offset = inputs.offset(of: bytes, byteCount: count) { return offset }
        defer { shared.next += 1 }
        guard let offset = inputs.offset(of: shared.copies[shared.next].base, byteCount: count) else {
            preconditionFailure("a copy in the arena lies elsewhere")
        }
        return offset
    }

    func write(
        _ call: InferenceCall, as number: CallNumber, _ inputs: inout SharedInputs, to message: inout MessageWriter
    ) {
        message.write(call, number: number) { place(of: $0, in: call.envelope.inputs, &inputs) }
    }
}
