import NIOCore
import Tensors
import Testing

@testable import Transport

/// The rules of RFC 9113, sections 5.1, 6 and 8.1.1, about which frame may come when.
struct HTTP2StateMachineTests {
    typealias Machine = HTTP2StateMachine

    private static let now = MonotonicTime(nanoseconds: 1_000_000_000)

    private static func machine(streams: Int = 3, window: Int = 100, connection: Int? = nil) -> Machine {
        var limits = HTTP2Limits()
        limits.streams = streams
        limits.streamWindow = window
        limits.rememberedStreams = 8
        limits.answeredStreams = 2
        limits.unwantedBytes = 40
        var machine = Machine(limits: limits)
        if let connection { _ = machine.openWindow(of: 0, by: connection - 65_535) }
        return machine
    }

    private static func data(_ stream: Int, _ count: Int, ends: Bool = false, padding: Int = 0) -> HTTP2Frame.Data {
        HTTP2Frame.Data(
            stream: stream, bytes: ByteBuffer(repeating: 7, count: count), frameLength: count + padding,
            creditable: count + padding, endsStream: ends)
    }

    /// What comes in, or what the gateway does.
    enum Step {
        case request(Int, length: Int? = nil, ends: Bool = false)
        /// A header block of which only the role matters.
        case block(Int, ends: Bool = false, Machine.BlockRole)
        case trailers(Int)
        case data(Int, Int = 1, ends: Bool = false, padding: Int = 0, role: Machine.DataRole = .body)
        case reset(Int, wasThere: Bool = true)
        case window(Int, Int = 1, isThere: Bool = true)
        case settingsAcknowledged
        case answerEnds(Int, resets: Int? = nil)
        case resetByGateway(Int)
        case goAway
    }

    private static func run(_ steps: [Step], on machine: inout Machine) throws(HTTP2Fault) {
        for step in steps {
            switch step {
            case .request(let id, let length, let ends):
                #expect(try machine.receiveBlock(on: id, endsStream: ends) == .request)
                try machine.open(id, contentLength: length, endsStream: ends)
            case .block(let id, let ends, let role):
                let found = try machine.receiveBlock(on: id, endsStream: ends)
                #expect(found == role, "stream \(id)")
            case .trailers(let id):
                let role = try machine.receiveBlock(on: id, endsStream: true)
                #expect(role == .trailers)
                try machine.receiveTrailers(on: id)
            case .data(let id, let count, let ends, let padding, let role):
                let found = try machine.receive(data(id, count, ends: ends, padding: padding))
                #expect(found == role, "stream \(id)")
            case .reset(let id, let wasThere):
                let found = try machine.receiveReset(of: id, now: now)
                #expect(found == wasThere)
            case .window(let id, let increment, let isThere):
                let found = try machine.receiveWindowUpdate(on: id, increment: increment)
                #expect(found == isThere)
            case .settingsAcknowledged: try machine.receiveAcknowledgement()
            case .answerEnds(let id, let resets):
                let found = machine.endAnswer(on: id)
                #expect(found == resets)
            case .resetByGateway(let id): machine.reset(id)
            case .goAway: _ = machine.goAway()
            }
        }
    }

    private static func fault(_ steps: [Step]) -> HTTP2Fault? {
        var machine = machine()
        do throws(HTTP2Fault) {
            try run(steps, on: &machine)
            return nil
        } catch {
            return error
        }
    }

