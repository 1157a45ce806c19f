import Foundation
import Glibc
import NIOConcurrencyHelpers

/// Carries bytes between clients and a server, the server's answers later than they came.
///
/// Invariant behind `@unchecked Sendable`: descriptors are set once; the rest guards itself.
final class SlowProxy: @unchecked Sendable {
    let port: Int
    private let listener: Int32
    private let target: Int
    private let delay = NIOLockedValueBox<useconds_t>(0)
    private let open = NIOLockedValueBox<[Int32]>([])

    init(to target: Int) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) | getsockname(descriptor, $0, &length) | listen(descriptor, 16)
            }
        }
        guard result == 0 else { throw RawConnection.Failure(description: "the proxy can't listen") }
        port = Int(in_port_t(bigEndian: address.sin_port))
        Thread { [self] in accept() }.start()
    }

    /// How much later answers come from now on.
    func slow(milliseconds: Int) { delay.withLockedValue { $0 = useconds_t(milliseconds * 1000) } }

    /// Ends the listener and every connection.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for descriptor in open.withLockedValue({ $0 }) { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(target).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else {
                close(client)
                close(server)
                continue
            }
            open.withLockedValue { $0 += [client, server] }
            Thread { [self] in carry(from: client, to: server, isLate: false) }.start()
            Thread { [self] in carry(from: server, to: client, isLate: true) }.start()
        }
    }

    private func carry(from source: Int32, to target: Int32, isLate: Bool) {
        let queue = NIOLockedValueBox<[(due: UInt64, bytes: [UInt8])]>([])
        let filled = DispatchSemaphore(value: 0)
        // Each piece waits by itself, so that slow answers don't hold the later ones up further.
        Thread {
            while true {
                filled.wait()
                let (due, bytes) = queue.withLockedValue { $0.removeFirst() }
                if bytes.isEmpty { break }
                let now = DispatchTime.now().uptimeNanoseconds
                if due > now { usleep(useconds_t((due - now) / 1000)) }
                var sent = 0
                while sent < bytes.count {
                    let count = bytes[sent...].withUnsafeBytes {
                        Glibc.send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    if count <= 0 { break }
                    sent += count
                }
            }
            shutdown(target, Int32(SHUT_RDWR))
        }.start()
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            let wait = isLate ? delay.withLockedValue { $0 } : 0
            let due = DispatchTime.now().uptimeNanoseconds + UInt64(wait) * 1000
            queue.withLockedValue { $0.append((due, count > 0 ? Array(buffer[..<count]) : [])) }
            filled.signal()
            if count <= 0 { return }
        }
    }
}
