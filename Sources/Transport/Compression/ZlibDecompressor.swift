internal import CZlib
internal import Tensors

/// Undoes gzip and zlib.
///
/// Invariant: `stream` points at a `z_stream` that `inflateInit2` has made and `deinit` ends; zlib keeps its address.
@safe final class ZlibDecompressor: Decompressor {
    private let stream: UnsafeMutablePointer<z_stream>

    let mayGoOn = false

    /// - Throws: `overloaded` where there is no memory.
    init(hasGzipHeader: Bool) throws(SluiceError) {
        unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe inflateInit2_(
            stream, hasGzipHeader ? 16 + MAX_WBITS : MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw Inflater.noMemory }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func step(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> DecompressionStep {
        // zlib counts with 32 bits.
        let taken = min(input.count, 1 << 30)
        unsafe stream.pointee.next_in = UnsafeMutablePointer(
            mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        unsafe stream.pointee.avail_in = UInt32(truncatingIfNeeded: taken)
        unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_out = UInt32(truncatingIfNeeded: output.count)
        let status = unsafe inflate(stream, Z_NO_FLUSH)
        unsafe stream.pointee.next_in = nil
        let outcome: DecompressionStep.Outcome =
            switch status {
            case Z_STREAM_END: .end
            case Z_OK, Z_BUF_ERROR: .more
            case Z_MEM_ERROR: .noMemory
            default: .damaged
            }
        return unsafe DecompressionStep(
            outcome: outcome, read: taken - Int(stream.pointee.avail_in),
            written: output.count - Int(stream.pointee.avail_out))
    }
}