    @Test func whatMayComeIsTaken() {
        let cases: [(String, [Step])] = [
            ("a request without a body", [.request(1, ends: true), .answerEnds(1)]),
            ("a body in two frames", [.request(1, length: 3), .data(1, 1), .data(1, 2, ends: true), .answerEnds(1)]),
            ("a body of unknown length", [.request(1), .data(1, 5), .data(1, 0, ends: true)]),
            ("trailers", [.request(1, length: 1), .data(1, 1), .trailers(1)]),
            ("trailers behind nothing", [.request(1), .trailers(1)]),
            ("streams left out", [.request(1, ends: true), .request(7, ends: true), .request(9, ends: true)]),
            (
                "an answer before the request's end",
                [.request(1), .answerEnds(1), .data(1, role: .ignored), .data(1, ends: true, role: .ignored)]
            ),
            ("trailers behind the answer", [.request(1), .answerEnds(1), .block(1, ends: true, .ignored)]),
            (
                "more than is let come behind it",
                [
                    .request(1), .answerEnds(1), .data(1, 39, role: .ignored), .data(1, role: .unwanted),
                    .resetByGateway(1), .data(1, role: .ignored),
                ]
            ),
            (
                "more than the window lets come",
                [.request(1), .data(1, 70), .answerEnds(1), .data(1, 30, role: .unwanted)]
            ),
            ("an answer to a client that can't go on", [.request(1), .data(1, 100), .answerEnds(1, resets: 1)]),
            (
                "many answers before their requests' ends",
                [.request(1), .answerEnds(1), .request(3), .answerEnds(3), .request(5), .answerEnds(5, resets: 1)]
            ),
            (
                "an end makes room for another",
                [
                    .request(1), .answerEnds(1), .request(3), .answerEnds(3), .data(1, ends: true, role: .ignored),
                    .request(5), .answerEnds(5),
                ]
            ),
            (
                "DATA that had been under way",
                [.request(1), .resetByGateway(1), .data(1, 9, ends: true, role: .ignored)]
            ),
            ("trailers that had", [.request(1), .resetByGateway(1), .block(1, ends: true, .ignored)]),
            ("RST_STREAM that had", [.request(1), .resetByGateway(1), .reset(1, wasThere: false)]),
            (
                "5.1 WINDOW_UPDATE behind the end",
                [.request(1, ends: true), .answerEnds(1), .window(1, isThere: false)]
            ),
            ("5.1 RST_STREAM behind the end", [.request(1, ends: true), .answerEnds(1), .reset(1, wasThere: false)]),
            ("5.1 WINDOW_UPDATE, half-closed", [.request(1, ends: true), .window(1)]),
            ("5.1 RST_STREAM, half-closed", [.request(1, ends: true), .reset(1)]),
            ("windows", [.request(1), .window(0, 5), .window(1, 5)]),
            ("settings acknowledged", [.settingsAcknowledged]),
            (
                "6.8 a stream behind GOAWAY",
                [.request(1), .goAway, .block(3, .ignored), .data(3, role: .ignored), .data(1)]
            ),
            ("6.8 WINDOW_UPDATE on it", [.goAway, .block(3, .ignored), .window(3, isThere: false)]),
            (
                "5.1.2 as many streams as allowed, again and again",
                [.request(1), .request(3), .request(5), .reset(1), .request(7), .reset(5), .request(9)]
            ),
        ]
        for (name, steps) in cases { #expect(Self.fault(steps) == nil, "\(name)") }
    }

    @Test func errorsOfTheConnectionAreFound() {
        let ended: [Step] = [.request(1, ends: true), .answerEnds(1)]
        let cases: [(String, [Step], HTTP2ErrorCode)] = [
            ("5.1.1 an even stream", [.block(2, .request)], .protocolError),
            ("5.1.1 a lower stream", [.request(5), .block(3, .request)], .protocolError),
            ("5.1 DATA, idle", [.data(1)], .protocolError),
            ("5.1 DATA, idle behind others", [.request(1), .data(3)], .protocolError),
            ("5.1 RST_STREAM, idle", [.reset(1)], .protocolError),
            ("5.1 RST_STREAM, even", [.request(3), .reset(2)], .protocolError),
            ("5.1 WINDOW_UPDATE, idle", [.window(1)], .protocolError),
            ("5.1 WINDOW_UPDATE, even", [.request(3), .window(2)], .protocolError),
            ("5.1 DATA, closed", ended + [.data(1)], .streamClosed),
            ("5.1 HEADERS, closed", ended + [.block(1, .request)], .streamClosed),
            ("5.1 DATA, reset by its client", [.request(1), .reset(1), .data(1)], .streamClosed),
            ("5.1 HEADERS, reset by its client", [.request(1), .reset(1), .block(1, .request)], .streamClosed),
            (
                "5.1 DATA behind the ends of both",
                [.request(1), .answerEnds(1), .data(1, ends: true, role: .ignored), .data(1)], .streamClosed
            ),
            ("6.5.3 settings acknowledged twice", [.settingsAcknowledged, .settingsAcknowledged], .protocolError),
            ("6.9 WINDOW_UPDATE by 0", [.window(0, 0)], .protocolError),
            ("6.9 WINDOW_UPDATE by 0, idle", [.window(1, 0)], .protocolError),
        ]
        for (name, steps, code) in cases {
            let fault = Self.fault(steps)
            #expect(fault?.code == code && fault?.scope == .connection, "\(name): \(String(describing: fault))")
        }
    }

    @Test func errorsOfAStreamAreFound() {
        let cases: [(String, [Step], HTTP2ErrorCode)] = [
            ("5.1 DATA, half-closed", [.request(1, ends: true), .data(1)], .streamClosed),
            ("5.1 DATA behind trailers", [.request(1), .trailers(1), .data(1)], .streamClosed),
            ("6.9 WINDOW_UPDATE by 0", [.request(1), .window(1, 0)], .protocolError),
            ("6.9.1 DATA beyond the window", [.request(1), .data(1, 100), .data(1, 1)], .flowControlError),
            ("6.9.1 padding beyond the window", [.request(1), .data(1, 90, padding: 11)], .flowControlError),
            ("8.1.1 a body that is too long", [.request(1, length: 3), .data(1, 4)], .protocolError),
            ("8.1.1 one that is too short", [.request(1, length: 3), .data(1, 2, ends: true)], .protocolError),
            ("8.1.1 none", [.request(1, length: 3, ends: true)], .protocolError),
            ("8.1.1 too short, with trailers", [.request(1, length: 3), .data(1, 2), .trailers(1)], .protocolError),
        ]
        for (name, steps, code) in cases {
            let fault = Self.fault(steps)
            #expect(fault?.code == code && fault?.scope == .stream(1), "\(name): \(String(describing: fault))")
        }
    }

    @Test func headerBlocksThatMustNotComeAreRefusedOnceTheyAreDecompressed() throws {
        var machine = Self.machine(streams: 2)
        try Self.run([.request(1, ends: true), .request(3)], on: &machine)
        // 5.1: half-closed (remote); 8.1: a block that is neither first nor last; 5.1.2: one stream too many.
        try Self.run(
            [
                .block(1, ends: true, .refused(.streamClosed)), .block(3, .refused(.protocolError)),
                .block(5, .refused(.refusedStream)),
            ], on: &machine)
        machine.reset(5)
        try Self.run([.data(5, role: .ignored), .answerEnds(1), .request(7)], on: &machine)
    }

    private func open(_ machine: inout Machine, _ id: Int, by increment: Int) -> Bool {
        machine.openWindow(of: id, by: increment)
    }

    @Test func aSecondBlockBehindTheAnswerIsRefused() throws {
        var machine = Self.machine()
        try Self.run([.request(1), .answerEnds(1), .block(1, .refused(.protocolError))], on: &machine)
        machine.reset(1)
        try Self.run([.data(1, role: .ignored)], on: &machine)
    }

    /// Clients that give up what is answered already do nothing in vain.
    @Test func resetsBehindTheAnswerAreNoFlood() throws {
        var machine = Self.machine()
        for index in 0..<1000 {
            try Self.run(
                [.request(2 * index + 1), .answerEnds(2 * index + 1), .reset(2 * index + 1, wasThere: false)],
                on: &machine)
        }
    }

    @Test func windowsOfEndedRequestsStayClosed() throws {
        var machine = Self.machine()
        try Self.run(
            [.request(1), .request(3, ends: true), .request(5), .answerEnds(5)], on: &machine)
        #expect(open(&machine, 1, by: 1) && !open(&machine, 3, by: 1) && !open(&machine, 5, by: 1))
        #expect(!open(&machine, 7, by: 1))
    }

    @Test func theConnectionsWindowHoldsForAllStreams() throws {
        var machine = Self.machine(window: 1000, connection: 100)
        try Self.run([.request(1), .request(3), .data(1, 50), .data(3, 40, padding: 10)], on: &machine)
        #expect(throws: HTTP2Fault.connection(.flowControlError, "DATA beyond the connection's window")) {
            var machine = machine
            try Self.run([.data(1, 1)], on: &machine)
        }
        #expect(open(&machine, 0, by: 10))
        // What comes in for streams that are gone counts as well.
        machine.reset(1)
        try Self.run([.data(1, 10, role: .ignored)], on: &machine)
        #expect(throws: HTTP2Fault.self) { try Self.run([.data(3, 1)], on: &machine) }
    }

