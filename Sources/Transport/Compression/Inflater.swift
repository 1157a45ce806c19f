internal import CZlib
internal import NIOCore
internal import Tensors

/// Decompresses one body or message, gzip or zlib (which both HTTP and gRPC call deflate), as its pieces come in.
///
/// Invariant: `stream` points at a `z_stream` that `inflateInit2` has made and `deinit` ends; zlib keeps its address.
@safe final class Inflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private var total = 0
    private var hasEnded = false

    /// Whether there is such a compression here.
    static func knows(_ encoding: String) -> Bool {
        encoding == "gzip" || encoding == "deflate" || encoding == "identity"
    }

    /// - Throws: `unsupported_media_type` for a compression that isn't known.
    init(_ encoding: String) throws(SluiceError) {
        let windowBits: Int32
        switch encoding {
        case "gzip", "x-gzip": windowBits = 16 + MAX_WBITS
        case "deflate": windowBits = MAX_WBITS
        default:
            throw SluiceError(
                .unsupportedMediaType,
                "the compression \"\(encoding.prefix(32))\" isn't known here; send gzip, deflate or the bytes as they are",
                detail: [.init("supported", ["gzip", "deflate", "identity"])])
        }
        unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe inflateInit2_(
            stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            throw SluiceError(.overloaded, "there is no memory to decompress the request")
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// What the next compressed bytes stand for.
    ///
    /// - Parameter limit: the most bytes that the whole may become.
    /// - Throws: `malformed_body`; `payload_too_large`.
    func inflate(_ input: ByteBuffer, limit: Int) throws(SluiceError) -> ByteBuffer {
        var output = ByteBuffer()
        guard input.readableBytes > 0 else { return output }
        if hasEnded { throw SluiceError(.malformedBody, "bytes follow the end of the compressed body") }
        var outcome = Z_OK
        unsafe input.withUnsafeReadableBytes { bytes in
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe stream.pointee.avail_in = UInt32(truncatingIfNeeded: bytes.count)
            repeat {
                // One byte more than allowed tells a body that is too large from one that just fits.
                let room = min(max(16 << 10, 4 * bytes.count), limit - total + 1, 1 << 20)
                unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                    unsafe stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    unsafe stream.pointee.avail_out = UInt32(truncatingIfNeeded: room)
                    outcome = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                    let written = unsafe room - Int(stream.pointee.avail_out)
                    total += written
                    return written
                }
            } while unsafe outcome == Z_OK && total <= limit
                && (stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0)
            unsafe stream.pointee.next_in = nil
        }
        guard total <= limit else {
            throw SluiceError(
                .payloadTooLarge, "the body is larger than the \(limit) bytes taken here, once it is decompressed",
                detail: [.init("limit", limit)])
        }
        switch outcome {
        case Z_STREAM_END:
            hasEnded = true
            guard unsafe stream.pointee.avail_in == 0 else {
                throw SluiceError(.malformedBody, "bytes follow the end of the compressed body")
            }
        case Z_OK, Z_BUF_ERROR: break
        case Z_MEM_ERROR: throw SluiceError(.overloaded, "there is no memory to decompress the request")
        default: throw SluiceError(.malformedBody, "the compressed body is malformed")
        }
        return output
    }

    /// The compressed bytes have all come in.
    ///
    /// - Throws: `malformed_body` where their end is missing.
    func finish() throws(SluiceError) {
        guard hasEnded else { throw SluiceError(.malformedBody, "the compressed body is cut off") }
    }
}
