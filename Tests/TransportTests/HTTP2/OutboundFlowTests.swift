import Codecs
import NIOConcurrencyHelpers
import NIOCore
import Tensors
import Testing

@testable import Transport

/// RFC 9113, sections 5.2 and 6.9: what goes out stays within the client's windows, and all of it goes out in the end.
struct OutboundFlowTests {
    private static func piece(_ bytes: [UInt8], _ end: OutboundFlow.End = .none) -> OutboundFlow.Piece {
        OutboundFlow.Piece(body: OutboundBody([.bytes(bytes)]), end: end)
    }

    /// Frames out of what was written.
    static func frames(_ bytes: [UInt8]) -> [(type: UInt8, flags: UInt8, stream: Int, payload: [UInt8])] {
        var frames: [(type: UInt8, flags: UInt8, stream: Int, payload: [UInt8])] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = head[5...].reduce(0) { $0 << 8 | Int($1) }
            frames.append((head[3], head[4], stream, Array(rest.dropFirst(9).prefix(length))))
            rest = rest.dropFirst(9 + length)
        }
        #expect(rest.isEmpty)
        return frames
    }

    private static func setting(_ identifier: UInt16, _ value: Int) -> PeerSetting {
        PeerSetting(identifier: identifier, value: UInt32(value))
    }

    private static func send(
        _ piece: OutboundFlow.Piece, on id: Int, _ flow: inout OutboundFlow, limit: Int = 1 << 20
    ) -> [UInt8] {
        var (buffer, events) = (OutboundBuffer(), [OutboundFlow.Event]())
        flow.send(piece, on: id, to: &buffer, limit: limit, events: &events)
        return bytes(of: buffer)
    }

    private static func write(_ flow: inout OutboundFlow, limit: Int = 1 << 20) -> [UInt8] {
        var (buffer, events) = (OutboundBuffer(), [OutboundFlow.Event]())
        flow.write(to: &buffer, limit: limit, events: &events)
        return bytes(of: buffer)
    }

    private static func bytes(of buffer: OutboundBuffer) -> [UInt8] {
        Array(buffer: buffer.rest(from: 0, allocator: ByteBufferAllocator()))
    }

    /// Large tensors are not copied; whatever the kernel takes of them, the rest follows.
    @Test func tensorsGoOutFromWhereTheyLie() throws {
        let storage = TensorStorage.allocate(byteCount: 100_000)
        for index in 0..<100_000 { storage.mutableBytes[index] = UInt8(truncatingIfNeeded: index * 7) }
        let tensor = try Tensor(
            name: "x", dataType: .uint8, shape: [90_000], storage: storage, byteOffset: 5_000, byteCount: 90_000)
        let message = EncodedBody(mediaType: "", segments: [.bytes([1, 2]), .tensor(tensor), .bytes([3])])
        var flow = OutboundFlow()
        try flow.openWindow(of: 0, by: 1 << 20)
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 1 << 20)])
        flow.open(1)
        var (buffer, events) = (OutboundBuffer(), [OutboundFlow.Event]())
        flow.send(
            .init(body: OutboundBody(message: message, isCompressed: false), end: .stream), on: 1, to: &buffer,
            limit: 1 << 20, events: &events)
        #expect(buffer.bytes.count < 10_000 && buffer.splices.count == 6)
        let whole = Self.bytes(of: buffer)
        let expected = [0, 0, 1, 0x5F, 0x93, 1, 2] + Array(storage.bytes[5_000..<95_000]) + [3]
        #expect(Self.frames(whole).flatMap(\.payload) == expected)
        for sent in [0, 1, 9, 20, 16_384, 50_000, buffer.count - 1, buffer.count] {
            let rest = Array(buffer: buffer.rest(from: sent, allocator: ByteBufferAllocator()))
            #expect(rest == Array(whole[sent...]))
        }
    }

    @Test func anAnswerThatFitsIsOneFrame() {
        var flow = OutboundFlow()
        flow.open(1)
        let frames = Self.frames(Self.send(Self.piece([1, 2, 3], .stream), on: 1, &flow))
        #expect(frames.count == 1 && frames[0].flags == HTTP2FrameFlags.endStream && frames[0].payload == [1, 2, 3])
        #expect(!flow.canSend)
    }

    @Test func aMessageAndItsTrailersFollowEachOther() {
        var flow = OutboundFlow()
        flow.open(1)
        let message = EncodedBody(mediaType: "", segments: [.bytes([9, 8]), .bytes([7])])
        let body = OutboundBody(message: message, isCompressed: true)
        let frames = Self.frames(Self.send(.init(body: body, end: .trailers([0xAA])), on: 1, &flow))
        #expect(frames.map(\.type) == [HTTP2FrameType.data, HTTP2FrameType.headers])
        #expect(frames[0].payload == [1, 0, 0, 0, 3, 9, 8, 7] && frames[0].flags == 0)
        #expect(
            frames[1].payload == [0xAA] && frames[1].flags == HTTP2FrameFlags.endStream | HTTP2FrameFlags.endHeaders)
    }

    @Test func whatDoesntFitWaitsForWindows() throws {
        var flow = OutboundFlow()
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 4)])
        flow.open(1)
        #expect(Self.send(Self.piece([1, 2, 3, 4, 5, 6], .stream), on: 1, &flow).isEmpty)
        #expect(Self.frames(Self.write(&flow)).map(\.payload) == [[1, 2, 3, 4]])
        #expect(!flow.canSend)
        try flow.openWindow(of: 1, by: 1)
        #expect(Self.frames(Self.write(&flow)).map(\.payload) == [[5]])
        // 6.9.2: a new initial size changes windows that are in use, below zero too.
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 1)])
        try flow.openWindow(of: 1, by: 3)
        #expect(Self.write(&flow).isEmpty)
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 2)])
        let last = Self.frames(Self.write(&flow))
        #expect(last.map(\.payload) == [[6]] && last.map(\.flags) == [HTTP2FrameFlags.endStream])
    }

    @Test func anEndWithoutDataNeedsNoWindow() throws {
        var flow = OutboundFlow()
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 0)])
        flow.open(1)
        flow.open(3)
        #expect(
            Self.frames(Self.send(Self.piece([], .stream), on: 1, &flow)).map(\.flags) == [HTTP2FrameFlags.endStream])
        #expect(Self.frames(Self.send(Self.piece([], .trailers([1])), on: 3, &flow)).map(\.payload) == [[1]])
    }

    @Test func framesAreNoLargerThanTheClientTakes() throws {
        var flow = OutboundFlow()
        flow.open(1)
        let body = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(Self.frames(Self.send(Self.piece(body), on: 1, &flow)).map(\.payload.count) == [16_384, 16_384, 7_232])
        try flow.apply([Self.setting(PeerSetting.maxFrameSize, 20_000)])
        #expect(
            Self.frames(Self.send(Self.piece(Array(body.prefix(25_000))), on: 1, &flow)).map(\.payload.count) == [
                20_000, 5_000,
            ])
    }

    /// Sections 6.5.2, 6.9.1 and 6.9.2.
    @Test func settingsAndWindowsOutOfRangeAreFound() throws {
        let cases: [(String, PeerSetting, HTTP2ErrorCode)] = [
            ("ENABLE_PUSH of 2", Self.setting(PeerSetting.enablePush, 2), .protocolError),
            ("a window of 2^31", Self.setting(PeerSetting.initialWindowSize, 1 << 31), .flowControlError),
            ("frames below 2^14", Self.setting(PeerSetting.maxFrameSize, 16_383), .protocolError),
            ("frames of 2^24", Self.setting(PeerSetting.maxFrameSize, 1 << 24), .protocolError),
        ]
        for (name, setting, code) in cases {
            var flow = OutboundFlow()
            let fault = #expect(throws: HTTP2Fault.self, "\(name)") { try flow.apply([setting]) }
            #expect(fault?.code == code && fault?.scope == .connection, "\(name)")
        }
        var flow = OutboundFlow()
        try flow.apply([
            Self.setting(PeerSetting.enablePush, 1), Self.setting(PeerSetting.maxFrameSize, 0xFF_FFFF),
            Self.setting(0x99, 7),
        ])
        flow.open(1)
        try flow.openWindow(of: 0, by: 0x7FFF_FFFF - 65_535)
        #expect(
            throws: HTTP2Fault.connection(.flowControlError, "WINDOW_UPDATE makes the connection's window too large")
        ) {
            try flow.openWindow(of: 0, by: 1)
        }
        try flow.openWindow(of: 1, by: 0x7FFF_FFFF - 65_535)
        #expect(throws: HTTP2Fault.stream(1, .flowControlError, "WINDOW_UPDATE makes the stream's window too large")) {
            try flow.openWindow(of: 1, by: 1)
        }
        #expect(throws: HTTP2Fault.self) { try flow.apply([Self.setting(PeerSetting.initialWindowSize, 65_536)]) }
    }

    private static func takesTableSize(_ flow: inout OutboundFlow) -> Bool { flow.takeTableSize() }

    @Test func aSmallerTableIsAcknowledgedInTheNextBlock() throws {
        var flow = OutboundFlow()
        #expect(!Self.takesTableSize(&flow))
        try flow.apply([
            Self.setting(PeerSetting.headerTableSize, 8192), Self.setting(PeerSetting.headerTableSize, 4096),
        ])
        #expect(!Self.takesTableSize(&flow))
        try flow.apply([Self.setting(PeerSetting.headerTableSize, 0), Self.setting(PeerSetting.headerTableSize, 4096)])
        flow.open(1)
        #expect(Self.frames(Self.send(Self.piece([], .trailers([7])), on: 1, &flow)).map(\.payload) == [[0x20, 7]])
        #expect(!Self.takesTableSize(&flow))
    }

    @Test func anAnswerIsTakenWholeWhereNothingIsInItsWay() throws {
        var flow = OutboundFlow()
        for id in [1, 3, 5, 7] { flow.open(id) }
        func takes(_ count: Int, on id: Int) -> Bool { flow.takeWhole(count, on: id) }
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 100)])
        #expect(takes(100, on: 1))
        // That stream has ended, with nothing left to be told of it.
        #expect(!takes(1, on: 1))
        let left = flow.remove(1).isEmpty
        #expect(left)
        #expect(!takes(101, on: 3), "the stream's window")
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 200_000)])
        #expect(!takes(HTTP2Limits.frameOfProtocol + 1, on: 3), "the largest frame")
        for _ in 0..<3 { _ = Self.send(Self.piece([UInt8](repeating: 7, count: 16_000)), on: 5, &flow) }
        #expect(takes(16_000, on: 3))
        // 65,535 bytes are open for all streams together: 1,435 are left of them.
        #expect(!takes(1_436, on: 7), "the connection's window")
        _ = Self.send(Self.piece([UInt8](repeating: 7, count: 1_500)), on: 7, &flow)
        #expect(!takes(1, on: 7), "what waits comes first")
    }

    @Test func nobodyWaitsForWhatIsGone() throws {
        var flow = OutboundFlow()
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 1)])
        flow.open(1)
        let told = NIOLockedValueBox(0)
        for _ in 0..<3 {
            var piece = Self.piece([1, 2])
            piece.written = { told.withLockedValue { $0 += 1 } }
            _ = Self.send(piece, on: 1, &flow)
        }
        for tell in flow.remove(1) { tell() }
        #expect(told.withLockedValue { $0 } == 3)
        #expect(Self.write(&flow).isEmpty && !flow.canSend)
    }

    @Test func streamsTakeTurns() throws {
        var flow = OutboundFlow()
        try flow.apply([Self.setting(PeerSetting.initialWindowSize, 1 << 30)])
        try flow.openWindow(of: 0, by: 1 << 30)
        for id in [1, 3] {
            flow.open(id)
            #expect(Self.send(Self.piece([UInt8](repeating: 1, count: 3 << 20)), on: id, &flow).isEmpty)
        }
        let order = Self.frames(Self.write(&flow)).map(\.stream)
        #expect(order.filter { $0 == 1 }.count == order.filter { $0 == 3 }.count)
    }

    /// Random answers, windows and settings: a model of the client sees every byte once, in order, within its windows.
    @Test func everythingArrivesWithinTheWindows() throws {
        var generator = SplitMix(state: 6)
        for _ in 0..<FuzzCases.count(300) {
            var flow = OutboundFlow()
            var initial = Int.random(in: 0...50, using: &generator)
            var connectionWindow = 65_535
            try flow.apply([Self.setting(PeerSetting.initialWindowSize, initial)])
            var sent: [Int: [UInt8]] = [:]
            var received: [Int: [UInt8]] = [:]
            var windows: [Int: Int] = [:]
            var ended: Set<Int> = []
            var closing: Set<Int> = []
            func take(_ bytes: [UInt8]) {
                for frame in Self.frames(bytes) {
                    #expect(!ended.contains(frame.stream))
                    if frame.type == HTTP2FrameType.data {
                        received[frame.stream, default: []] += frame.payload
                        windows[frame.stream, default: 0] -= frame.payload.count
                        connectionWindow -= frame.payload.count
                        #expect(
                            frame.payload.isEmpty || windows[frame.stream, default: 0] >= 0 && connectionWindow >= 0)
                    }
                    if frame.flags & HTTP2FrameFlags.endStream != 0 { ended.insert(frame.stream) }
                }
            }
            var next = 1
            for _ in 0..<60 {
                let open = sent.keys.filter { !closing.contains($0) }.sorted()
                switch Int.random(in: 0..<6, using: &generator) {
                case 0:
                    flow.open(next)
                    sent[next] = []
                    windows[next] = initial
                    next += 2
                case 1, 2:
                    guard let id = open.randomElement(using: &generator) else { continue }
                    let bytes = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                        UInt8.random(in: 0...255, using: &generator)
                    }
                    sent[id]? += bytes
                    let end: OutboundFlow.End =
                        [.none, .none, .stream, .trailers([1])][Int.random(in: 0..<4, using: &generator)]
                    if case .none = end {} else { closing.insert(id) }
                    take(
                        Self.send(
                            Self.piece(bytes, end), on: id, &flow, limit: Int.random(in: 0...100, using: &generator)))
                case 3:
                    guard let id = windows.keys.sorted().randomElement(using: &generator) else { continue }
                    let increment = Int.random(in: 1...30, using: &generator)
                    if !ended.contains(id) { try flow.openWindow(of: id, by: increment) }
                    windows[id]? += increment
                case 4:
                    let size = Int.random(in: 0...60, using: &generator)
                    for id in windows.keys { windows[id]? += size - initial }
                    initial = size
                    try flow.apply([Self.setting(PeerSetting.initialWindowSize, size)])
                default: take(Self.write(&flow, limit: Int.random(in: 1...200, using: &generator)))
                }
            }
            for id in sent.keys where !ended.contains(id) {
                try flow.openWindow(of: id, by: 10_000); windows[id]? += 10_000
            }
            while flow.canSend { take(Self.write(&flow)) }
            #expect(received.filter { !$0.value.isEmpty } == sent.filter { !$0.value.isEmpty })
            #expect(ended == closing)
        }
    }
}
