internal import Glibc
internal import NIOCore

/// The socket of a plain connection, written to without a detour: what the kernel takes at once needs no queue, no
/// promise and no buffer of its own.
///
/// Only for connections whose bytes go out as they are. Whoever uses it makes sure, on the connection's event loop, that
/// the channel is active and that nothing waits in it.
struct DirectSocket {
    /// How many pieces the kernel takes at once (`IOV_MAX`).
    private static let mostPieces = 1024
    private static let flags = CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)

    private let descriptor: CInt

    /// `nil` where the channel has no socket of its own.
    init?(_ channel: any Channel) {
        let descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        guard let descriptor else { return nil }
        self.descriptor = descriptor
    }

    /// Sends as much as the kernel takes now: bytes sent, 0 where that is nothing, or there is an error that the
    /// channel will find.
    func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Int {
        if unsafe second.isEmpty {
            return unsafe max(
                0, send(descriptor, first.baseAddress, first.count, Self.flags)
            )
        }
        return unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { pieces in
            unsafe pieces[0] = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count)
            unsafe pieces[1] = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count)
            var message = unsafe msghdr()
            unsafe message.msg_iov = pieces.baseAddress
            unsafe message.msg_iovlen = 2
            return unsafe max(
                0, sendmsg(descriptor, &message, Self.flags))
        }
    }

    /// The same for any number of pieces, of which some may be empty.
    func write(_ pieces: UnsafeBufferPointer<UnsafeRawBufferPointer>) -> Int {
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: min(pieces.count, Self.mostPieces)) { vectors in
            var sent = 0
            var next = 0
            while next < pieces.count {
                var (count, wanted) = (0, 0)
                while next < pieces.count, count < vectors.count {
                    let piece = unsafe pieces[next]
                    next += 1
                    if unsafe piece.isEmpty { continue }
                    unsafe vectors[count] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: piece.baseAddress), iov_len: piece.count)
                    count += 1
                    wanted += piece.count
                }
                if count == 0 { break }
                var message = unsafe msghdr()
                unsafe message.msg_iov = vectors.baseAddress
                unsafe message.msg_iovlen = count
                let taken = unsafe max(0, sendmsg(descriptor, &message, Self.flags))
                sent += taken
                if taken < wanted { break }
            }
            return sent
        }
    }

    /// Receives what is there now, up to the memory's size; 0 where that is nothing, or the end, which the channel will
    /// find.
    func read(into memory: UnsafeMutableRawBufferPointer) -> Int {
        unsafe max(0, recv(descriptor, memory.baseAddress, memory.count, CInt(MSG_DONTWAIT)))
    }
}
