import Gateway
import NIOCore
import NIOHPACK
import Policies
import Testing

@testable import Transport

/// A block that is known is never decompressed again: it must mean what it would have meant.
struct HeaderBlockReaderTests {
    private static let revision = Revision(number: 1, hash: "")

    private static func reader(limit: Int = 16_384) -> HeaderBlockReader {
        var reader = HeaderBlockReader(limit: limit, peer: .unknown)
        reader.follow(revision, known: KnownFields(key: Array("authorization".utf8)))
        return reader
    }

    private static func text(_ name: String) -> [UInt8] { [UInt8(name.utf8.count)] + Array(name.utf8) }
    /// A field that is to be put into the table.
    private static func added(_ name: String, _ value: String) -> [UInt8] { [0x40] + text(name) + text(value) }
    /// `:method POST`, `:scheme http`, `:path /` by the static table.
    private static let pseudo: [UInt8] = [0x83, 0x86, 0x84]

    private static func request(_ reader: inout HeaderBlockReader, _ block: [UInt8]) throws -> HTTP2RequestHead {
        try reader.request(ByteBuffer(bytes: block), on: 1)
    }

    @Test func aBlockThatComesAgainIsTheSameHead() throws {
        var reader = Self.reader()
        _ = try Self.request(&reader, Self.pseudo + Self.added("content-type", "text/csv"))
        // The table has the field now: 62 is its newest entry.
        let first = try Self.request(&reader, Self.pseudo + [0xBE])
        #expect(first.fields.contentType == "text/csv")
        #expect(try Self.request(&reader, Self.pseudo + [0xBE]) === first)
        let literal = Self.pseudo + [0x10] + Self.text("x-request-id") + Self.text("7")
        #expect(try Self.request(&reader, literal) === Self.request(&reader, literal))
    }

    /// The same bytes after the table has changed are another request.
    @Test(arguments: [
        ("another field", Self.pseudo + Self.added("content-type", "application/json"), "application/json"),
        (
            "a table that was emptied", [0x20, 0x3F, 0xE1, 0x1F] + Self.pseudo + Self.added("content-type", "a/b"),
            "a/b"
        ),
    ])
    func aTableThatChangesForgetsAll(name: String, change: [UInt8], type: String) throws {
        var reader = Self.reader()
        _ = try Self.request(&reader, Self.pseudo + Self.added("content-type", "text/csv"))
        _ = try Self.request(&reader, Self.pseudo + [0xBE])
        _ = try Self.request(&reader, change)
        #expect(try Self.request(&reader, Self.pseudo + [0xBE]).fields.contentType == type, "\(name)")
    }

    @Test func trailersAndRefusedRequestsChangeTheTableToo() throws {
        for passes in ["trailers", "skip", "malformed"] {
            var reader = Self.reader()
            _ = try Self.request(&reader, Self.pseudo + Self.added("content-type", "text/csv"))
            _ = try Self.request(&reader, Self.pseudo + [0xBE])
            let other = ByteBuffer(bytes: Self.added("content-type", "a/b"))
            switch passes {
            case "trailers": try reader.trailers(other, on: 1)
            case "skip": try reader.skip(other)
            default: #expect(throws: HTTP2Fault.self) { try reader.request(other, on: 1) }
            }
            #expect(try Self.request(&reader, Self.pseudo + [0xBE]).fields.contentType == "a/b")
        }
    }

    @Test func emptyTablesMakeOldEntriesErrors() throws {
        var reader = Self.reader()
        _ = try Self.request(&reader, Self.pseudo + Self.added("a", "b"))
        _ = try Self.request(&reader, Self.pseudo + [0xBE])
        try reader.skip(ByteBuffer(bytes: [0x20]))
        let fault = #expect(throws: HTTP2Fault.self) { try Self.request(&reader, Self.pseudo + [0xBE]) }
        #expect(fault?.code == .compressionError && fault?.scope == .connection)
    }

    @Test func aNewRevisionLooksAnew() throws {
        var reader = Self.reader()
        let block = Self.pseudo + [0x00] + Self.text("x-key") + Self.text("k")
        #expect(try Self.request(&reader, block).fields.key == nil)
        reader.follow(Revision(number: 2, hash: ""), known: KnownFields(key: Array("x-key".utf8)))
        #expect(try Self.request(&reader, block).fields.key == "k")
    }

