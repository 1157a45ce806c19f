import NIOCore
import Testing

@testable import Transport

/// RFC 9113, sections 3.4, 4 and 6, as far as frames can be judged without knowing which streams there are.
struct HTTP2FrameReaderTests {
    typealias Kind = HTTP2FrameType
    typealias Flag = HTTP2FrameFlags

    private static let limits = HTTP2FrameReader.Limits(frame: 1 << 20, headerBlock: 1000, continuations: 5)

    /// What a frame comes down to, so that two readings can be compared.
    private static func text(_ frame: HTTP2Frame) -> String {
        switch frame {
        case .headers(let stream, let block, let ends): "headers \(stream) \(Array(block.readableBytesView)) \(ends)"
        case .data(let data):
            "data \(data.stream) \(Array(data.bytes.readableBytesView)) \(data.frameLength ?? -1) \(data.creditable) "
                + "\(data.endsStream)"
        case .settings(let settings): "settings \(settings.map { "\($0.identifier)=\($0.value)" })"
        case .settingsAcknowledged: "settings ack"
        case .ping(let mark): "ping \(mark)"
        case .pingAcknowledged: "ping ack"
        case .reset(let stream): "reset \(stream)"
        case .windowUpdate(let stream, let increment): "window \(stream) \(increment)"
        case .goAway: "goaway"
        case .priority: "priority"
        case .unknown: "unknown"
        }
    }

    /// Reads bytes that come in such pieces; the frames, and the fault that ended it.
    private static func read(_ pieces: [[UInt8]]) -> (frames: [HTTP2Frame], fault: HTTP2Fault?) {
        var reader = HTTP2FrameReader(limits: limits)
        var frames: [HTTP2Frame] = []
        do throws(HTTP2Fault) {
            for piece in pieces {
                reader.append(ByteBuffer(bytes: piece))
                while let frame = try reader.next() { frames.append(frame) }
            }
            return (frames, nil)
        } catch {
            return (frames, error)
        }
    }

    private static func texts(_ bytes: [UInt8]) -> [String] { read([Frames.start + bytes]).frames.map(text) }

    @Test func everyFrameIsRead() {
        let cases: [([UInt8], String)] = [
            (Frames.frame(Kind.headers, Flag.endHeaders, 1, [1, 2]), "headers 1 [1, 2] false"),
            (Frames.frame(Kind.headers, Flag.endHeaders | Flag.endStream, 3, [1]), "headers 3 [1] true"),
            (
                Frames.frame(
                    Kind.headers, Flag.endHeaders | Flag.padded | Flag.priority, 5, [2, 0, 0, 0, 0, 9, 7, 8, 0, 0]),
                "headers 5 [7, 8] false"
            ),
            (Frames.frame(Kind.headers, Flag.endHeaders | Flag.padded, 5, [0]), "headers 5 [] false"),
            (Frames.frame(Kind.data, 0, 1, [1, 2, 3]), "data 1 [1, 2, 3] 3 3 false"),
            (Frames.frame(Kind.data, Flag.endStream, 1, []), "data 1 [] 0 0 true"),
            (Frames.frame(Kind.data, Flag.endStream | Flag.padded, 1, [2, 9, 0, 0]), "data 1 [9] 4 4 true"),
            (Frames.frame(Kind.data, Flag.padded, 1, [1, 0]), "data 1 [] 2 2 false"),
            (
                Frames.frame(Kind.settings, 0, 0, [0, 4, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1]),
                "settings [\"4=65536\", \"9=1\"]"
            ),
            (Frames.frame(Kind.settings, Flag.acknowledged, 0), "settings ack"),
            (Frames.frame(Kind.ping, 0, 0, [0, 0, 0, 0, 0, 0, 1, 2]), "ping 258"),
            (Frames.frame(Kind.ping, Flag.acknowledged, 0, [0, 0, 0, 0, 0, 0, 1, 2]), "ping ack"),
            (Frames.frame(Kind.reset, 0, 7, [0, 0, 0, 8]), "reset 7"),
            (Frames.frame(Kind.windowUpdate, 0, 7, [0x80, 0, 1, 0]), "window 7 256"),
            (Frames.frame(Kind.goAway, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0, 65, 66]), "goaway"),
            (Frames.frame(Kind.priority, 0, 9, [0, 0, 0, 0, 1]), "priority"),
            (Frames.frame(0x10, 0xFF, 9, [1, 2, 3]), "unknown"),
            // The bit in front of a stream's number means nothing (section 4.1).
            ([0, 0, 0, Kind.data, Flag.endStream, 0x80, 0, 0, 1], "data 1 [] 0 0 true"),
        ]
        for (bytes, expected) in cases { #expect(Self.texts(bytes) == ["settings []", expected]) }
    }

    @Test func aHeaderBlockIsPutTogether() {
        let bytes =
            Frames.frame(Kind.headers, Flag.endStream, 1, [1]) + Frames.frame(Kind.continuation, 0, 1, [])
            + Frames.frame(Kind.continuation, Flag.endHeaders, 1, [2, 3]) + Frames.frame(Kind.data, 0, 1, [])
        #expect(Self.texts(bytes) == ["settings []", "headers 1 [1, 2, 3] true", "data 1 [] 0 0 false"])
    }

