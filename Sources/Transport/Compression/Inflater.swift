internal import NIOCore
internal import Tensors

/// Decompresses one body or message as its pieces come in: gzip, zlib (which both HTTP and gRPC call deflate) or zstd.
@safe final class Inflater {
    private let decoder: any Decompressor
    private var total = 0
    private var hasEnded = false

    /// Whether gRPC's messages may come in that compression.
    static func knows(_ encoding: String) -> Bool {
        encoding == "gzip" || encoding == "deflate" || encoding == "identity"
    }

    /// - Throws: `unsupported_media_type` for a compression that isn't known.
    init(_ encoding: String) throws(SluiceError) {
        switch encoding {
        case "gzip", "x-gzip": decoder = try ZlibDecompressor(hasGzipHeader: true)
        case "deflate": decoder = try ZlibDecompressor(hasGzipHeader: false)
        case "zstd": decoder = try ZstdDecompressor()
        default:
            throw SluiceError(
                .unsupportedMediaType,
                "the compression \"\(encoding.prefix(32))\" isn't known here; send gzip, deflate, zstd or the bytes as they are",
                detail: [.init("supported", ["gzip", "deflate", "zstd", "identity"])])
        }
    }

    /// What the next compressed bytes stand for.
    ///
    /// - Parameter limit: the most bytes that the whole may become.
    /// - Throws: `malformed_body`; `payload_too_large`.
    func inflate(_ input: ByteBuffer, limit: Int) throws(SluiceError) -> ByteBuffer {
        var output = ByteBuffer()
        guard input.readableBytes > 0 else { return output }
        var outcome = DecompressionStep.Outcome.more
        unsafe input.withUnsafeReadableBytes { bytes in
            var rest = unsafe bytes[...]
            var wasFull = false
            repeat {
                if hasEnded, !decoder.mayGoOn {
                    outcome = .bytesBehindEnd
                    break
                }
                // One byte more than allowed tells a body that is too large from one that just fits.
                let room = min(max(16 << 10, 4 * bytes.count), limit - total + 1, 1 << 20)
                unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                    let step = unsafe decoder.step(
                        UnsafeRawBufferPointer(rebasing: rest),
                        into: UnsafeMutableRawBufferPointer(rebasing: space[..<room]))
                    unsafe rest = rest.dropFirst(step.read)
                    outcome = step.outcome
                    hasEnded = outcome == .end
                    wasFull = step.written == room
                    total += step.written
                    return step.written
                }
            } while unsafe (outcome == .more || outcome == .end) && total <= limit
                && (!rest.isEmpty || outcome == .more && wasFull)
        }
        guard total <= limit else {
            throw SluiceError(
                .payloadTooLarge, "the body is larger than the \(limit) bytes taken here, once it is decompressed",
                detail: [.init("limit", limit)])
        }
        switch outcome {
        case .more, .end: break
        case .bytesBehindEnd: throw SluiceError(.malformedBody, "bytes follow the end of the compressed body")
        case .noMemory: throw Self.noMemory
        case .damaged: throw SluiceError(.malformedBody, "the compressed body is malformed")
        case .windowTooLarge:
            throw SluiceError(
                .malformedBody,
                "the compressed body asks for a window of more than 8 MiB, which HTTP doesn't allow (RFC 9659)")
        }
        return output
    }

    /// The compressed bytes have all come in.
    ///
    /// - Throws: `malformed_body` where their end is missing.
    func finish() throws(SluiceError) {
        guard hasEnded else { throw SluiceError(.malformedBody, "the compressed body is cut off") }
    }

    static let noMemory = SluiceError(.overloaded, "there is no memory to decompress the request")
}
