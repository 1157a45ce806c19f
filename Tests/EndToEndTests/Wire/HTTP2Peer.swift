import Foundation
import NIOCore
import NIOHPACK

/// An HTTP/2 client that sends exactly the frames it is told to, right ones and wrong ones.
final class HTTP2Peer {
    struct Frame {
        var type: UInt8
        var flags: UInt8
        var stream: Int
        var payload: [UInt8]
        /// The fields of a header block.
        var fields: [(name: String, value: String)] = []

        func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    }

    enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let continuation: UInt8 = 9
    }

    static let endStream: UInt8 = 1
    static let endHeaders: UInt8 = 4

    let connection: RawConnection
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())

    /// Connects and sends the preface, `settings`, and that the gateway's own are heeded.
    init(port: Int, settings: [UInt8] = []) throws {
        connection = try RawConnection(port: port)
        connection.send(
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(Kind.settings, 0, 0, settings)
                + Self.frame(Kind.settings, 1, 0, []))
    }

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: Int, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
            + [24, 16, 8, 0].map { UInt8(stream >> $0 & 255) } + payload
    }

    /// Header fields as HPACK literals that nobody remembers, without Huffman coding.
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        func text(_ value: String) -> [UInt8] {
            let utf8 = Array(value.utf8)
            if utf8.count < 127 { return [UInt8(utf8.count)] + utf8 }
            var rest = utf8.count - 127
            var length: [UInt8] = [127]
            while rest >= 128 {
                length.append(UInt8(rest & 127) | 128)
                rest >>= 7
            }
            return length + [UInt8(rest)] + utf8
        }
        return fields.flatMap { [0] + text($0.0) + text($0.1) }
    }

    static func request(_ method: String, _ path: String, _ more: [(String, String)] = []) -> [UInt8] {
        block([(":method", method), (":scheme", "http"), (":path", path), (":authority", "test")] + more)
    }

    static func grpc(_ method: String, _ more: [(String, String)] = []) -> [UInt8] {
        request("POST", method, [("content-type", "application/grpc"), ("te", "trailers")] + more)
    }

    /// One gRPC message as a body has it.
    static func message(_ bytes: [UInt8], flag: UInt8 = 0, length: Int? = nil) -> [UInt8] {
        [flag] + [24, 16, 8, 0].map { UInt8((length ?? bytes.count) >> $0 & 255) } + bytes
    }

    func send(_ type: UInt8, _ flags: UInt8 = 0, _ stream: Int = 0, _ payload: [UInt8] = []) {
        connection.send(Self.frame(type, flags, stream, payload))
    }

    func sendHeaders(_ block: [UInt8], on stream: Int, end: Bool = false) {
        send(Kind.headers, Self.endHeaders | (end ? Self.endStream : 0), stream, block)
    }

    /// The next frame; `nil` where the gateway has closed the connection.
    func next() throws -> Frame? {
        guard let head = try connection.bytes(9) else { return nil }
        let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        let stream = head[5...].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
        guard let payload = try connection.bytes(length) else { return nil }
        var frame = Frame(type: head[3], flags: head[4], stream: stream, payload: payload)
        if frame.type == Kind.headers {
            // The gateway's blocks fit into one frame and have neither padding nor priorities.
            var block = ByteBuffer(bytes: payload)
            frame.fields = try decoder.decodeHeaders(from: &block).map { ($0.name, $0.value) }
        }
        return frame
    }

    /// The next frame that `isWanted`; `nil` where the connection ends before it.
    func next(where isWanted: (Frame) -> Bool) throws -> Frame? {
        while let frame = try next() {
            if isWanted(frame) { return frame }
        }
        return nil
    }

    /// The error code with which the gateway ends the connection; `nil` where it ends it without a word.
    func goAwayCode() throws -> UInt32? {
        try next { $0.type == Kind.goAway }.map { $0.payload[4..<8].reduce(0) { $0 << 8 | UInt32($1) } }
    }

    /// The error code with which the gateway resets a stream.
    func resetCode(of stream: Int) throws -> UInt32? {
        try next { $0.type == Kind.reset && $0.stream == stream }.map { $0.payload.reduce(0) { $0 << 8 | UInt32($1) } }
    }

    /// Whether the gateway still answers on this connection.
    func isAlive() throws -> Bool {
        let mark: [UInt8] = (0..<8).map { _ in .random(in: 0...255) }
        send(Kind.ping, 0, 0, mark)
        return try next { $0.type == Kind.ping && $0.flags == 1 && $0.payload == mark } != nil
    }
}

extension RawConnection {
    /// The next `count` bytes; `nil` where the connection ends before them.
    func bytes(_ count: Int) throws -> [UInt8]? {
        while received.count < count {
            guard try fill() else { return nil }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }
}
