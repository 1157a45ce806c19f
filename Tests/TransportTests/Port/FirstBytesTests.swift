import Testing

@testable import Transport

@Suite struct FirstBytesTests {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    @Test func everyPrefixOfThePrefaceIsUndecidedAndTheWholeIsHTTP2() {
        for count in 0..<Self.preface.count { #expect(FirstBytes(Self.preface[..<count]) == .undecided) }
        #expect(FirstBytes(Self.preface) == .http2)
        #expect(FirstBytes(Self.preface + [0, 0, 0, 4]) == .http2)
    }

    @Test func oneWrongByteInThePrefaceIsHTTP1() {
        for index in Self.preface.indices {
            var bytes = Self.preface
            bytes[index] ^= 0x20
            #expect(FirstBytes(bytes) == .http1)
        }
    }

    @Test(arguments: ["GET / HTTP/1.1", "POST /v1", "PUT", "PRX", "\r\n", " ", "\u{0}"]) func otherTextIsHTTP1(
        _ text: String
    ) {
        #expect(FirstBytes(text.utf8) == .http1)
    }

    @Test func aHandshakeRecordIsTLS() {
        #expect(FirstBytes([0x16]) == .tls)
        #expect(FirstBytes([0x16, 3, 1, 2, 0]) == .tls)
        #expect(FirstBytes([0x15, 3, 1]) == .http1)
    }
}
