import Policies
import Testing

@Suite struct ClaimsReaderTests {
    @Test func readsWhatTokensSay() throws {
        let claims = try ClaimsReader.read(
            Array(
                #" {"iss":"a\u00e9\uD83D\uDE00","n":-1.5e2,"l":["x","y"],"o":{"r":{"s":[true,null]}},"a.b":"dot"} "#
                    .utf8))
        #expect(claims.members["iss"] == .string("aé😀"))
        #expect(claims.members["n"] == .number(-150))
        #expect(claims.members["l"]?.texts == ["x", "y"])
        #expect(claims[path: "o.r.s"] == .list([.bool(true), .null]))
        #expect(claims[path: "a.b"] == .string("dot"))
        #expect(claims[path: "o.r.x"] == nil && claims[path: "l.0"] == nil && claims[path: "."] == nil)
    }

    @Test(arguments: [
        "", "[]", "1", "{", "{}x", #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"a":{"b":1,"b":1}}"#, #"{"a":01}"#,
        #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":1e}"#, #"{"a":1e999}"#, #"{"a":NaN}"#, #"{"a":-}"#, #"{"a":tru}"#,
        #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\uD800"}"#, #"{"a":"\uDC00"}"#, #"{"a":"\uD800\u0041"}"#,
        "{\"a\":\"\n\"}", #"{"a" 1}"#, #"{"a":1,}"#, #"{a:1}"#, #"{"a":[1,]}"#, #"{"a":"b}"#, "{\"a\":1}\0",
        "\u{FEFF}{}",
        #"{'a':1}"#, #"{"a":1 "b":2}"#, "{\"a\":1}/**/",
    ]) func refuses(_ text: String) {
        #expect(throws: ClaimsReader.Fault.self) { try ClaimsReader.read(Array(text.utf8)) }
    }

    @Test func refusesBytesThatAreNoText() {
        for bytes: [UInt8] in [
            [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D], [0x7B, 0x22, 0xC0, 0x80, 0x22, 0x3A, 0x31, 0x7D],
        ] {
            #expect(throws: ClaimsReader.Fault.self) { try ClaimsReader.read(bytes) }
        }
    }

    @Test func boundsDepthAndNumberOfValues() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: #"{"a":"#, count: depth) + "1" + String(repeating: "}", count: depth)).utf8)
        }
        _ = try ClaimsReader.read(nested(ClaimsReader.maximumDepth - 1))
        #expect(throws: ClaimsReader.Fault.self) { try ClaimsReader.read(nested(ClaimsReader.maximumDepth)) }
        #expect(throws: ClaimsReader.Fault.self) { try ClaimsReader.read(nested(100_000)) }
        func long(_ count: Int) -> [UInt8] {
            Array("{\"a\":[\(Array(repeating: "1", count: count).joined(separator: ","))]}".utf8)
        }
        _ = try ClaimsReader.read(long(ClaimsReader.maximumValues - 2))
        #expect(throws: ClaimsReader.Fault.self) { try ClaimsReader.read(long(ClaimsReader.maximumValues - 1)) }
    }
}

@Suite struct Base64URLTests {
    @Test(
        arguments: [
            ("", []), ("AA", [0]), ("_-8", [0xFF, 0xEF]), ("Zm9v", Array("foo".utf8)), ("Zm9vYg", Array("foob".utf8)),
        ] as [(String, [UInt8])]) func decodes(text: String, bytes: [UInt8])
    {
        #expect(Base64URL.decode(Array(text.utf8)) == bytes)
    }

    /// Padding, the other alphabet, blanks, a character too many, bits that say nothing.
    @Test(arguments: ["AA==", "+/8", "A A", "A", "AAAAA", "AB", "Zm9", "AA\n", "é"])
    func refusesWhatNobodyEncodes(text: String) {
        #expect(Base64URL.decode(Array(text.utf8)) == nil)
    }
}