    /// Errors of the connection: the frame, its code, and the section that says so.
    @Test func brokenFramesAreFound() {
        let open = Frames.frame(Kind.headers, 0, 1, [1])
        let full = [UInt8](repeating: 0, count: 600)
        let cases: [(String, [UInt8], HTTP2ErrorCode)] = [
            ("4.2 larger than allowed", Frames.frame(Kind.data, 0, 1, length: 1 << 20 + 1), .frameSizeError),
            ("4.2 larger, of unknown type", Frames.frame(0x20, 0, 1, length: 0xFF_FFFF), .frameSizeError),
            ("5.1.1 HEADERS on 0", Frames.frame(Kind.headers, 4, 0, [1]), .protocolError),
            ("6.1 DATA on 0", Frames.frame(Kind.data, 0, 0, [1]), .protocolError),
            ("6.1 padding as long as the frame", Frames.frame(Kind.data, 8, 1, [3, 0, 0]), .protocolError),
            ("6.1 padding longer", Frames.frame(Kind.data, 8, 1, [200, 0, 0]), .protocolError),
            ("6.1 padded without a length", Frames.frame(Kind.data, 8, 1, []), .frameSizeError),
            ("6.2 padding longer", Frames.frame(Kind.headers, 4 | 8, 1, [2, 0]), .protocolError),
            ("6.2 padded without a length", Frames.frame(Kind.headers, 4 | 8, 1, []), .frameSizeError),
            ("6.2 no priority", Frames.frame(Kind.headers, 4 | 0x20, 1, [1, 2, 3, 4]), .frameSizeError),
            ("6.2 DATA in a header block", open + Frames.frame(Kind.data, 0, 1, [1]), .protocolError),
            ("6.2 HEADERS in a header block", open + Frames.frame(Kind.headers, 4, 3, [1]), .protocolError),
            ("5.5 an unknown frame in a header block", open + Frames.frame(0x20, 0, 1, [1]), .protocolError),
            ("6.2 PING in a header block", open + Frames.frame(Kind.ping, 0, 0, full.dropLast(592)), .protocolError),
            ("6.3 PRIORITY on 0", Frames.frame(Kind.priority, 0, 0, [0, 0, 0, 0, 0]), .protocolError),
            ("6.3 PRIORITY of 4 bytes", Frames.frame(Kind.priority, 0, 1, [0, 0, 0, 0]), .frameSizeError),
            ("6.4 RST_STREAM on 0", Frames.frame(Kind.reset, 0, 0, [0, 0, 0, 0]), .protocolError),
            ("6.4 RST_STREAM of 3 bytes", Frames.frame(Kind.reset, 0, 1, [0, 0, 0]), .frameSizeError),
            ("6.5 SETTINGS on 1", Frames.frame(Kind.settings, 0, 1, []), .protocolError),
            ("6.5 SETTINGS of 5 bytes", Frames.frame(Kind.settings, 0, 0, [0, 1, 0, 0, 0]), .frameSizeError),
            ("6.5 settings acknowledged with some", Frames.frame(4, 1, 0, [0, 1, 0, 0, 0, 0]), .frameSizeError),
            ("too many settings", Frames.frame(Kind.settings, 0, 0, full), .enhanceYourCalm),
            ("6.6 PUSH_PROMISE", Frames.frame(Kind.pushPromise, 4, 1, [0, 0, 0, 2]), .protocolError),
            ("6.7 PING on 1", Frames.frame(Kind.ping, 0, 1, full.dropLast(592)), .protocolError),
            ("6.7 PING of 7 bytes", Frames.frame(Kind.ping, 0, 0, full.dropLast(593)), .frameSizeError),
            ("6.8 GOAWAY on 1", Frames.frame(Kind.goAway, 0, 1, full.dropLast(592)), .protocolError),
            ("6.8 GOAWAY of 7 bytes", Frames.frame(Kind.goAway, 0, 0, full.dropLast(593)), .frameSizeError),
            ("6.9 WINDOW_UPDATE of 5 bytes", Frames.frame(Kind.windowUpdate, 0, 0, [0, 0, 0, 0, 0]), .frameSizeError),
            ("6.10 CONTINUATION alone", Frames.frame(Kind.continuation, 4, 1, [1]), .protocolError),
            ("6.10 of another stream", open + Frames.frame(Kind.continuation, 4, 3, [1]), .protocolError),
            (
                "6.10 behind the end of a block",
                Frames.frame(Kind.headers, 4, 1, [1]) + Frames.frame(Kind.continuation, 4, 1, [1]), .protocolError
            ),
            ("a block that is too large", Frames.frame(Kind.headers, 4, 1, full + full), .enhanceYourCalm),
            (
                "a block that grows too large",
                Frames.frame(Kind.headers, 0, 1, full) + Frames.frame(Kind.continuation, 4, 1, full), .enhanceYourCalm
            ),
            (
                "a block in too many frames",
                open + Array(repeating: Frames.frame(Kind.continuation, 0, 1, []), count: 6).joined(), .enhanceYourCalm
            ),
        ]
        for (name, bytes, code) in cases {
            let (_, fault) = Self.read([Frames.start + bytes])
            #expect(fault?.code == code && fault?.scope == .connection, "\(name): \(String(describing: fault))")
        }
    }