    @Test func windowsThatAreOpenedMayBeUsed() throws {
        var machine = Self.machine(window: 10)
        try Self.run([.request(1), .data(1, 10)], on: &machine)
        #expect(open(&machine, 1, by: 5))
        try Self.run([.data(1, 5)], on: &machine)
        #expect(throws: HTTP2Fault.self) { try Self.run([.data(1, 1)], on: &machine) }
    }

    @Test func aPieceOfAFrameTakesNothingOfTheWindows() throws {
        var machine = Self.machine(window: 10)
        try Self.run([.request(1)], on: &machine)
        for index in 0..<10 {
            var piece = Self.data(1, 1)
            piece.frameLength = index == 0 ? 10 : nil
            #expect(try machine.receive(piece) == .body)
        }
        #expect(throws: HTTP2Fault.self) { try Self.run([.data(1, 1)], on: &machine) }
    }

    @Test func onlyTheLastStreamsEndsAreRemembered() throws {
        var machine = Self.machine()
        try Self.run([.request(1), .resetByGateway(1)], on: &machine)
        for index in 1...8 { try Self.run([.request(2 * index + 1), .resetByGateway(2 * index + 1)], on: &machine) }
        try Self.run([.data(3, role: .ignored)], on: &machine)
        #expect(throws: HTTP2Fault.self) { try Self.run([.data(1, role: .ignored)], on: &machine) }
    }

