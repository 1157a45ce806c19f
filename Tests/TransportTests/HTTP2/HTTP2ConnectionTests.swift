import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Testing

@testable import Transport

/// The connection against NIO's HTTP/2 as its client: two readings of the same RFC, neither knowing of the other.
struct HTTP2ConnectionTests {
    private static func bytes(_ count: Int, _ generator: inout SplitMix) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test func aRequestIsEchoed() throws {
        let client = try NIOClient(port: try .forTests())
        defer { client.finish() }
        client.request("/x", on: 1)
        client.data([1, 2, 3], on: 1)
        client.data([4], on: 1, ends: true)
        try client.exchange()
        let answer = try #require(client.answers[1])
        #expect(answer.head?.first(name: "x-target") == "/x" && answer.head?.first(name: ":status") == "200")
        #expect(answer.body == [1, 2, 3, 4] && answer.hasEnded)
        #expect(client.errors.isEmpty && client.goAway == nil)
    }

    @Test func largeBodiesGoBothWays() throws {
        var generator = SplitMix(state: 3)
        let client = try NIOClient(port: try .forTests())
        defer { client.finish() }
        client.request("/large", on: 1)
        let body = Self.bytes(5 << 20, &generator)
        var rest = body[...]
        while !rest.isEmpty {
            client.data(Array(rest.prefix(100_000)), on: 1, ends: rest.count <= 100_000)
            rest = rest.dropFirst(100_000)
            try client.exchange()
        }
        while client.answers[1]?.hasEnded != true {
            #expect(client.hasUnread)
            client.openWindows(all: true)
            try client.exchange()
        }
        #expect(client.answers[1]?.body == body)
        #expect(client.errors.isEmpty && client.goAway == nil)
    }

    /// Many streams at once, their frames in any order and in pieces of any size, windows of a few bytes.
    @Test func randomConversationsAreEchoed() throws {
        let port = try Port.forTests()
        for seed in 0..<UInt64(FuzzCases.count(60)) {
            var generator = SplitMix(state: seed)
            let window = [1, 7, 100, 65_535].randomElement(using: &generator) ?? 1
            let client = try NIOClient(
                seed: seed, mostBytes: [1, 3, 50, 5000].randomElement(using: &generator) ?? 1,
                settings: [HTTP2Setting(parameter: .initialWindowSize, value: window)], port: port)
            defer { client.finish() }
            var open: [Int] = []
            var bodies: [Int: [UInt8]] = [:]
            for step in 0..<80 {
                switch Int.random(in: 0..<10, using: &generator) {
                case 0, 1:
                    let id = 2 * bodies.count + 1
                    let ends = Int.random(in: 0..<4, using: &generator) == 0
                    client.request(Bool.random(using: &generator) ? "/now\(step % 3)" : "/later", on: id, ends: ends)
                    bodies[id] = []
                    if !ends { open.append(id) }
                case 2...6:
                    guard let id = open.randomElement(using: &generator) else { continue }
                    let bytes = Self.bytes(Int.random(in: 1...60, using: &generator), &generator)
                    let ends = Int.random(in: 0..<4, using: &generator) == 0
                    client.data(bytes, on: id, ends: ends)
                    bodies[id]? += bytes
                    if ends { open.removeAll { $0 == id } }
                case 7:
                    guard let id = open.randomElement(using: &generator) else { continue }
                    client.send(.headers(.init(headers: HPACKHeaders([("x", "\(step)")]), endStream: true)), on: id)
                    open.removeAll { $0 == id }
                case 8:
                    guard let id = open.randomElement(using: &generator) else { continue }
                    client.cancel(id)
                    open.removeAll { $0 == id }
                default: client.openWindows()
                }
                if Bool.random(using: &generator) { try client.exchange() }
            }
            for id in open { client.data([], on: id, ends: true) }
            try client.exchange()
            while client.hasUnread {
                client.openWindows(all: true)
                try client.exchange()
            }
            for (id, body) in bodies where !client.cancelled.contains(id) {
                let answer = client.answers[id]
                #expect(answer?.body == body && answer?.hasEnded == true, "seed \(seed), stream \(id)")
            }
            #expect(client.errors.isEmpty && client.goAway == nil, "seed \(seed): \(client.errors)")
        }
    }

