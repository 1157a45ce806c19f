internal import CZlib
internal import Codecs
internal import NIOCore
internal import Tensors

/// Compresses a whole answer, as fast as its compression can.
enum Deflater {
    /// Smaller bodies don't get smaller.
    static let smallest = 1 << 10

    /// The compressed bytes; `nil` where there is no memory.
    static func compress(_ segments: [EncodedBody.Segment], _ coding: ContentCoding) -> [UInt8]? {
        if coding == .zstd { return ZstdCompressor.compress(segments) }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        defer { unsafe stream.deallocate() }
        let windowBits = coding == .gzip ? 16 + MAX_WBITS : MAX_WBITS
        let status = unsafe deflateInit2_(
            stream, Z_BEST_SPEED, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { return nil }
        defer { unsafe deflateEnd(stream) }
        var output = ByteBuffer()
        for segment in segments {
            switch segment {
            case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe run(stream, $0, Z_NO_FLUSH, into: &output) }
            case .tensor(let tensor): unsafe tensor.withBytes { unsafe run(stream, $0, Z_NO_FLUSH, into: &output) }
            }
        }
        unsafe run(stream, UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH, into: &output)
        return Array(output.readableBytesView)
    }

    /// Takes all of `input` in; zlib counts with 32 bits, so that goes piece by piece.
    private static func run(
        _ stream: UnsafeMutablePointer<z_stream>, _ input: UnsafeRawBufferPointer, _ flush: Int32,
        into output: inout ByteBuffer
    ) {
        var rest = unsafe input[...]
        repeat {
            let piece = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            unsafe rest = rest.dropFirst(piece.count)
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe stream.pointee.avail_in = UInt32(truncatingIfNeeded: piece.count)
            repeat {
                let room = 64 << 10
                unsafe output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                    unsafe stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    unsafe stream.pointee.avail_out = UInt32(truncatingIfNeeded: room)
                    _ = unsafe deflate(stream, flush)
                    return unsafe room - Int(stream.pointee.avail_out)
                }
            } while unsafe stream.pointee.avail_out == 0
        } while unsafe !rest.isEmpty
    }
}

extension HTTPResponse {
    /// The response as a client that asked for a compression gets it; `nil` where it is to go out as it is.
    func compressed(_ coding: ContentCoding) -> HTTPResponse? {
        guard errorCode == nil, bodyByteCount >= Deflater.smallest, let bytes = Deflater.compress(body, coding) else {
            return nil
        }
        var response = self
        response.body = [.bytes(bytes)]
        response.fields.append(("content-encoding", coding.rawValue))
        response.fields.append(("vary", "accept-encoding"))
        return response
    }
}
