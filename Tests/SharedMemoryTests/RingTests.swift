import CSharedMemory
import Dispatch
import Foundation
import NIOConcurrencyHelpers
import SharedMemory
import Tensors
import Testing

/// A ring between two regions, as between a gateway and a runner; both ends are in this process.
struct RingFixture {
    static let capacity = 256 << 10
    let producer: SharedRegion
    let consumer: SharedRegion
    let memory: RingMemory

    init() throws {
        producer = try .create(
            name: "producer", byteCount: RingMemory.producerByteCount(capacity: Self.capacity), side: .writer)
        consumer = try .create(name: "consumer", byteCount: 4096, side: .writer)
        memory = RingMemory(producer: producer, at: 0, consumer: consumer, at: 0, capacity: Self.capacity)
    }
}

@Suite struct RingTests {
    private func write(_ ring: inout RingWriter, _ kind: UInt32, _ bytes: [UInt8]) throws -> Bool {
        try ring.write(kind: kind, bytes)
    }

    @Test func recordsComeOutAsTheyWentIn() throws {
        let fixture = try RingFixture()
        var writer = RingWriter(fixture.memory)
        var reader = RingReader(fixture.memory)
        var payload: [UInt8] = [9]
        #expect(try reader.read(into: &payload) == nil)
        #expect(reader.isEmpty)
        for size in [0, 1, 7, 8, 9, 1000, RingMemory.largestPayload] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try write(&writer, UInt32(size), bytes))
            #expect(!reader.isEmpty)
            #expect(try reader.read(into: &payload) == UInt32(size))
            #expect(payload == bytes)
        }
        #expect(try reader.read(into: &payload) == nil)
    }

    @Test func fullRingTakesNothingUntilItIsReadAndNeverLosesOrder() throws {
        let fixture = try RingFixture()
        var writer = RingWriter(fixture.memory)
        var reader = RingReader(fixture.memory)
        var payload: [UInt8] = []
        var written: UInt32 = 0
        var read: UInt32 = 0
        // Odd sizes, so that records lie across the end in every way.
        for round in 0..<200 {
            while try write(
                &writer, written, [UInt8](repeating: UInt8(written % 251), count: 1 + Int(written) * 37 % 9000))
            {
                written += 1
            }
            for _ in 0..<(1 + round % 20) {
                guard let kind = try reader.read(into: &payload) else { break }
                #expect(kind == read)
                #expect(payload.count == 1 + Int(kind) * 37 % 9000)
                #expect(payload.allSatisfy { $0 == UInt8(kind % 251) })
                read += 1
            }
        }
        #expect(written > 1000)
    }

    /// Words of the producer's part that a broken runner might leave there.
    @Test(arguments: [1, 7, 8 << 20, UInt64.max, 1 << 63, 256 << 10 + 8] as [UInt64])
    func impossibleTailIsAFault(tail: UInt64) throws {
        let fixture = try RingFixture()
        var reader = RingReader(fixture.memory)
        var payload: [UInt8] = []
        shared_store_u64(fixture.producer.base, tail)
        #expect(throws: RingFault.self) { try reader.read(into: &payload) }
    }

    @Test(arguments: [1, 16, 17 << 10, 1 << 31, UInt64(UInt32.max)] as [UInt64])
    func recordLongerThanWhatIsThereIsAFault(length: UInt64) throws {
        let fixture = try RingFixture()
        var reader = RingReader(fixture.memory)
        var payload: [UInt8] = []
        shared_store_u64(fixture.producer.base + 128, length)
        shared_store_u64(fixture.producer.base, 8)
        #expect(throws: RingFault.self) { try reader.read(into: &payload) }
    }

    @Test func headBeyondTheTailIsAFaultForTheWriter() throws {
        let fixture = try RingFixture()
        var writer = RingWriter(fixture.memory)
        let record = [UInt8](repeating: 1, count: RingMemory.largestPayload)
        #expect(throws: RingFault.self) {
            shared_store_u64(fixture.consumer.base, 1 << 40)
            while try write(&writer, 1, record) {}
        }
    }

    /// Every word of the memory that a runner writes, at random: the host never reads outside, and never takes a record
    /// for one that is longer than a record can be.
    @Test func garbageNeverGetsBeyondTheRing() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let fixture = try RingFixture()
            var reader = RingReader(fixture.memory)
            var payload: [UInt8] = []
            for offset in stride(from: 128, to: 4096, by: 8) {
                shared_store_u64(
                    fixture.producer.base + offset,
                    UInt64.random(in: 0...(.max >> UInt64.random(in: 0...63, using: &random)), using: &random))
            }
            shared_store_u64(fixture.producer.base, UInt64.random(in: 0...64, using: &random) * 8)
            do {
                while try reader.read(into: &payload) != nil { #expect(payload.count <= RingMemory.largestPayload) }
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test func sleeperIsWokenByEveryRecordItMustSee() throws {
        let fixture = try RingFixture()
        let count: UInt32 = 20_000
        let done = DispatchSemaphore(value: 0)
        let received = NIOLockedValueBox<UInt32>(0)
        let thread = Thread {
            var reader = RingReader(fixture.memory)
            let bell = reader.doorbell
            var payload: [UInt8] = []
            var next: UInt32 = 0
            while next < count {
                let state = bell.state
                guard let kind = try? reader.read(into: &payload) else {
                    bell.beginSleep()
                    if reader.isEmpty { bell.sleep(while: state, until: .now.advanced(byNanoseconds: 20_000_000_000)) }
                    bell.endSleep()
                    continue
                }
                if kind != next { break }
                next += 1
            }
            received.withLockedValue { $0 = next }
            done.signal()
        }
        thread.start()
        var writer = RingWriter(fixture.memory)
        for index in 0..<count {
            while try !write(&writer, index, [1, 2, 3]) { sched_yield() }
            writer.ring()
            if index % 64 == 0 { sched_yield() }
        }
        #expect(done.wait(timeout: .now() + 60) == .success, "a wake-up was lost")
        #expect(received.withLockedValue { $0 } == count)
    }

    /// A reader and a caller who comes and goes: whoever is there takes what comes, and nothing is left lying.
    @Test func callerAndReaderMissNothingBetweenThem() throws {
        let fixture = try RingFixture()
        let count: UInt32 = 20_000
        let shared = NIOLockedValueBox((ring: RingReader(fixture.memory), next: UInt32(0), wasInOrder: true))
        let bell = RingReader(fixture.memory).doorbell
        @Sendable func take() -> Bool {
            shared.withLockedValue { shared in
                var payload: [UInt8] = []
                guard let kind = try? shared.ring.read(into: &payload) else { return false }
                if kind != shared.next { shared.wasInOrder = false }
                shared.next += 1
                return true
            }
        }
        @Sendable func isOver() -> Bool { shared.withLockedValue { $0.next == count || !$0.wasInOrder } }
        @Sendable func isEmpty() -> Bool { shared.withLockedValue { $0.ring.isEmpty } }
        let done = DispatchSemaphore(value: 0)
        let reader = Thread {
            while !isOver() {
                let state = bell.state
                if take() { continue }
                bell.beginSleep()
                if isEmpty() && !isOver() { bell.sleep(while: state) }
                bell.endSleep()
            }
            done.signal()
        }
        let caller = Thread {
            var turns = 0
            while !isOver() {
                bell.enter()
                let state = bell.state
                var taken = 0
                while taken < 3, take() { taken += 1 }
                if taken == 0 {
                    bell.beginSleep(as: .caller)
                    if isEmpty() && !isOver() {
                        bell.sleep(while: state, until: .now.advanced(byNanoseconds: 100_000), as: .caller)
                    }
                    bell.endSleep(as: .caller)
                }
                bell.leave()
                if !isEmpty() { bell.wakeReader() }
                turns += 1
                if turns % 8 == 0 { sched_yield() }
            }
            done.signal()
        }
        reader.start()
        caller.start()
        var writer = RingWriter(fixture.memory)
        for index in 0..<count {
            while try !write(&writer, index, [1, 2, 3]) { sched_yield() }
            writer.ring()
            if index % 16 == 0 { sched_yield() }
        }
        for _ in 0..<2 {
            while done.wait(timeout: .now() + 0.01) != .success {
                // Whoever took the last record doesn't tell the other; nobody may wait for a record, though.
                guard isOver() else { continue }
                bell.dismissSleepers()
            }
        }
        #expect(shared.withLockedValue { $0.next } == count)
        #expect(shared.withLockedValue { $0.wasInOrder })
    }

    @Test func readerSleepsOnWhileACallerIsThere() throws {
        let fixture = try RingFixture()
        let bell = RingReader(fixture.memory).doorbell
        let woken = DispatchSemaphore(value: 0)
        bell.enter()
        let state = bell.state
        bell.beginSleep()
        let reader = Thread {
            // Its state is the one from before the record, as that of a reader who is long asleep.
            bell.sleep(while: state &+ 1, until: .now.advanced(byNanoseconds: 20_000_000_000))
            bell.endSleep()
            woken.signal()
        }
        var writer = RingWriter(fixture.memory)
        _ = try write(&writer, 1, [1])
        writer.ring()
        reader.start()
        _ = try write(&writer, 2, [1])
        #expect(woken.wait(timeout: .now() + 0.05) == .timedOut, "nobody has called the reader")
        bell.leave()
        while woken.wait(timeout: .now() + 0.01) != .success { bell.wakeReader() }
    }

    /// A caller who sleeps while the producer has more to say sleeps on; a reader is woken for each.
    @Test(arguments: [Doorbell.Sleeper.caller, .reader])
    func onlyCallersAreLeftAsleepWhileMoreIsComing(sleeper: Doorbell.Sleeper) throws {
        let fixture = try RingFixture()
        let ring = RingReader(fixture.memory)
        let bell = ring.doorbell
        if sleeper == .caller { bell.enter() }
        bell.beginSleep(as: sleeper)
        let woken = DispatchSemaphore(value: 0)
        let state = bell.state
        var writer = RingWriter(fixture.memory)
        _ = try write(&writer, 1, [1])
        writer.note()
        #expect(bell.state == state &+ 1, "whoever is awake sees it")
        let thread = Thread {
            // As one who has been asleep since before the record.
            bell.sleep(while: state &+ 1, until: .now.advanced(byNanoseconds: 20_000_000_000), as: sleeper)
            woken.signal()
        }
        thread.start()
        if sleeper == .caller {
            writer.wake(isMoreComing: true)
            #expect(woken.wait(timeout: .now() + 0.05) == .timedOut)
            while woken.wait(timeout: .now() + 0.001) != .success { writer.wake() }
        } else {
            while woken.wait(timeout: .now() + 0.001) != .success { writer.wake(isMoreComing: true) }
        }
        bell.endSleep(as: sleeper)
        if sleeper == .caller { bell.leave() }
    }

    @Test func aRingThatWasReadIsEmptyForThoseWhoDoNotReadToo() throws {
        let fixture = try RingFixture()
        var writer = RingWriter(fixture.memory)
        var reader = RingReader(fixture.memory)
        let bell = RingReader(fixture.memory).doorbell
        var payload: [UInt8] = []
        #expect(bell.isRingEmpty)
        _ = try write(&writer, 1, [1])
        _ = try write(&writer, 2, [])
        #expect(!bell.isRingEmpty)
        _ = try reader.read(into: &payload)
        #expect(!bell.isRingEmpty)
        _ = try reader.read(into: &payload)
        #expect(bell.isRingEmpty)
    }

    @Test func spinningIsForMachinesWithProcessorsToSpare() {
        var none = SpinBudget(processors: 2)
        #expect(!none.isSpinning)
        let spunOnTwo = none.spin(until: { true })
        #expect(!spunOnTwo, "never spins on two")
        var some = SpinBudget(processors: 8)
        #expect(some.isSpinning)
        let saw = some.spin(until: { true })
        #expect(saw)
        let sawNothing = some.spin(until: { false })
        #expect(!sawNothing, "ends by itself")
    }
}
