import NIOCore

@testable import Transport

/// Frames as a client sends them, right ones and wrong ones.
enum Frames {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// What a client begins with.
    static let start = preface + frame(HTTP2FrameType.settings, 0, 0, [])

    static func frame(
        _ type: UInt8, _ flags: UInt8, _ stream: Int, _ payload: [UInt8] = [], length: Int? = nil
    ) -> [UInt8] {
        let length = length ?? payload.count
        return [UInt8(length >> 16 & 255), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
            + [24, 16, 8, 0].map { UInt8(stream >> $0 & 255) } + payload
    }

    /// Header fields as literals that nobody remembers.
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        var head = HTTP2ResponseHead()
        for (name, value) in fields { head.field(named: name, value) }
        return head.finish()
    }

    static let request = block([(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a")])
}
