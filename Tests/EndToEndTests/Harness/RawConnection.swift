import Foundation
import Glibc

/// A TCP connection to the gateway that sends exactly the bytes it is told to.
///
/// Invariant behind `@unchecked Sendable`: one thread at a time uses it.
final class RawConnection: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let descriptor: Int32
    var received: [UInt8] = []

    /// - Parameter source: the address of this machine that the connection comes from; 127.0.0.1 by default.
    init(port: Int, from source: String? = nil) throws {
        // Closed by `deinit` wherever this fails below: everything is initialised then. Closing it here too would take
        // somebody else's descriptor of the same number.
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        if let source {
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr(source)
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard bound == 0 else {
                throw Failure(description: "can't come from \(source): \(String(cString: strerror(errno)))")
            }
        }
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            throw Failure(description: "can't connect to port \(port): \(String(cString: strerror(errno)))")
        }
        // A hang shows as a failed read instead of a stuck test.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { Glibc.close(descriptor) }

    /// Sends bytes; a connection that the gateway has closed takes no more, which isn't an error here.
    func send(_ bytes: some Collection<UInt8>) {
        let all = Array(bytes)
        var sent = 0
        while sent < all.count {
            let count = all[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Says that nothing more will come.
    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// More bytes, or `nil` at the end of the connection.
    func fill() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 {
            received += buffer[..<count]
            return true
        }
        if count == 0 || errno == ECONNRESET { return false }
        throw Failure(description: "no answer: \(String(cString: strerror(errno)))")
    }

    /// Whether the gateway closes the connection without sending more.
    func isClosedByPeer() throws -> Bool {
        while try fill() {}
        return received.isEmpty
    }

    /// The next response; informational ones are skipped unless asked for.
    func response(skipInformational: Bool = true, toHead: Bool = false) throws -> Response {
        while true {
            let response = try readResponse(toHead: toHead)
            if skipInformational && (100...199).contains(response.status) { continue }
            return response
        }
    }

    private func readResponse(toHead: Bool) throws -> Response {
        var end = received.firstRange(of: Array("\r\n\r\n".utf8))
        while end == nil {
            guard try fill() else {
                throw Failure(
                    description: "the connection ended before a response: "
                        + String(decoding: received.prefix(200), as: UTF8.self))
            }
            end = received.firstRange(of: Array("\r\n\r\n".utf8))
        }
        guard let end else { throw Failure(description: "unreachable") }
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        received.removeFirst(end.upperBound)
        let status = Int(lines[0].split(separator: " ")[1]) ?? 0
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        var response = Response(status: status, headers: headers, body: [])
        if toHead || (100...199).contains(status) || status == 204 { return response }
        if let length = headers["content-length"].flatMap({ Int($0) }) {
            while received.count < length {
                guard try fill() else { throw Failure(description: "the body ended early") }
            }
            response.body = Array(received[..<length])
            received.removeFirst(length)
        } else if headers["transfer-encoding"] == "chunked" {
            response.body = try readChunks()
        } else {
            while try fill() {}
            response.body = received
            received = []
        }
        return response
    }

    private func readLine() throws -> String {
        while true {
            if let end = received.firstRange(of: Array("\r\n".utf8)) {
                let line = String(decoding: received[..<end.lowerBound], as: UTF8.self)
                received.removeFirst(end.upperBound)
                return line
            }
            guard try fill() else { throw Failure(description: "the chunked body ended early") }
        }
    }

    private func readChunks() throws -> [UInt8] {
        var body: [UInt8] = []
        while true {
            let size = Int(try readLine(), radix: 16) ?? 0
            while received.count < size + 2 {
                guard try fill() else { throw Failure(description: "a chunk ended early") }
            }
            body += received[..<size]
            received.removeFirst(size + 2)
            if size == 0 { return body }
        }
    }

    /// One chunk of a streamed body, once its head has been read with `toHead`.
    func chunk() throws -> [UInt8] {
        let size = Int(try readLine(), radix: 16) ?? 0
        while received.count < size + 2 {
            guard try fill() else { throw Failure(description: "a chunk ended early") }
        }
        defer { received.removeFirst(size + 2) }
        return Array(received[..<size])
    }
}

/// One HTTP response.
struct Response {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
    }
    /// The stable code of an error.
    var code: String? { json["code"] as? String }
    /// The text of an error.
    var error: String? { json["error"] as? String }
}

extension GatewayFixture {
    /// Sends one request on a connection of its own.
    func request(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8] = [], port: Int? = nil,
        from source: String? = nil
    ) throws -> Response {
        let connection = try RawConnection(port: port ?? self.port, from: source)
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if method != "GET" && method != "HEAD" { head += "Content-Length: \(body.count)\r\n" }
        connection.send(Array((head + "\r\n").utf8) + body)
        return try connection.response(toHead: method == "HEAD")
    }

    func post(_ path: String, _ body: String, type: String? = "application/json", headers: [String: String] = [:])
        throws -> Response
    {
        var headers = headers
        if let type { headers["Content-Type"] = type }
        return try request("POST", path, headers: headers, body: Array(body.utf8))
    }

    func get(_ path: String, headers: [String: String] = [:], port: Int? = nil) throws -> Response {
        try request("GET", path, headers: headers, port: port)
    }
}