    /// Sections 3.4 and 6.5.
    @Test func aConnectionBeginsWithPrefaceAndSettings() {
        let cases: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\n\r\nxxxxxx".utf8), Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX".utf8), [0],
            Frames.preface + Frames.frame(Kind.ping, 0, 0, [UInt8](repeating: 0, count: 8)),
            Frames.preface + Frames.frame(Kind.settings, Flag.acknowledged, 0),
        ]
        for bytes in cases { #expect(Self.read([bytes]).fault?.code == .protocolError) }
        #expect(Self.read([Frames.start]).fault == nil)
    }

    private static let conversation: [UInt8] =
        Frames.start + Frames.frame(Kind.settings, Flag.acknowledged, 0) + Frames.frame(Kind.headers, 0, 1, [1, 2])
        + Frames.frame(Kind.continuation, Flag.endHeaders, 1, [3]) + Frames.frame(Kind.data, 0, 1, [4, 5, 6])
        + Frames.frame(Kind.data, Flag.padded | Flag.endStream, 1, [3, 7, 8, 9, 0, 0, 0])
        + Frames.frame(Kind.data, Flag.padded, 3, [2, 0, 0]) + Frames.frame(0x21, 0, 5, [1, 2, 3])
        + Frames.frame(Kind.ping, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8])
        + Frames.frame(Kind.goAway, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0, 65])

    /// Frames with the pieces of each DATA frame joined.
    private static func joined(_ frames: [HTTP2Frame]) -> [String] {
        var texts: [String] = []
        var open: HTTP2Frame.Data?
        for frame in frames {
            guard case .data(let piece) = frame else {
                if let data = open.take() { texts.append(text(.data(data))) }
                texts.append(text(frame))
                continue
            }
            guard piece.frameLength == nil, var data = open else {
                if let data = open.take() { texts.append(text(.data(data))) }
                open = piece
                continue
            }
            data.bytes.writeImmutableBuffer(piece.bytes)
            data.creditable += piece.creditable
            data.endsStream = piece.endsStream
            open = data
        }
        return texts
    }

    @Test func framesAreTheSameHoweverTheyComeIn() {
        let bytes = Self.conversation
        let whole = Self.joined(Self.read([bytes]).frames)
        #expect(whole.count == 9)
        #expect(Self.joined(Self.read(bytes.map { [$0] }).frames) == whole)
        for cut in 1..<bytes.count {
            #expect(
                Self.joined(Self.read([Array(bytes[..<cut]), Array(bytes[cut...])]).frames) == whole, "cut at \(cut)")
        }
        var generator = SplitMix(state: 1)
        for _ in 0..<200 {
            var (pieces, rest): ([[UInt8]], ArraySlice<UInt8>) = ([], bytes[...])
            while !rest.isEmpty {
                let size = Int.random(in: 1...min(rest.count, 20), using: &generator)
                pieces.append(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(Self.joined(Self.read(pieces).frames) == whole)
        }
    }

    /// A frame's announcement alone takes no memory, and DATA never waits for its end.
    @Test func dataIsHandedOnAsItComesIn() throws {
        var reader = HTTP2FrameReader(limits: Self.limits)
        reader.append(
            ByteBuffer(bytes: Frames.start + Frames.frame(Kind.data, Flag.endStream, 1, [1], length: 1 << 20)))
        _ = try reader.next()
        let first = try #require(try reader.next())
        #expect(Self.text(first) == "data 1 [1] \(1 << 20) 1 false")
        #expect(try reader.next().map(Self.text) == nil)
        reader.append(ByteBuffer(bytes: [2, 3]))
        let second = try #require(try reader.next())
        #expect(Self.text(second) == "data 1 [2, 3] -1 2 false")
    }

    /// Whatever comes in, reading ends, with a fault or without.
    @Test func randomFramesNeverTrap() {
        var generator = SplitMix(state: 9113)
        for _ in 0..<FuzzCases.count(3000) {
            var bytes = Frames.start
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let payload = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
                let isLie = Int.random(in: 0..<8, using: &generator) == 0
                bytes += Frames.frame(
                    UInt8.random(in: 0...11, using: &generator), UInt8.random(in: 0...63, using: &generator),
                    Int.random(in: 0...4, using: &generator), payload,
                    length: isLie ? Int.random(in: 0...20, using: &generator) : nil)
            }
            let whole = Self.read([bytes])
            let singles = Self.read(bytes.map { [$0] })
            #expect(whole.fault == singles.fault)
        }
    }
}
