import Foundation
import NIOConcurrencyHelpers
import Telemetry
import Testing

/// Keeps what is written; can be told to fail.
final class MemoryOutput: Sendable {
    struct Full: Error {}

    private let state = NIOLockedValueBox((bytes: [UInt8](), writes: 0, fails: false))

    var text: String { String(decoding: state.withLockedValue { $0.bytes }, as: UTF8.self) }
    var lines: [Substring] { text.split(separator: "\n") }
    var writes: Int { state.withLockedValue { $0.writes } }

    func setFails(_ fails: Bool) { state.withLockedValue { $0.fails = fails } }

    var output: LogOutput {
        LogOutput { bytes in
            try self.state.withLockedValue { state in
                if state.fails { throw Full() }
                state.bytes += bytes
                state.writes += 1
            }
        }
    }
}

@Suite struct AccessLogTests {
    private static func record(path: String = "/v1/infer", id: String = "r1") -> AccessRecord {
        AccessRecord(
            unixMilliseconds: 1_795_508_431_123, requestID: id, method: "POST", path: path, status: 200,
            consumer: "acme", route: "vision", model: "cls-cpu", isFallback: true, bytesIn: 120, bytesOut: 48,
            nanoseconds: 12_345_678, remote: "10.0.0.7")
    }

    private static func log(
        _ memory: MemoryOutput, capacity: Int = AccessLog.capacity, dropped: Counter = Counter()
    ) -> AccessLog {
        AccessLog(output: memory.output, dropped: dropped, capacity: capacity, schedulesWrites: false)
    }

    @Test func writesOneObjectALine() {
        let memory = MemoryOutput()
        let log = Self.log(memory)
        log.append(Self.record())
        #expect(memory.text.isEmpty)
        log.flush()
        #expect(
            memory.text == """
                {"time":"2026-11-24T08:20:31.123Z","request_id":"r1","method":"POST","path":"/v1/infer","status":200,\
                "consumer":"acme","route":"vision","model":"cls-cpu","fallback":true,"bytes_in":120,"bytes_out":48,\
                "milliseconds":12.345,"remote":"10.0.0.7"}

                """)
    }

    @Test func leavesOutWhatIsUnknownAndShowsTheCode() {
        let memory = MemoryOutput()
        let log = Self.log(memory)
        log.append(
            AccessRecord(
                unixMilliseconds: 0, requestID: "r", method: "GET", path: "/", status: 404, nanoseconds: 1_000,
                code: "not_found"))
        log.flush()
        #expect(
            memory.text == """
                {"time":"1970-01-01T00:00:00.000Z","request_id":"r","method":"GET","path":"/","status":404,\
                "bytes_in":0,"bytes_out":0,"milliseconds":0.001,"code":"not_found"}

                """)
    }

    @Test(arguments: [
        ("/v1/infer?key=slk_secret", "/v1/infer"), ("/a?\u{301}secret", "/a"), ("?secret", ""), ("/a?b?secret", "/a"),
    ]) func neverWritesAQuery(path: String, shown: String) throws {
        let memory = MemoryOutput()
        let log = Self.log(memory)
        log.append(Self.record(path: path))
        log.flush()
        #expect(!memory.text.contains("secret"))
        #expect(memory.text.contains("\"path\":\"\(shown)\""))
    }

    @Test func clientsCannotForgeLines() throws {
        let memory = MemoryOutput()
        let log = Self.log(memory)
        let hostile = "x\"}\n{\"status\":200,\"path\":\"/admin\u{2028}\u{85}\r\n"
        log.append(Self.record(path: hostile, id: hostile))
        log.flush()
        #expect(memory.lines.count == 1)
        let object = try JSONSerialization.jsonObject(with: Data(memory.text.utf8)) as? [String: Any]
        #expect(object?["path"] as? String == hostile)
        #expect(object?["status"] as? Int == 200)
    }

    @Test func longTextsAreCut() {
        let memory = MemoryOutput()
        let log = Self.log(memory)
        log.append(Self.record(path: "/" + String(repeating: "x", count: 1 << 20)))
        log.flush()
        #expect(memory.text.utf8.count < 2_000)
        #expect(memory.text.contains("xxx…\""))
    }

    @Test func writesAllWaitingLinesAtOnceAndInOrder() {
        let memory = MemoryOutput()
        let log = Self.log(memory)
        for round in 0..<3 {
            for index in 0..<100 { log.append(Self.record(id: "r\(round * 100 + index)")) }
            log.flush()
        }
        log.flush()
        #expect(memory.writes == 3)
        #expect(memory.lines.count == 300)
        for (index, line) in memory.lines.enumerated() { #expect(line.contains("\"request_id\":\"r\(index)\",")) }
    }

    @Test func aFullBufferDropsWholeLinesAndCountsThem() {
        let memory = MemoryOutput()
        let dropped = Counter()
        let log = Self.log(memory, capacity: 1_000, dropped: dropped)
        for _ in 0..<10 { log.append(Self.record()) }
        log.flush()
        let kept = memory.lines.count
        #expect((1...5).contains(kept))
        #expect(dropped.value == UInt64(10 - kept))
        #expect(memory.lines.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
        // There is room again.
        log.append(Self.record())
        log.flush()
        #expect(memory.lines.count == kept + 1)
    }

    @Test func linesThatCannotBeWrittenAreCounted() {
        let memory = MemoryOutput()
        let dropped = Counter()
        let log = Self.log(memory, dropped: dropped)
        memory.setFails(true)
        for _ in 0..<3 { log.append(Self.record()) }
        log.flush()
        #expect(dropped.value == 3)
        memory.setFails(false)
        log.append(Self.record())
        log.flush()
        #expect(memory.lines.count == 1)
        #expect(dropped.value == 3)
    }

    @Test func linesFromManyThreadsStayWhole() async {
        let memory = MemoryOutput()
        let log = AccessLog(output: memory.output, dropped: Counter())
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<500 { log.append(Self.record()) } } }
        }
        log.flush()
        #expect(memory.lines.count == 4_000)
        #expect(Set(memory.lines).count == 1)
    }

    @Test(.timeLimit(.minutes(1))) func linesAreWrittenByThemselves() async {
        await withCheckedContinuation { continuation in
            let log = AccessLog(output: LogOutput { _ in continuation.resume() }, dropped: Counter())
            log.append(Self.record())
        }
    }
}

@Suite struct LogOutputTests {
    @Test func filesAreMadeAndAppendedTo() throws {
        let path = NSTemporaryDirectory() + "sluice-log-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try LogOutput.file(path).write(Array("one\n".utf8))
        let second = try LogOutput.file(path)
        try second.write(Array("two\n".utf8))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "one\ntwo\n")
        // As a log rotation does it.
        try Data().write(to: URL(fileURLWithPath: path))
        try second.write(Array("three\n".utf8))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "three\n")
    }

    @Test func aFileThatCannotBeOpenedIsAnError() {
        #expect(throws: (any Error).self) { try LogOutput.file("/proc/no/such/folder/log") }
        #expect(throws: (any Error).self) { try LogOutput.file("/tmp") }
    }
}
