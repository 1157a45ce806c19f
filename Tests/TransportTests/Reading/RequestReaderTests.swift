import NIOCore
import NIOHTTP1
import Testing

@testable import Transport

struct RequestReaderTests {
    private static let head = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"

    /// What the reader makes of pieces: `h/a` for a head, `b4` for four bytes of a body, `e`, `u`.
    private func events(_ pieces: [String]) -> String {
        var reader = RequestReader(known: KnownFields(key: Array("authorization".utf8)))
        var events: [String] = []
        for piece in pieces {
            reader.append(ByteBuffer(string: piece))
            reading: while let event = reader.next() {
                switch event {
                case .head(let head): events.append("h\(head.uri)")
                case .body(let bytes): events.append("b\(bytes.readableBytes)")
                case .end: events.append("e")
                case .unusual:
                    events.append("u\(reader.takeUnread().readableBytes)")
                    break reading
                }
            }
        }
        return events.joined(separator: " ")
    }

    @Test func takesRequestsApart() {
        #expect(events([Self.head + "body"]) == "h/a b4 e")
        #expect(events([Self.head, "bo", "dy"]) == "h/a b2 b2 e")
        #expect(events([Self.head + "body" + Self.head + "bo", "dy"]) == "h/a b4 e h/a b2 b2 e")
        #expect(events(["GET /b HTTP/1.1\r\nHost: a\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n\r\n"]) == "h/b e h/c e")
    }

    @Test func waitsForTheEndOfAHeadAFewTimes() {
        #expect(events(["POST", " /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4", "\r\n\r\nbody"]) == "h/a b4 e")
        #expect(events(["P", "O", "S", "T", " ", "/"]) == "u4 u1 u1")
    }

    @Test func theSameHeadAgainMeansTheSame() {
        let other = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
        #expect(
            events([Self.head + "body", Self.head + "body", other + "body", Self.head.dropLast() + ""])
                == "h/a b4 e h/a b4 e h/b b4 e")
    }

    @Test func handsOverFromTheUnusualHeadOn() {
        let chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        #expect(events([Self.head + "body" + chunked]) == "h/a b4 e u\(chunked.utf8.count)")
    }
}
