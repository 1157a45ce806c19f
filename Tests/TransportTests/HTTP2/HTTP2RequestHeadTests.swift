import NIOHPACK
import Policies
import Tensors
import Testing

@testable import Transport

struct HTTP2RequestHeadTests {
    private func head(
        _ fields: [(String, String)], keyField: String, peer: Peer = .unknown
    ) throws -> HTTP2RequestHead {
        let pseudo = [(":method", "POST"), (":scheme", "http"), (":path", "/v1/infer/a?b"), (":authority", "host")]
        return try HTTP2RequestHead(
            HPACKHeaders(pseudo + fields), known: KnownFields(key: Array(keyField.utf8)), peer: peer)
    }

    @Test func keyAndPathAreFound() throws {
        let head = try head([("authorization", "Bearer k"), ("content-type", "text/csv")], keyField: "authorization")
        #expect(head.failure == nil)
        #expect(head.method == "POST" && head.target == "/v1/infer/a?b")
        #expect(head.fields.key == "Bearer k" && head.fields.contentType == "text/csv")
    }

    @Test func certificateStandsInForAKeyThatWasNotSent() throws {
        let peer = Peer(address: nil, certificate: CertificateNames(["cn:me"]))
        #expect(try head([], keyField: "x-api-key", peer: peer).fields.peer === peer)
        #expect(try head([], keyField: "x-api-key", peer: peer).fields.key == nil)
        #expect(try head([("x-api-key", "k")], keyField: "x-api-key", peer: peer).fields.key == "k")
    }

    /// HPACK carries any byte: a NUL would make a key of a certificate's name.
    @Test(arguments: [
        ("authorization", "authorization", "\0cn:somebody"), ("x-api-key", "x-api-key", "\0dns:somebody"),
        ("x-api-key", "authorization", "\0cn:somebody"),
    ])
    func nobodyCanSendACertificatesName(keyField: String, name: String, value: String) {
        #expect(throws: HTTP2RequestHead.Malformed.self) { try head([(name, value)], keyField: keyField) }
    }

    @Test func keysAreWithoutControlCharacters() throws {
        let head = try head([("authorization", "Bearer a\u{7F}")], keyField: "authorization")
        #expect(head.failure?.code == .malformedRequest)
        #expect(head.fields.key == nil && head.fields.authorization == nil)
    }

    // MARK: RFC 9113, sections 8.1.1, 8.2 and 8.3

    private static let good = [(":method", "GET"), (":scheme", "http"), (":path", "/v2"), (":authority", "a")]

    private static func read(_ fields: [(String, String)]) throws -> HTTP2RequestHead {
        try HTTP2RequestHead(HPACKHeaders(fields), known: KnownFields(key: Array("authorization".utf8)))
    }

    @Test func malformedRequestsAreNone() {
        let good = Self.good
        let cases: [(String, [(String, String)])] = [
            ("8.2.1 upper case", good + [("X-Upper", "1")]),
            ("8.2.1 upper case of what means something", good + [("Content-Type", "a/b")]),
            ("8.2.1 a space in a name", good + [("a b", "1")]),
            ("8.2.1 a colon in a name", good + [("a:b", "1")]),
            ("8.2.1 a control character in a name", good + [("a\u{1}", "1")]),
            ("8.2.1 a name beyond ASCII", good + [("\u{e9}", "1")]),
            ("8.2.1 NUL in a value", good + [("a", "b\0c")]),
            ("8.2.1 CR in a value", good + [("a", "b\rc")]),
            ("8.2.1 LF in a value", good + [("a", "b\nc")]),
            ("8.2.1 a space before a value", good + [("a", " b")]),
            ("8.2.1 a tab behind a value", good + [("a", "b\t")]),
            ("8.2.1 CR LF in a pseudo-header field", good.dropLast() + [(":authority", "a\r\nb")]),
            ("8.2.2 connection", good + [("connection", "close")]),
            ("8.2.2 proxy-connection", good + [("proxy-connection", "close")]),
            ("8.2.2 keep-alive", good + [("keep-alive", "5")]),
            ("8.2.2 transfer-encoding", good + [("transfer-encoding", "chunked")]),
            ("8.2.2 upgrade", good + [("upgrade", "websocket")]),
            ("8.2.2 te", good + [("te", "gzip")]),
            ("8.3 an unknown pseudo-header field", good + [(":x", "y")]),
            ("8.3 one of responses", good + [(":status", "200")]),
            ("8.3 one behind another field", [("a", "b")] + good),
            ("8.3 an empty name of one", good + [(":", "y")]),
            ("8.3.1 no method", good.filter { $0.0 != ":method" }),
            ("8.3.1 no scheme", good.filter { $0.0 != ":scheme" }),
            ("8.3.1 no path", good.filter { $0.0 != ":path" }),
            ("8.3.1 an empty path", good.filter { $0.0 != ":path" } + [(":path", "")]),
            ("8.3.1 two methods", good + [(":method", "GET")]),
            ("8.3.1 two schemes", good + [(":scheme", "http")]),
            ("8.3.1 two paths", good + [(":path", "/v2")]),
            ("8.3.1 two authorities", good + [(":authority", "a")]),
            ("8.3.1 another host", good + [("host", "b")]),
            ("two hosts", good + [("host", "a"), ("host", "a")]),
            ("8.5 CONNECT with a path", [(":method", "CONNECT"), (":path", "/"), (":authority", "a")]),
            ("8.5 CONNECT with a scheme", [(":method", "CONNECT"), (":scheme", "http"), (":authority", "a")]),
            ("8.5 CONNECT without an authority", [(":method", "CONNECT")]),
            ("8.1.1 a length that is none", good + [("content-length", "1x")]),
            ("8.1.1 a negative length", good + [("content-length", "-1")]),
            ("8.1.1 two lengths", good + [("content-length", "1"), ("content-length", "2")]),
        ]
        for (name, fields) in cases {
            #expect(throws: HTTP2RequestHead.Malformed.self, "\(name)") { try Self.read(fields) }
        }
    }

