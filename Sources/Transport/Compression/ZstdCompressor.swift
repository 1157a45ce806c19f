internal import CZstd
internal import Codecs
internal import NIOCore
internal import Tensors

/// Compresses a whole answer by Zstandard, as fast as that can.
enum ZstdCompressor {
    private static let level: Int32 = 1

    /// The compressed bytes; `nil` where there is no memory.
    static func compress(_ segments: [EncodedBody.Segment]) -> [UInt8]? {
        guard let context = unsafe ZSTD_createCCtx() else { return nil }
        defer { unsafe ZSTD_freeCCtx(context) }
        _ = unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
        // The receiver can take memory for just so much, and no more.
        _ = unsafe ZSTD_CCtx_setPledgedSrcSize(context, UInt64(segments.reduce(0) { $0 + $1.byteCount }))
        var output = ByteBuffer()
        for segment in segments {
            let isWritten =
                switch segment {
                case .bytes(let bytes):
                    unsafe bytes.withUnsafeBytes { unsafe run(context, $0, ZSTD_e_continue, into: &output) }
                case .tensor(let tensor):
                    unsafe tensor.withBytes { unsafe run(context, $0, ZSTD_e_continue, into: &output) }
                }
            guard isWritten else { return nil }
        }
        guard unsafe run(context, UnsafeRawBufferPointer(start: nil, count: 0), ZSTD_e_end, into: &output) else {
            return nil
        }
        return Array(output.readableBytesView)
    }

    /// Takes all of `input` in; false where that can't be done.
    private static func run(
        _ context: OpaquePointer, _ input: UnsafeRawBufferPointer, _ directive: ZSTD_EndDirective,
        into output: inout ByteBuffer
    ) -> Bool {
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        let room = 64 << 10
        while true {
            var status = 0
            unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                var target = unsafe ZSTD_outBuffer(dst: space.baseAddress, size: room, pos: 0)
                status = unsafe ZSTD_compressStream2(context, &target, &source, directive)
                return unsafe target.pos
            }
            if ZSTD_isError(status) != 0 { return false }
            let isDone = unsafe directive == ZSTD_e_end ? status == 0 : source.pos == source.size
            if isDone { return true }
        }
    }
}
