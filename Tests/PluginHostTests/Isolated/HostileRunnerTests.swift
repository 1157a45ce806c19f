import Foundation
import Glibc
import NIOConcurrencyHelpers
import SharedMemory
import Tensors
import Testing

@testable import PluginHost

/// A runner of which nothing is left but the will to do harm: whatever it writes, the gateway goes on, and the runner is
/// found out or its request answered.
@Suite struct HostileRunnerTests {
    /// Both ends of a connection, the runner's in the hands of the test.
    private final class Fixture: RunnerConnectionObserver, Sendable {
        let inputs: IsolatedInputs
        let connection: NIOLockedValueBox<RunnerConnection?> = NIOLockedValueBox(nil)
        let faults = NIOLockedValueBox<[String]>([])
        let ring: NIOLockedValueBox<RingWriter>

        init() throws {
            inputs = try IsolatedInputs(model: "hostile")
            let host = try SharedRegion.create(name: "host", byteCount: ChannelLayout.hostByteCount, side: .writer)
            let mine = try SharedRegion.create(name: "runner", byteCount: ChannelLayout.runnerByteCount, side: .reader)
            let theirs = try mine.withDescriptor { try SharedRegion.open(descriptor: dup($0), side: .writer) }
            ring = NIOLockedValueBox(RingWriter(ChannelLayout.answers(host: host, runner: theirs)))
            let connection = RunnerConnection(
                model: "hostile", inputs: inputs.arena, host: host, runner: mine, grace: 1, observer: self)
            connection.description = ModelDescription(
                signature: ModelSignature(
                    inputs: [TensorSpec(name: "X", dataType: .fp32, shape: [-1])],
                    outputs: [
                        TensorSpec(name: "X", dataType: .fp32, shape: [-1]),
                        TensorSpec(name: "B", dataType: .bytes, shape: [-1]),
                    ]),
                maximumBatchRows: 0, maximumConcurrency: 1, streams: true, isQuick: true, keepsSequences: false,
                allowsRetry: true, isDeterministic: false, memoryBytes: 0, platform: "", metadata: [])
            connection.startReading()
            self.connection.withLockedValue { $0 = connection }
        }

        /// Sends a call; the first of a fixture has the number 0, in its first turn.
        func send() throws -> PartCollector {
            let collector = PartCollector()
            let call = try collector.call()
            #expect(connection.withLockedValue { $0 }?.send(IsolatedBatch(first: call)) == true)
            return collector
        }

        func write(_ kind: UInt32, _ bytes: [UInt8]) {
            ring.withLockedValue { ring in
                _ = try? ring.write(kind: kind, bytes)
                ring.ring()
            }
        }

        func end() {
            for entry in connection.withLockedValue({ $0 })?.close() ?? [] {
                if entry.close() { entry.call.deliver(.failure(SluiceError(.pluginCrashed, "test"))) }
            }
        }

        func runnerAnswered(_ connection: RunnerConnection) {}
        func runnerBrokeContract(_ connection: RunnerConnection, requestID: String, reason: String) {}
        func runnerBrokeRing(_ connection: RunnerConnection, reason: String) {
            faults.withLockedValue { $0.append(reason) }
        }
        func runnerOwesAnswer(_ connection: RunnerConnection, by time: MonotonicTime) {}
        func runnerLogged(level: PluginServices.LogLevel, text: String) {}
        func runnerRegistered(metric: UInt32, kind: PluginServices.MetricKind, name: String, help: String) {}
        func runnerObserved(metric: UInt32, value: Double) {}
    }

    /// A final part with one output.
    private static func part(
        number: UInt64 = 1 << 32, name: String = "X", type: UInt8 = DataType.fp32.rawValue, shape: [Int64] = [4],
        offset: UInt64 = UInt64(ChannelLayout.outputsStart), byteCount: UInt64 = 16, offsets: UInt64? = nil,
        token: UInt64 = 1, code: String? = nil, isFinal: Bool = true
    ) -> [UInt8] {
        var writer = MessageWriter()
        writer.write(number)
        writer.write(isFinal)
        writer.write(token)
        writer.write(UInt32(code == nil ? 1 : 0))
        if code == nil {
            writer.write(name)
            writer.write(type)
            writer.write(UInt8(shape.count))
            for dimension in shape { writer.write(dimension) }
            writer.write(offset)
            writer.write(byteCount)
            if let offsets { writer.write(offsets) }
        }
        writer.write(UInt32(0))
        writer.write(code) { writer, code in
            writer.write(code)
            writer.write("text")
        }
        return writer.bytes
    }

