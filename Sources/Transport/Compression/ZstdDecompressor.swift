internal import CZstd
internal import Tensors

/// Undoes Zstandard (RFC 8878), with windows of at most 8 MiB, as RFC 9659 has it for HTTP.
///
/// Invariant: `context` is one that `ZSTD_createDCtx` has made and `deinit` frees.
@safe final class ZstdDecompressor: Decompressor {
    private let context: OpaquePointer
    private static let windowBits: Int32 = 23

    let mayGoOn = true

    /// - Throws: `overloaded` where there is no memory.
    init() throws(SluiceError) {
        guard let context = unsafe ZSTD_createDCtx() else { throw Inflater.noMemory }
        unsafe self.context = unsafe context
        _ = unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Self.windowBits)
    }

    deinit {
        unsafe ZSTD_freeDCtx(context)
    }

    func step(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> DecompressionStep {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = unsafe ZSTD_decompressStream(context, &target, &source)
        let outcome: DecompressionStep.Outcome =
            if ZSTD_isError(status) != 0 {
                switch ZSTD_getErrorCode(status) {
                case ZSTD_error_frameParameter_windowTooLarge: .windowTooLarge
                case ZSTD_error_memory_allocation: .noMemory
                default: .damaged
                }
            } else {
                status == 0 ? .end : .more
            }
        return unsafe DecompressionStep(outcome: outcome, read: source.pos, written: target.pos)
    }
}
