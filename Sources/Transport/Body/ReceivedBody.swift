internal import Codecs
internal import NIOCore
internal import Tensors

/// The body of a request as it comes in: kept as received where it comes in one piece, else gathered in the very memory
/// that the plugin will read.
struct ReceivedBody {
    /// What became of a piece.
    enum Taken: Equatable {
        case ok
        /// The body is larger than the listener takes.
        case tooLarge
        /// All connections together hold as much as they may.
        case noRoom
        /// Its compression can't be undone; `failure` says why.
        case damaged
    }

    private enum Bytes {
        case none
        case received(ByteBuffer)
        /// `count` bytes from `start` on are filled.
        case gathered(TensorStorage, start: Int, count: Int)
    }

    private var bytes = Bytes.none
    let expected: Int?
    private let limit: Int
    /// Where in the body binary tensors begin: that byte is put where tensors are aligned.
    private let tensorsAt: Int
    private let budget: BodyBudget
    /// What undoes the body's compression, where it has one.
    private let inflater: Inflater?
    /// What is wrong with the body's compression.
    private(set) var failure: SluiceError?
    /// Bytes of the budget that are ours.
    private var reserved = 0
    /// Where the body had best lie; `nil` is anywhere.
    var memory: (any TensorMemory)?

    /// - Parameters:
    ///   - expected: the announced length, if any.
    ///   - limit: bytes that the listener takes, once they are decompressed.
    init(expected: Int?, limit: Int, tensorsAt: Int = 0, budget: BodyBudget, inflater: Inflater? = nil) {
        self.expected = inflater == nil ? expected : nil
        self.inflater = inflater
        self.limit = limit
        self.tensorsAt = tensorsAt
        self.budget = budget
    }

    var count: Int {
        switch bytes {
        case .none: 0
        case .received(let buffer): buffer.readableBytes
        case .gathered(_, _, let count): count
        }
    }

    /// Adds a piece.
    mutating func append(_ piece: ByteBuffer) -> Taken {
        guard let inflater else { return appendPlain(piece) }
        do throws(SluiceError) {
            let inflated = try inflater.inflate(piece, limit: limit)
            return inflated.readableBytes == 0 ? .ok : appendPlain(inflated)
        } catch {
            failure = error
            return error.code == .payloadTooLarge ? .tooLarge : .damaged
        }
    }

    /// Checks that nothing is missing at the end of the body.
    ///
    /// - Throws: `malformed_body` for a compressed body that is cut off.
    func checkEnd() throws(SluiceError) {
        try inflater?.finish()
    }

    private mutating func appendPlain(_ piece: ByteBuffer) -> Taken {
        let total = count + piece.readableBytes
        guard total <= limit else { return .tooLarge }
        if case .none = bytes, expected == nil || total == expected {
            bytes = .received(piece)
            return .ok
        }
        guard makeRoom(for: total) else { return .noRoom }
        copy(piece)
        return .ok
    }

    /// Lets `read` put bytes where they belong, as long as it has any and at most `limit`; how many those were.
    ///
    /// A compressed body takes none: what comes in isn't what the plugin will read.
    mutating func fill(upTo limit: Int, _ read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        guard inflater == nil, case .gathered(let storage, let start, let count) = bytes else { return 0 }
        let room = unsafe UnsafeMutableRawBufferPointer(
            rebasing: storage.mutableBytes[(start + count)...].prefix(limit))
        var filled = 0
        while filled < room.count {
            let came = unsafe read(UnsafeMutableRawBufferPointer(rebasing: room[filled...]))
            if came == 0 { break }
            filled += came
        }
        bytes = .gathered(storage, start: start, count: count + filled)
        return filled
    }

    /// The bytes as codecs read them; what they lie in lives as long as they do.
    mutating func take() -> RequestBody {
        defer { bytes = .none }
        switch bytes {
        case .none: return RequestBody(.empty)
        case .gathered(let storage, let start, let count):
            return RequestBody(storage, range: start..<(start + count))
        case .received(let buffer):
            guard buffer.readableBytes > 0 else { return RequestBody(.empty) }
            return unsafe buffer.withUnsafeReadableBytesWithStorageManagement { bytes, owner in
                // Nobody writes to the storage from here on: NIO copies a buffer that somebody else holds before it
                // writes.
                RequestBody(unsafe TensorStorage.slice(of: bytes, keptAliveBy: owner.takeUnretainedValue()))
            }
        }
    }

    /// Gives the budget back once nobody needs the body any more.
    mutating func release() {
        bytes = .none
        budget.release(reserved)
        reserved = 0
    }

    /// Sees to it that the body lies in memory of at least that many bytes.
    private mutating func makeRoom(for needed: Int) -> Bool {
        if case .gathered(let storage, let start, _) = bytes, storage.byteCount - start >= needed { return true }
        // Bodies that don't say how long they are grow by doubling.
        let size = expected ?? min(limit, max(needed, 2 * count, 64 << 10))
        guard budget.reserve(size - reserved) else { return false }
        reserved = size
        let padding = TensorStorage.alignment - 1
        let preferred = memory.flatMap { TensorStorage.allocateIfPossible(byteCount: size + padding, pool: $0) }
        guard let storage = preferred ?? TensorStorage.allocateIfPossible(byteCount: size + padding) else {
            return false
        }
        let start = (TensorStorage.alignment - tensorsAt % TensorStorage.alignment) % TensorStorage.alignment
        let old = bytes
        bytes = .gathered(storage, start: start, count: 0)
        switch old {
        case .none: break
        case .received(let buffer): copy(buffer)
        case .gathered(let smaller, let from, let count):
            unsafe UnsafeMutableRawBufferPointer(rebasing: storage.mutableBytes[start...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: smaller.bytes[from..<(from + count)]))
            bytes = .gathered(storage, start: start, count: count)
        }
        return true
    }

    private mutating func copy(_ piece: ByteBuffer) {
        guard case .gathered(let storage, let start, let count) = bytes else { return }
        unsafe piece.withUnsafeReadableBytes { source in
            unsafe UnsafeMutableRawBufferPointer(rebasing: storage.mutableBytes[(start + count)...])
                .copyMemory(from: source)
        }
        bytes = .gathered(storage, start: start, count: count + piece.readableBytes)
    }
}