    @Test func faultsTellWhatEnds() {
        let cases: [(String, [UInt8], HTTP2ErrorCode, HTTP2Fault.Scope)] = [
            ("an index beyond the table", Self.pseudo + [0xFF, 0x10], .compressionError, .connection),
            ("index 0", Self.pseudo + [0x80], .compressionError, .connection),
            ("a text beyond the block", Self.pseudo + [0x00, 5, 0x61], .compressionError, .connection),
            ("a table above the limit", [0x3F, 0xE2, 0x1F] + Self.pseudo, .compressionError, .connection),
            ("a table's size behind a field", Self.pseudo + [0x20], .compressionError, .connection),
            (
                "more fields than are taken",
                Self.pseudo + Self.added("x", String(repeating: "a", count: 90)) + [UInt8](repeating: 0xBE, count: 9),
                .enhanceYourCalm, .connection
            ),
            ("no request", [0x83], .protocolError, .stream(1)),
        ]
        for (name, block, code, scope) in cases {
            var reader = Self.reader(limit: 1000)
            let fault = #expect(throws: HTTP2Fault.self, "\(name)") { try Self.request(&reader, block) }
            #expect(fault?.code == code && fault?.scope == scope, "\(name): \(String(describing: fault))")
        }
    }

    /// What the scan says of random blocks: one of which it says that it leaves the table alone must do so.
    @Test func blocksThatLeaveTheTableAloneDo() throws {
        var generator = SplitMix(state: 7541)
        var alone = 0
        for _ in 0..<FuzzCases.count(20_000) {
            var block: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                switch Int.random(in: 0..<8, using: &generator) {
                case 0, 1: block.append(0x80 | UInt8.random(in: 1...64, using: &generator))
                case 2: block += [0x00] + Self.text("a") + Self.text("b")
                case 3: block += [0x10] + Self.text("c") + Self.text("")
                case 4: block += [0x0F, UInt8.random(in: 0...40, using: &generator)] + Self.text("value")
                case 5: block += Self.added("n", "\(Int.random(in: 0...9, using: &generator))")
                case 6: block += [0x20 | UInt8.random(in: 0...31, using: &generator)]
                default: block.append(UInt8.random(in: 0...255, using: &generator))
                }
            }
            guard HeaderBlockReader.leavesTableAlone(block.span) else { continue }
            alone += 1
            // Two entries; then the block; then both must be where they were, and nothing behind them.
            var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
            var first = ByteBuffer(bytes: Self.added("x", "1") + Self.added("y", "2"))
            _ = try decoder.decodeHeaders(from: &first)
            var middle = ByteBuffer(bytes: block)
            guard (try? decoder.decodeHeaders(from: &middle)) != nil else { continue }
            var last = ByteBuffer(bytes: [0xBE, 0xBF])
            #expect(try decoder.decodeHeaders(from: &last) == HPACKHeaders([("y", "2"), ("x", "1")]))
            var beyond = ByteBuffer(bytes: [0xC0])
            #expect(throws: (any Error).self) { try decoder.decodeHeaders(from: &beyond) }
            // And the table is as large as before: a third entry fits.
            var third = ByteBuffer(bytes: Self.added("z", "3") + [0xC0])
            #expect(try decoder.decodeHeaders(from: &third).last?.value == "1")
        }
        #expect(alone * 10 > FuzzCases.count(20_000))
    }

    /// Random conversations by NIO's encoder: every block means what NIO's decoder says.
    @Test func remembersNothingWrong() throws {
        var generator = SplitMix(state: 9204)
        for _ in 0..<FuzzCases.count(100) {
            var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
            var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
            var reader = Self.reader()
            for _ in 0..<60 {
                var headers = HPACKHeaders([(":method", "POST"), (":scheme", "http"), (":path", "/")])
                let indexing: [HPACKIndexing] = [.indexable, .indexable, .nonIndexable, .neverIndexed]
                for name in ["content-type", "accept", "traceparent", "sluice-input"]
                where Bool.random(using: &generator) {
                    headers.add(
                        name: name, value: "v\(Int.random(in: 0...2, using: &generator))",
                        indexing: indexing.randomElement(using: &generator) ?? .indexable)
                }
                if Int.random(in: 0..<10, using: &generator) == 0 {
                    try encoder.setDynamicTableSize(Int.random(in: 0...300, using: &generator))
                }
                var block = ByteBuffer()
                try encoder.encode(headers: headers, to: &block)
                let head = try reader.request(block, on: 1)
                let expected = try decoder.decodeHeaders(from: &block)
                #expect(head.fields.contentType == expected.first(name: "content-type"))
                #expect(head.fields.accept == expected.first(name: "accept"))
                #expect(head.fields.traceparent == expected.first(name: "traceparent"))
                #expect(head.fields.input == expected.first(name: "sluice-input"))
            }
        }
    }
}