    private static let bytes = DataType.bytes.rawValue

    static let lies: [(what: String, message: [UInt8])] = [
        ("an answer to a call in another turn", part(number: 2 << 32)),
        ("an answer to a call that never was", part(number: 1 << 32 | 77)),
        ("an output before the arena", part(offset: 0)),
        ("an output that ends beyond the region", part(offset: UInt64(ChannelLayout.runnerByteCount) - 8)),
        ("an output far outside", part(offset: 1 << 62)),
        ("an output that lies askew", part(offset: UInt64(ChannelLayout.outputsStart) + 1)),
        ("an output that isn't lent", part(token: 0)),
        ("an output in inputs of others", part(offset: TensorPlace.isInInputs | 1 << 20)),
        ("an output in inputs that wraps", part(offset: .max)),
        ("BYTES in inputs", part(name: "B", type: bytes, offset: TensorPlace.isInInputs, offsets: 0)),
        ("BYTES whose offsets lie outside", part(name: "B", type: bytes, offsets: .max)),
        (
            "BYTES whose offsets are nonsense",
            part(name: "B", type: bytes, byteCount: 1 << 20, offsets: UInt64(ChannelLayout.outputsStart))
        ),
        ("more bytes than the shape has", part(byteCount: 1 << 20)),
        ("a shape that overflows", part(shape: [1 << 40, 1 << 40])),
        ("a negative dimension", part(shape: [-4])),
        ("an unknown type", part(type: 99)),
        ("an undeclared output", part(name: "Y")),
        ("an output of another type", part(type: DataType.int32.rawValue)),
        ("a failure of the gateway's own", part(code: "quota_exceeded")),
        ("an error that is not the end", part(code: "model_failed", isFinal: false)),
        ("half a message", Array(part().prefix(20))),
        ("more than a message", part() + [0]),
        ("nothing", []),
    ]

    @Test(arguments: lies) func lieIsFoundOut(lie: (what: String, message: [UInt8])) throws {
        let fixture = try Fixture()
        let collector = try fixture.send()
        fixture.write(MessageKind.Answer.part.rawValue, lie.message)
        #expect(eventually { !fixture.faults.withLockedValue { $0.isEmpty } }, "\(lie.what)")
        #expect(collector.finalCount == 0)
        fixture.end()
        #expect(try collector.waitForFinal().error?.code == .pluginCrashed)
    }

    @Test func truthIsTaken() throws {
        let fixture = try Fixture()
        let collector = try fixture.send()
        fixture.write(MessageKind.Answer.part.rawValue, Self.part())
        let part = try collector.waitForFinal()
        #expect(part.outputs.first?.elements(as: Float.self) == [0, 0, 0, 0])
        // And not twice.
        fixture.write(MessageKind.Answer.part.rawValue, Self.part())
        #expect(eventually { !fixture.faults.withLockedValue { $0.isEmpty } })
        #expect(collector.finalCount == 1)
        fixture.end()
    }

    /// Good messages with a few bytes changed, and such as say that they lie elsewhere: nothing of it may crash.
    @Test func mutatedMessagesNeverHarm() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<150 {
            let fixture = try Fixture()
            let collector = try fixture.send()
            for _ in 0..<8 {
                var message = Self.lies.randomElement(using: &random)?.message ?? []
                for _ in 0..<Int.random(in: 0...4, using: &random) where !message.isEmpty {
                    message[Int.random(in: message.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                let elsewhere = Bool.random(using: &random) ? MessageKind.isElsewhere : 0
                fixture.write(UInt32.random(in: 0...8, using: &random) | elsewhere, message)
            }
            _ = eventually { !fixture.faults.withLockedValue { $0.isEmpty } }
            fixture.end()
            _ = try collector.waitForFinal()
            #expect(collector.finalCount == 1)
        }
    }
}
