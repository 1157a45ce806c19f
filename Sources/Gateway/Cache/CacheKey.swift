internal import Crypto
internal import Tensors

/// What was asked, as a SHA-256 over all that an answer may depend on: nobody can make up a request that gets another's.
struct CacheKey: Sendable, Hashable {
    private let high: (UInt64, UInt64)
    private let low: (UInt64, UInt64)

    /// - Returns: `nil` where answers to the request are never kept: it belongs to a sequence.
    init?(_ envelope: Envelope) {
        guard envelope.sequence == nil else { return nil }
        var digest = SHA256()
        // Each text and number is preceded by its length or is of fixed length: no two requests look the same.
        for input in envelope.inputs.sorted(by: { $0.name < $1.name }) {
            digest.add(input.name)
            digest.add(Int(input.dataType.rawValue))
            digest.add(input.shape.count)
            for dimension in input.shape { digest.add(dimension) }
            digest.add(input.byteCount)
            unsafe input.withBytes { bytes in unsafe digest.update(bufferPointer: bytes) }
            // Unaligned or not, offsets are the same numbers: they begin at 0.
            if let offsets = input.offsets { unsafe digest.update(bufferPointer: offsets.bytes) }
        }
        digest.add(envelope.wantedOutputs.count)
        for name in envelope.wantedOutputs { digest.add(name) }
        // The trace context differs with each request and says nothing of what is asked.
        for parameter in envelope.parameters where parameter.key != "traceparent" {
            digest.add(parameter.key)
            digest.add(parameter.value.text)
        }
        let bytes = Array(digest.finalize())
        func word(_ index: Int) -> UInt64 { bytes[(index * 8)..<(index * 8 + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
        high = (word(0), word(1))
        low = (word(2), word(3))
    }

    static func == (left: CacheKey, right: CacheKey) -> Bool { left.high == right.high && left.low == right.low }

    func hash(into hasher: inout Hasher) { hasher.combine(high.0) }
}

extension SHA256 {
    fileprivate mutating func add(_ number: Int) {
        unsafe withUnsafeBytes(of: number) { bytes in unsafe update(bufferPointer: bytes) }
    }

    fileprivate mutating func add(_ text: String) {
        var text = text
        add(text.utf8.count)
        text.withUTF8 { bytes in unsafe update(bufferPointer: UnsafeRawBufferPointer(bytes)) }
    }
}