    @Test func whatIsUnusualIsARequestStill() throws {
        let good = Self.good
        let cases: [[(String, String)]] = [
            good, good + [("te", "trailers")], good + [("host", "A")], good + [("cookie", "a=b"), ("cookie", "c=d")],
            good + [("content-length", "3"), ("content-length", "3")], good + [("x", "")], good + [("x", "\u{e9} b")],
            good.filter { $0.0 != ":authority" }, good.filter { $0.0 != ":authority" } + [("host", "a")],
            [(":method", "CONNECT"), (":authority", "a:1")], good + [("!#$%&'*+-.^_`|~09az", "x")],
        ]
        for fields in cases { #expect(throws: Never.self) { try Self.read(fields) } }
    }

    /// Administration without keys is for this machine alone, whichever name it is called by.
    @Test(arguments: [
        (":authority", "localhost:8080", true), (":authority", "127.0.0.1", true), (":authority", "[::1]:1", true),
        (":authority", "evil.example:8080", false), (":authority", "127.0.0.1.evil.example", false),
        ("host", "localhost", true), ("host", "evil.example", false),
    ])
    func authorityIsWhatHostIs(name: String, value: String, isLoopback: Bool) throws {
        let pseudo = Self.good.filter { $0.0 != ":authority" }
        let head = try Self.read(name == "host" ? pseudo + [(name, value)] : pseudo + [(name, value)])
        #expect(head.fields.hostCount == 1 && head.fields.namesLoopback == isLoopback && head.failure == nil)
    }

    @Test(arguments: ["a@b", "a/b", "a b", "a,b"]) func authorityIsAHostAndAPort(value: String) throws {
        let head = try Self.read(Self.good.filter { $0.0 != ":authority" } + [(":authority", value)])
        #expect(head.failure?.code == .malformedRequest)
    }

    @Test func trailersHaveNoPseudoFields() {
        #expect(throws: Never.self) { try HTTP2RequestHead.check(trailers: HPACKHeaders([("grpc-status", "0")])) }
        for field in [(":path", "/"), (":status", "200"), ("A", "b"), ("connection", "close"), ("a", "b\n")] {
            #expect(throws: HTTP2RequestHead.Malformed.self) {
                try HTTP2RequestHead.check(trailers: HPACKHeaders([field]))
            }
        }
    }

    @Test func gRPCIsKnownByItsType() throws {
        let path = [(":method", "POST"), (":scheme", "http"), (":path", GRPCMethod.modelInfer.rawValue)]
        for (type, isGRPC) in [
            ("application/grpc", true), ("application/grpc+proto", true), ("application/grpc;x=y", true),
            ("application/grpc-web", false), ("text/plain", false),
        ] {
            let head = try Self.read(path + [("content-type", type)])
            #expect(head.isGRPC == isGRPC && (head.grpcMethod == .modelInfer) == isGRPC)
        }
    }
}
