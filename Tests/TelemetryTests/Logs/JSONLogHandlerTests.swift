import Foundation
import Logging
import Telemetry
import Testing

@Suite struct JSONLogHandlerTests {
    private struct Broken: Error, CustomStringConvertible {
        var description: String { "it \"broke\"" }
    }

    private static func handler(_ memory: MemoryOutput, level: Logger.Level = .info) -> JSONLogHandler {
        JSONLogHandler(label: "gateway", level: level, output: memory.output) { 1_795_508_431_123 }
    }

    private static func logger(_ memory: MemoryOutput, level: Logger.Level = .info) -> Logger {
        Logger(label: "gateway") { _ in handler(memory, level: level) }
    }

    private static let start =
        "{\"time\":\"2026-11-24T08:20:31.123Z\",\"level\":\"info\",\"logger\":\"gateway\",\"message\":\"model loaded\""

    @Test func writesMetadataAsKeysOfTheirOwn() {
        let memory = MemoryOutput()
        Self.logger(memory).info(
            "model loaded",
            metadata: [
                "model": "iris", "rows": .stringConvertible(7), "quick": .stringConvertible(true),
                "seconds": .stringConvertible(0.5), "names": ["a", "b"],
                "spec": ["x": "FP32[-1,4]", "n": ["deep": "er"]],
            ])
        #expect(
            memory.text == Self.start + """
                ,"model":"iris","names":["a","b"],"quick":true,"rows":7,"seconds":"0.5",\
                "spec":{"n":{"deep":"er"},"x":"FP32[-1,4]"}}

                """)
    }

    @Test func whatIsMaskedIsInNoValue() {
        let memory = MemoryOutput()
        let mask = LogMask()
        let handler = JSONLogHandler(
            label: "gateway", threshold: LogThreshold(.info), output: memory.output, mask: mask
        ) { 1_795_508_431_123 }
        let logger = Logger(label: "gateway") { _ in handler }
        mask.become { $0.replacingOccurrences(of: "hush", with: "[x]") }
        logger.info("model loaded", metadata: ["a": "hush hush", "b": ["hush"], "c": ["d": "no", "e": "hush"]])
        #expect(memory.text == Self.start + #","a":"[x] [x]","b":["[x]"],"c":{"d":"no","e":"[x]"}}"# + "\n")
        mask.become(nil)
        logger.info("model loaded", metadata: ["a": "hush"])
        #expect(memory.text.hasSuffix(#","a":"hush"}"# + "\n"))
    }

    @Test func nearerMetadataWins() {
        let memory = MemoryOutput()
        var handler = Self.handler(memory)
        handler.metadataProvider = Logger.MetadataProvider { ["a": "provider", "b": "provider", "c": "provider"] }
        handler[metadataKey: "b"] = "handler"
        handler[metadataKey: "c"] = "handler"
        #expect(handler[metadataKey: "b"] == "handler")
        let logger = Logger(label: "gateway") { [handler] _ in handler }
        logger.info("model loaded", metadata: ["c": "call"])
        #expect(memory.text == Self.start + ",\"a\":\"provider\",\"b\":\"handler\",\"c\":\"call\"}\n")
    }

    @Test func metadataCannotTakeTheKeysOfTheLine() {
        let memory = MemoryOutput()
        Self.logger(memory).info("model loaded", metadata: ["level": "critical", "time": "never", "message": "other"])
        #expect(
            memory.text == Self.start + ",\"_level\":\"critical\",\"_message\":\"other\",\"_time\":\"never\"}\n")
    }

    @Test func clientsCannotForgeLines() throws {
        let memory = MemoryOutput()
        Self.logger(memory).info("model loaded", metadata: ["k\"\n": "v\"}\n{\"level\":\"info\u{2028}"])
        #expect(memory.lines.count == 1)
        let object = try JSONSerialization.jsonObject(with: Data(memory.text.utf8)) as? [String: String]
        #expect(object?["k\"\n"] == "v\"}\n{\"level\":\"info\u{2028}")
    }

    @Test func writesErrors() {
        let memory = MemoryOutput()
        Self.logger(memory).info("model loaded", error: Broken())
        #expect(memory.text == Self.start + ",\"error\":\"it \\\"broke\\\"\"}\n")
    }

    @Test func belowItsLevelNothingIsWritten() {
        let memory = MemoryOutput()
        let logger = Self.logger(memory, level: .warning)
        logger.info("quiet")
        #expect(memory.text.isEmpty)
        logger.warning("loud")
        #expect(memory.lines.count == 1)
    }

    @Test func nestingAndLengthAreBounded() throws {
        let memory = MemoryOutput()
        var nested: Logger.MetadataValue = "core"
        for _ in 0..<100 { nested = .array([nested]) }
        Self.logger(memory).info(
            "model loaded", metadata: ["deep": nested, "long": .string(String(repeating: "x", count: 1 << 20))])
        #expect(memory.text.utf8.count < 10_000)
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(memory.text.utf8)) }
    }

    @Test func anOutputThatFailsIsNoReasonToStop() {
        let memory = MemoryOutput()
        memory.setFails(true)
        let logger = Self.logger(memory)
        logger.info("lost")
        memory.setFails(false)
        logger.info("model loaded")
        #expect(memory.text == Self.start + "}\n")
    }
}