    /// One conversation cut in two at each of its bytes.
    @Test func aConversationMayBeCutAnywhere() throws {
        let port = try Port.forTests()
        let body = Frames.frame(HTTP2FrameType.data, HTTP2FrameFlags.padded, 1, [2, 5, 6, 0, 0])
        let bytes: [UInt8] =
            Frames.start + Frames.frame(HTTP2FrameType.headers, 0, 1, Array(Frames.request.prefix(9)))
            + Frames.frame(
                HTTP2FrameType.continuation, HTTP2FrameFlags.endHeaders, 1, Array(Frames.request.dropFirst(9)))
            + body + Frames.frame(HTTP2FrameType.data, HTTP2FrameFlags.endStream, 1, [7])
            + Frames.frame(HTTP2FrameType.ping, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8])
        for cut in 1..<bytes.count {
            let server = try Self.server(port)
            try server.read(ByteBuffer(bytes: Array(bytes[..<cut])))
            try server.read(ByteBuffer(bytes: Array(bytes[cut...])))
            let frames = try Self.frames(server)
            let data = frames.filter { $0.type == HTTP2FrameType.data }.flatMap(\.payload)
            #expect(data == [5, 6, 7], "cut at \(cut)")
            #expect(frames.last { $0.type == HTTP2FrameType.ping }?.payload == [1, 2, 3, 4, 5, 6, 7, 8])
            _ = try server.finish(acceptAlreadyClosed: true)
        }
    }

    private static func server(_ port: Port) throws -> EmbeddedChannel {
        let connection = Transport.HTTP2Connection(port: port, scratch: LoopScratch(), isPlain: true) {
            connection, _, id, head, _ in EchoStream(connection, id, head)
        }
        let server = EmbeddedChannel(handler: connection)
        try server.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return server
    }

    private static func frames(
        _ server: EmbeddedChannel
    ) throws -> [(type: UInt8, flags: UInt8, stream: Int, payload: [UInt8])] {
        var bytes: [UInt8] = []
        while let buffer = try server.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return OutboundFlowTests.frames(bytes)
    }

    /// What one read brings is answered by one write.
    @Test func aReadsAnswersGoOutTogether() throws {
        let server = try Self.server(try .forTests())
        var bytes = Frames.start
        for id in [1, 3, 5] {
            bytes += Frames.frame(HTTP2FrameType.headers, HTTP2FrameFlags.endHeaders, id, Frames.request)
            bytes += Frames.frame(HTTP2FrameType.data, HTTP2FrameFlags.endStream, id, [1, 2, 3])
        }
        try server.read(ByteBuffer(bytes: bytes))
        let first = try #require(try server.readOutbound(as: ByteBuffer.self))
        #expect(try server.readOutbound(as: ByteBuffer.self) == nil)
        let streams = OutboundFlowTests.frames(Array(first.readableBytesView)).map(\.stream)
        #expect(Set(streams) == [0, 1, 3, 5])
        _ = try server.finish(acceptAlreadyClosed: true)
    }

    /// Section 5.4.1: GOAWAY says why, then the connection closes, and nothing more is read.
    @Test func anErrorOfTheConnectionEndsIt() throws {
        let server = try Self.server(try .forTests())
        let ping = Frames.frame(HTTP2FrameType.ping, 0, 0, [UInt8](repeating: 1, count: 8))
        let wrong = Frames.frame(HTTP2FrameType.data, 0, 9, [1])
        try server.read(ByteBuffer(bytes: Frames.start + wrong + ping))
        let frames = try Self.frames(server)
        let goAway = try #require(frames.last)
        #expect(goAway.type == HTTP2FrameType.goAway && Array(goAway.payload[4..<8]) == [0, 0, 0, 1])
        #expect(String(decoding: goAway.payload[8...], as: UTF8.self).contains("wasn't opened"))
        #expect(!frames.contains { $0.type == HTTP2FrameType.ping })
        server.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!server.isActive)
        _ = try server.finish(acceptAlreadyClosed: true)
    }

    /// Section 5.4.2: the stream is reset, all others go on, and what was under way for it is passed over.
    @Test func anErrorOfAStreamEndsItAlone() throws {
        let server = try Self.server(try .forTests())
        let malformed = Frames.block([(":method", "GET")])
        let bytes =
            Frames.start + Frames.frame(HTTP2FrameType.headers, HTTP2FrameFlags.endHeaders, 1, malformed)
            + Frames.frame(HTTP2FrameType.data, HTTP2FrameFlags.endStream, 1, [9])
            + Frames.frame(HTTP2FrameType.headers, HTTP2FrameFlags.endHeaders, 3, Frames.request)
            + Frames.frame(HTTP2FrameType.data, HTTP2FrameFlags.endStream, 3, [1, 2])
        try server.read(ByteBuffer(bytes: bytes))
        let frames = try Self.frames(server)
        #expect(frames.first { $0.stream == 1 }?.type == HTTP2FrameType.reset)
        #expect(frames.filter { $0.stream == 1 }.count == 1)
        #expect(frames.filter { $0.stream == 3 && $0.type == HTTP2FrameType.data }.flatMap(\.payload) == [1, 2])
        _ = try server.finish(acceptAlreadyClosed: true)
    }

    @Test func aClientThatTakesNothingIsCutOff() throws {
        let server = try Self.server(try .forTests())
        try server.read(ByteBuffer(bytes: Frames.start))
        // The channel is full, and no write of it ever ends.
        server.isWritable = false
        let held = HeldWrites()
        try server.pipeline.syncOperations.addHandler(held, position: .first)
        let ping = Frames.frame(HTTP2FrameType.ping, 0, 0, [UInt8](repeating: 1, count: 8))
        var rounds = 0
        while held.goAways == 0, rounds < 10 {
            try server.read(ByteBuffer(bytes: (0..<1900).flatMap { _ in ping }))
            rounds += 1
        }
        #expect(held.goAways == 1)
        held.release()
        _ = try server.finish(acceptAlreadyClosed: true)
    }

    /// What came before the end of what the client sends, in the same turn of the loop, is answered all the same.
    @Test func theEndOfTheInputIsBehindWhatWasRead() throws {
        let server = try Self.server(try .forTests())
        let request = Frames.frame(HTTP2FrameType.headers, HTTP2FrameFlags.endHeaders, 1, Frames.request)
        let body = Frames.frame(HTTP2FrameType.data, HTTP2FrameFlags.endStream, 1, [7])
        try server.read(ByteBuffer(bytes: Frames.start))
        try server.writeInbound(ByteBuffer(bytes: request + body))
        server.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(server.isActive)
        server.embeddedEventLoop.run()
        #expect(try Self.frames(server).filter { $0.type == HTTP2FrameType.data }.flatMap(\.payload) == [7])
        #expect(!server.isActive)
        _ = try server.finish(acceptAlreadyClosed: true)
    }

    /// Section 6.8.
    @Test func drainingLetsRequestsUnderWayEnd() throws {
        let client = try NIOClient(port: try .forTests())
        defer { client.finish() }
        client.request("/x", on: 1)
        client.data([1], on: 1)
        try client.exchange()
        client.server.pipeline.fireUserInboundEventTriggered(ConnectionEvent.Drain())
        try client.exchange()
        #expect(client.goAway == .noError && client.server.isActive)
        client.data([2], on: 1, ends: true)
        try client.exchange()
        #expect(client.answers[1]?.body == [1, 2] && client.answers[1]?.hasEnded == true)
        client.server.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!client.server.isActive)
    }
}

/// A channel whose socket takes nothing.
private final class HeldWrites: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private var promises: [EventLoopPromise<Void>] = []
    private(set) var goAways = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        for frame in OutboundFlowTests.frames(Array(unwrapOutboundIn(data).readableBytesView))
        where frame.type == HTTP2FrameType.goAway { goAways += 1 }
        if let promise { promises.append(promise) }
    }

    func release() {
        for promise in promises { promise.fail(ChannelError.ioOnClosedChannel) }
    }
}
