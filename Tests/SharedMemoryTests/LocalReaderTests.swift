import Dispatch
import Foundation
import NIOConcurrencyHelpers
import SharedMemory
import Tensors
import Testing

/// Readers of a ring that keep to one processor.
@Suite struct LocalReaderTests {
    private static let processor = Processor(number: 7)
    private static let reader = LocalReader(index: 3)

    @Test func aProducerAsksForOneUntilThereIsOne() throws {
        let fixture = try RingFixture()
        let writer = RingWriter(fixture.memory)
        let bell = RingReader(fixture.memory).doorbell
        #expect(bell.wantedReader == nil)
        #expect(writer.reader(on: Self.processor) == nil)
        #expect(bell.wantedReader == Self.processor)
        bell.say(Self.reader, keepsTo: Self.processor)
        #expect(writer.reader(on: Self.processor) == Self.reader)
        #expect(writer.reader(on: Processor(number: 8)) == nil)
    }

    /// What a hostile side may leave where the other one looks.
    @Test func nonsenseIsNoReader() throws {
        let fixture = try RingFixture()
        let writer = RingWriter(fixture.memory)
        let bell = RingReader(fixture.memory).doorbell
        let entry = fixture.consumer.base + 128 + Self.processor.number
        for (byte, isReader) in [(0, false), (1, true), (30, true), (31, false), (255, false)] as [(UInt8, Bool)] {
            entry.storeBytes(of: byte, as: UInt8.self)
            #expect((writer.reader(on: Self.processor) != nil) == isReader, "\(byte)")
        }
        for (word, isProcessor) in [(0, false), (1, true), (512, true), (513, false), (.max, false)] as [(UInt32, Bool)]
        {
            (fixture.producer.base + 68).storeBytes(of: word, as: UInt32.self)
            #expect((bell.wantedReader != nil) == isProcessor, "\(word)")
        }
    }

    /// A sleeping reader of one processor is woken by its own kind of call, and by no other.
    @Test func eachIsWokenByItself() throws {
        let fixture = try RingFixture()
        let bell = RingReader(fixture.memory).doorbell
        let woken = NIOLockedValueBox<[String]>([])
        let done = DispatchSemaphore(value: 0)
        let before = bell.state
        let sleepers: [(String, Doorbell.Sleeper)] = [
            ("local", .local(Self.reader)), ("another", .local(LocalReader(index: 4))), ("any", .reader),
        ]
        let identifiers = NIOLockedValueBox<[String]>([])
        for (name, sleeper) in sleepers {
            Thread {
                bell.beginSleep(as: sleeper)
                identifiers.withLockedValue { $0.append(Self.thread ?? "none") }
                bell.sleep(while: before, until: .now.advanced(byNanoseconds: 20_000_000_000), as: sleeper)
                bell.endSleep(as: sleeper)
                woken.withLockedValue { $0.append(name) }
                done.signal()
            }.start()
        }
        // All of them sleep in a futex (by its number on x86-64, or AArch64): the kernel says so.
        func areAsleep() -> Bool {
            let all = identifiers.withLockedValue { $0 }
            return all.count == 3
                && all.allSatisfy {
                    let call = try? String(contentsOfFile: "/proc/\($0)/syscall", encoding: .utf8)
                    return ["202", "98"].contains(call?.split(separator: " ").first)
                }
        }
        let limit = Date(timeIntervalSinceNow: 20)
        while !areAsleep(), Date() < limit { usleep(200) }
        try #require(areAsleep(), "only who sleeps can be woken")
        let writer = RingWriter(fixture.memory)
        writer.wake(Self.reader)
        #expect(done.wait(timeout: .now() + 20) == .success)
        #expect(woken.withLockedValue { $0 } == ["local"])
        // It doesn't sleep any more, so whoever reads whatever comes is woken in its place.
        writer.wake(Self.reader)
        #expect(done.wait(timeout: .now() + 20) == .success)
        #expect(woken.withLockedValue { $0 } == ["local", "any"])
        writer.ringAll()
        #expect(done.wait(timeout: .now() + 20) == .success)
    }

    /// This thread's folder in `/proc`.
    private static var thread: String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    }

    @Test func aThreadKeepsToItsProcessor() {
        let done = DispatchSemaphore(value: 0)
        let outcome = NIOLockedValueBox<(kept: Bool, status: String, impossible: Bool)?>(nil)
        Thread {
            let isKept = Processor.current?.keepThread() ?? false
            let status = try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)
            outcome.withLockedValue { $0 = (isKept, status ?? "", Processor(number: 511).keepThread()) }
            done.signal()
        }.start()
        #expect(done.wait(timeout: .now() + 20) == .success)
        let found = outcome.withLockedValue { $0 }
        #expect(found?.kept == true)
        let allowed = found?.status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        #expect(allowed.map { $0.contains(/:\s+[0-9]+$/) } == true, "one processor: \(allowed ?? "")")
        #expect(found?.impossible == false, "there is no such processor here")
    }
}