    // MARK: Floods

    @Test(arguments: [("controls", 2000), ("resets", 500), ("faults", 200)])
    func whatComesTooOftenIsTooMuch(kind: String, most: Int) throws {
        var machine = Self.machine()
        var now = Self.now
        func once() throws(HTTP2Fault) {
            switch kind {
            case "controls": try machine.receiveControl(now: now)
            case "resets":
                let id = machine.lastStream + (machine.lastStream == 0 ? 1 : 2)
                try Self.run([.request(id)], on: &machine)
                _ = try machine.receiveReset(of: id, now: now)
            default: try machine.countFault(now: now)
            }
        }
        for _ in 0..<most { try once() }
        // A new period, a new count.
        now = now.advanced(byNanoseconds: 10_000_000_000)
        for _ in 0..<most { try once() }
        #expect(throws: HTTP2Fault.self) { try once() }
    }

    @Test func emptyFramesInARowAreTooMuch() throws {
        var machine = Self.machine()
        try Self.run([.request(1), .data(1, 0), .data(1, 1), .data(1, 0, padding: 2)], on: &machine)
        #expect(throws: HTTP2Fault.self) { try Self.run([.data(1, 0)], on: &machine) }
        // The end of a stream is a good reason for an empty frame.
        var other = Self.machine()
        try Self.run([.request(1), .data(1, 0, ends: true), .request(3), .data(3, 0, ends: true)], on: &other)
    }
}
