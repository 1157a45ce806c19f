internal import Glibc
internal import SharedMemory

/// Whole messages over the socket between gateway and runner, each after its length; for starting and ending, which
/// nobody waits for by the microsecond.
struct SocketChannel {
    let descriptor: Int32
    /// What has come of a message that isn't whole yet.
    private var received: [UInt8] = []
    /// Longer ones are a mistake.
    private static let longest = 64 << 20

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Sends all of a message; false where the other side has gone.
    func send(_ message: MessageWriter) -> Bool {
        var bytes: [UInt8] = []
        withUnsafeBytes(of: UInt32(message.count)) { bytes.append(contentsOf: $0) }
        message.withBytes { bytes.append(contentsOf: $0) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                Glibc.poll(&poll, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// What came of an attempt to receive.
    enum Received {
        case message([UInt8])
        /// No whole message yet.
        case nothing
        /// The other side has gone, or sent what can't be.
        case closed
    }

    /// The next whole message; waits for more only where the descriptor is a blocking one.
    mutating func receive() -> Received {
        while true {
            if received.count >= 4 {
                let length = Int(received.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
                if length > Self.longest { return .closed }
                if received.count >= 4 + length {
                    let message = Array(received[4..<4 + length])
                    received.removeFirst(4 + length)
                    return .message(message)
                }
            }
            var chunk = [UInt8](repeating: 0, count: 16 << 10)
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 {
                received.append(contentsOf: chunk[..<count])
            } else if count < 0 && errno == EINTR {
                continue
            } else if count < 0 && errno == EAGAIN {
                return .nothing
            } else {
                return .closed
            }
        }
    }
}
