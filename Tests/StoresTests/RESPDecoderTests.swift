import NIOCore
import Testing

@testable import Stores

@Suite struct RESPDecoderTests {
    private func decode(_ text: String) throws -> [RESPValue] {
        var decoder = RESPDecoder()
        var buffer = ByteBuffer(string: text)
        var values: [RESPValue] = []
        while let value = try decoder.decode(buffer: &buffer) { values.append(value) }
        return values
    }

    @Test(
        arguments: [
            ("+OK\r\n", [.simple("OK")]), ("-ERR no\r\n", [.error("ERR no")]), (":-7\r\n", [.integer(-7)]),
            ("$3\r\na\r\n\r\n", [.bulk(Array("a\r\n".utf8))]), ("$-1\r\n", [.bulk(nil)]), ("$0\r\n\r\n", [.bulk([])]),
            ("*-1\r\n", [.array(nil)]), ("*0\r\n", [.array([])]),
            ("*2\r\n:1\r\n*1\r\n+x\r\n:2\r\n", [.array([.integer(1), .array([.simple("x")])]), .integer(2)]),
        ] as [(String, [RESPValue])])
    func readsWhatServersSend(text: String, values: [RESPValue]) throws {
        #expect(try decode(text) == values)
        // However it is cut: a value comes once it is all there.
        for cut in 0..<text.utf8.count {
            var decoder = RESPDecoder()
            var buffer = ByteBuffer(bytes: Array(text.utf8.prefix(cut)))
            var found: [RESPValue] = []
            while let value = try decoder.decode(buffer: &buffer) { found.append(value) }
            buffer.writeBytes(Array(text.utf8.dropFirst(cut)))
            while let value = try decoder.decode(buffer: &buffer) { found.append(value) }
            #expect(found == values, "cut at \(cut)")
        }
    }

    @Test(arguments: [
        "?\r\n", ":x\r\n", "$9999999\r\n", "$-2\r\n", "$x\r\n", "*5000\r\n", "+a\n", "$1\r\nab\r\n",
        String(repeating: "*1\r\n", count: 6), "+" + String(repeating: "a", count: 5_000),
        ":99999999999999999999999\r\n",
    ])
    func refusesWhatNoServerSends(text: String) {
        #expect(throws: RESPDecoder.Malformed.self) { try decode(text) }
    }

    @Test func writesCommandsByTheirBytes() {
        var buffer = ByteBuffer()
        buffer.writeCommand(["SET", "ä", ""])
        #expect(String(buffer: buffer) == "*3\r\n$3\r\nSET\r\n$2\r\nä\r\n$0\r\n\r\n")
    }
}
