import Tensors
import Testing

@testable import Codecs

@Suite struct InferMessageAssemblerTests {
    static func assembled(_ bytes: [UInt8], cutAt cuts: [Int] = []) throws -> InferMessage {
        var assembler = InferMessageAssembler(length: bytes.count)
        var start = 0
        for end in cuts + [bytes.count] {
            try bytes[start..<end].withUnsafeBytes { try assembler.append($0) }
            start = end
        }
        return try assembler.finish()
    }

    /// `model_name`, a raw tensor, an input's head, an empty raw tensor, another raw tensor, a varint, two fixed fields.
    static let message: [UInt8] =
        [0x0A, 2, 0x61, 0x62] + [0x3A, 4, 1, 2, 3, 4] + [0x2A, 3, 9, 9, 9] + [0x3A, 0] + [0x3A, 1, 7]
        + [0x40, 0x96, 0x01] + [0x49, 1, 2, 3, 4, 5, 6, 7, 8] + [0x55, 1, 2, 3, 4]

    @Test func rawTensorsAreTakenOutHoweverTheMessageIsCut() throws {
        for first in 0...Self.message.count {
            for second in first...Self.message.count {
                let message = try Self.assembled(Self.message, cutAt: [first, second])
                #expect(message.raw.map { Array($0.bytes) } == [[1, 2, 3, 4], [], [7]])
                #expect(
                    message.head == [0x0A, 2, 0x61, 0x62, 0x2A, 3, 9, 9, 9, 0x40, 0x96, 0x01]
                        + [0x49, 1, 2, 3, 4, 5, 6, 7, 8, 0x55, 1, 2, 3, 4])
            }
        }
    }

    @Test func rawTensorsAreAligned() throws {
        for storage in try Self.assembled(Self.message).raw {
            #expect(UInt(bitPattern: storage.base) % UInt(TensorStorage.alignment) == 0)
        }
    }

    @Test func whatIsCutOffIsRefused() {
        let whole: Set = [0, 4, 10, 15, 17, 20, 23, 32, 37]
        for count in 0..<Self.message.count where !whole.contains(count) {
            #expect(throws: SluiceError.self, "\(count)") { try Self.assembled(Array(Self.message[..<count])) }
        }
    }

    @Test(
        arguments: [
            [0x3A, 2, 1], [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x0A, 5, 1], [0x00], [0x03], [0x0B, 0x0C], [0x0F, 1],
            [0x49, 1, 2], [0x40], [0x40, 0x80], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
            [0x40, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ] as [[UInt8]]) func liesAreRefused(_ bytes: [UInt8])
    {
        #expect(throws: SluiceError.self) { try Self.assembled(bytes) }
    }

    /// What is taken at once is what is taken byte by byte, mistakes included.
    @Test func theWholeAtOnceIsWhatItsBytesAre() {
        func outcome(_ bytes: [UInt8], cutAt cuts: [Int] = []) -> (message: InferMessage?, error: String) {
            do {
                return (try Self.assembled(bytes, cutAt: cuts), "")
            } catch {
                return (nil, "\(error)")
            }
        }
        var taken = 0
        for seed in 0..<20_000 {
            // A linear congruential generator: the same messages each time, one in two of them well formed.
            var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
            func next(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            var bytes: [UInt8] = []
            for _ in 0...next(4) {
                let length = next(6)
                let content = (0..<length).map { _ in UInt8(next(256)) }
                switch next(12) {
                case 0...2: bytes += [0x3A, UInt8(length)] + content
                case 3...5: bytes += [0x2A, UInt8(length)] + content
                case 6, 7: bytes += [0x40, UInt8(next(128))]
                case 8: bytes += [0x55, 1, 2, 3, 4]
                case 9: bytes += [0x3A, UInt8(length + 1)] + content
                default: bytes += content
                }
            }
            let whole = outcome(bytes)
            let pieces = outcome(bytes, cutAt: Array(0...bytes.count))
            #expect(whole.message?.head == pieces.message?.head, "\(bytes)")
            let raw = [whole, pieces].map { $0.message?.raw.map { Array($0.bytes) } }
            #expect(raw[0] == raw[1], "\(bytes)")
            #expect(whole.error == pieces.error, "\(bytes)")
            if whole.message != nil { taken += 1 }
        }
        #expect((1_000..<19_000).contains(taken))
    }

    @Test func manyRawTensorsAreRefused() {
        let bytes = [UInt8](repeating: 0, count: 2050).enumerated().map { $0.offset % 2 == 0 ? 0x3A : $0.element }
        #expect(throws: SluiceError.self) { try Self.assembled(bytes) }
    }
}
