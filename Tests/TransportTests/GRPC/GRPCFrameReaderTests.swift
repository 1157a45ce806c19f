import NIOCore
import Tensors
import Testing

@testable import Transport

@Suite struct GRPCFrameReaderTests {
    /// The messages in `pieces`, each with its flag; `nil` where one isn't complete.
    private static func messages(
        _ pieces: [[UInt8]], limit: Int = 100
    ) throws -> (messages: [(isCompressed: Bool, bytes: [UInt8])], isComplete: Bool) {
        var reader = GRPCFrameReader(limit: limit)
        var messages: [(Bool, [UInt8])] = []
        var current: (Bool, [UInt8])?
        for piece in pieces {
            var buffer = ByteBuffer(bytes: piece)
            while let event = try reader.next(&buffer) {
                switch event {
                case .begin(let isCompressed, let length):
                    current = (isCompressed, [])
                    current?.1.reserveCapacity(length)
                case .bytes(let bytes): current?.1 += Array(bytes.readableBytesView)
                case .end:
                    messages.append(try #require(current))
                    current = nil
                }
            }
            #expect(buffer.readableBytes == 0)
        }
        return (messages, reader.isBetweenMessages)
    }

    @Test func messagesAreFoundHoweverTheyAreCut() throws {
        let body: [UInt8] = [0, 0, 0, 0, 3, 1, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9]
        for first in 0...body.count {
            for second in first...body.count {
                let pieces = [Array(body[..<first]), Array(body[first..<second]), Array(body[second...])]
                let (messages, isComplete) = try Self.messages(pieces)
                #expect(messages.map(\.bytes) == [[1, 2, 3], [], [9]])
                #expect(messages.map(\.isCompressed) == [false, true, false])
                #expect(isComplete)
            }
        }
    }

    @Test func oneWholeMessageIsTakenAtOnce() throws {
        let reader = GRPCFrameReader(limit: 3)
        func whole(_ bytes: [UInt8]) -> [UInt8]? {
            reader.wholeMessage(ByteBuffer(bytes: bytes)).map { Array($0.readableBytesView) }
        }
        #expect(whole([0, 0, 0, 0, 3, 1, 2, 3]) == [1, 2, 3])
        #expect(whole([0, 0, 0, 0, 0]) == [])
        // Cut off, with another one behind, compressed, with a flag that there isn't, too large.
        for bytes: [UInt8] in [
            [], [0, 0, 0, 0], [0, 0, 0, 0, 3, 1, 2], [0, 0, 0, 0, 1, 1, 0], [1, 0, 0, 0, 1, 1], [2, 0, 0, 0, 1, 1],
            [0, 0, 0, 0, 4, 1, 2, 3, 4],
        ] {
            #expect(whole(bytes) == nil, "\(bytes)")
        }
        // In the middle of another one nothing begins.
        var begun = GRPCFrameReader(limit: 3)
        var first = ByteBuffer(bytes: [0] as [UInt8])
        if try begun.next(&first) != nil { Issue.record("one byte is no message") }
        #expect(begun.wholeMessage(ByteBuffer(bytes: [0, 0, 0, 0, 1, 1])) == nil)
    }

    @Test func aBodyThatIsCutOffIsNotComplete() throws {
        let body: [UInt8] = [0, 0, 0, 0, 2, 1, 2]
        for count in 1..<body.count { #expect(try !Self.messages([Array(body[..<count])]).isComplete) }
        #expect(try Self.messages([]).isComplete)
    }

    @Test func aMessageThatIsTooLargeIsRefusedByItsLengthAlone() throws {
        #expect(throws: SluiceError.self) { try Self.messages([[0, 0, 0, 0, 101]]) }
        #expect(throws: SluiceError.self) { try Self.messages([[0, 0xFF, 0xFF, 0xFF, 0xFF]]) }
        #expect(try Self.messages([[0, 0, 0, 0, 100] + [UInt8](repeating: 1, count: 100)]).messages.count == 1)
    }

    @Test(arguments: [2, 3, 0x80, 0xFF] as [UInt8]) func anUnknownFlagIsRefused(_ flag: UInt8) {
        #expect(throws: SluiceError.self) { try Self.messages([[flag, 0, 0, 0, 0]]) }
    }
}
