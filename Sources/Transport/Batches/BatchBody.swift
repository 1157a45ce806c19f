internal import Gateway
internal import NIOCore
internal import Tensors

/// The body of a request for batches on its way to its rows: decompressed where it has to be, and only as fast as they
/// are wanted.
///
/// Invariant: only used on the connection's event loop.
final class BatchBody {
    let stream: BatchStream
    private let inflater: Inflater?
    /// What has come in and waits to be decompressed.
    private var compressed = ByteBuffer()
    private var hasEnded = false
    private var hasToldEnd = false
    private var isFeeding = false

    /// So much is decompressed before it is looked whether more is wanted: it may become a thousand times as much.
    private static let slice = 4 << 10
    /// The whole may have any length.
    private static let anyLength = 1 << 60

    init(_ stream: BatchStream, inflater: Inflater?) {
        self.stream = stream
        self.inflater = inflater
    }

    /// Whether more is wanted now.
    var wantsMore: Bool { compressed.readableBytes == 0 && stream.wantsMore }

    func receive(_ piece: ByteBuffer) {
        guard inflater != nil else { return stream.receive(piece) }
        if compressed.readableBytes == 0 { compressed = piece } else { compressed.writeImmutableBuffer(piece) }
        moved()
    }

    func receiveEnd() {
        hasEnded = true
        guard inflater != nil else { return stream.receiveEnd() }
        moved()
    }

    /// The client has stopped sending.
    func timeOut() {
        stream.fail(SluiceError(.requestTimeout, "the request's body stopped coming"))
    }

    /// Goes on with what waits, as far as it is wanted now; a loop, so that pieces don't nest.
    func moved() {
        guard let inflater, !isFeeding, !hasToldEnd else { return }
        isFeeding = true
        defer { isFeeding = false }
        do throws(SluiceError) {
            while stream.wantsMore {
                let count = min(Self.slice, compressed.readableBytes)
                guard let slice = compressed.readSlice(length: count), count > 0 else { break }
                let plain = try inflater.inflate(slice, limit: Self.anyLength)
                if plain.readableBytes > 0 { stream.receive(plain) }
            }
            if compressed.readableBytes == 0 {
                compressed = ByteBuffer()
                if hasEnded {
                    try inflater.finish()
                    hasToldEnd = true
                    stream.receiveEnd()
                }
            }
        } catch {
            hasToldEnd = true
            stream.fail(error)
        }
    }
}
