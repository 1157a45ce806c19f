internal import CSluicePlugin
internal import Glibc
internal import Tensors

/// The memory behind one C struct: texts, lists and tensors, freed with it.
///
/// Invariant behind `@unchecked Sendable`: filled by its maker before a plugin sees it.
final class MemoryPieces: @unchecked Sendable {
    private var blocks: [UnsafeMutableRawPointer] = []
    private var owners: [AnyObject] = []

    deinit {
        for block in blocks { free(block) }
    }

    func keep(_ owner: AnyObject) { owners.append(owner) }

    private func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
        guard let block = calloc(1, max(byteCount, 1)) else { fatalError("out of memory") }
        blocks.append(block)
        return block
    }

    func text(_ text: String) -> UnsafeMutablePointer<CChar> {
        let copy = take(text.utf8.count + 1).assumingMemoryBound(to: CChar.self)
        for (index, byte) in text.utf8.enumerated() { copy[index] = CChar(bitPattern: byte) }
        return copy
    }

    func texts(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?>? {
        guard !texts.isEmpty else { return nil }
        let list = take(texts.count * 8).bindMemory(to: UnsafePointer<CChar>?.self, capacity: texts.count)
        for (index, text) in texts.enumerated() { list[index] = UnsafePointer(self.text(text)) }
        return UnsafePointer(list)
    }

    func pairs(_ pairs: [(key: String, value: String)]) -> UnsafePointer<sluice_kv>? {
        guard !pairs.isEmpty else { return nil }
        let list = take(pairs.count * MemoryLayout<sluice_kv>.stride).bindMemory(
            to: sluice_kv.self, capacity: pairs.count)
        for (index, pair) in pairs.enumerated() {
            list[index] = sluice_kv(key: text(pair.key), value: text(pair.value))
        }
        return UnsafePointer(list)
    }

    func tensors(_ inputs: [InputTensor], memory: ExamRequest.Memory) -> UnsafePointer<sluice_tensor>? {
        guard !inputs.isEmpty else { return nil }
        let list = take(inputs.count * MemoryLayout<sluice_tensor>.stride).bindMemory(
            to: sluice_tensor.self, capacity: inputs.count)
        for (index, input) in inputs.enumerated() {
            let shape = take(input.shape.count * 8).bindMemory(to: Int64.self, capacity: max(input.shape.count, 1))
            for (axis, dimension) in input.shape.enumerated() { shape[axis] = Int64(dimension) }
            let data = input.bytes.withUnsafeBytes { place($0, memory: memory) }
            let offsets = input.offsets.flatMap { $0.withUnsafeBytes { place($0, memory: memory) } }
            list[index] = sluice_tensor(
                data: data, device_type: Int32(SLUICE_CPU), device_id: 0, ndim: Int32(input.shape.count),
                dtype: input.type, shape: shape, strides: nil, byte_offset: 0, name: text(input.name),
                byte_size: UInt64(input.bytes.count),
                offsets: offsets.map { UnsafePointer($0.assumingMemoryBound(to: Int64.self)) }, release: nil,
                owner: nil, reserved: 0)
        }
        return UnsafePointer(list)
    }

    /// The bytes in memory of that kind; `nil` for none.
    private func place(_ bytes: UnsafeRawBufferPointer, memory: ExamRequest.Memory) -> UnsafeMutableRawPointer? {
        guard bytes.count > 0 else { return nil }
        switch memory {
        case .plain:
            let storage = TensorStorage.copy(of: bytes)
            keep(storage)
            return storage.base
        case .guarded, .readOnly:
            let guarded = GuardedMemory(bytes, readOnly: memory == .readOnly)
            keep(guarded)
            return guarded.base
        }
    }
}
