@testable import Telemetry
import Testing

/// Every way in which somebody could lay hands on a log is found, at the first line that is wrong.
@Suite struct AuditVerificationTests {
    private static let key = Array("a key of thirty-two bytes or more".utf8)

    /// Ten records, as lines without their ends.
    private static func lines(key: [UInt8]? = key) -> [[UInt8]] {
        var chain = AuditChain(key: key)
        return (1...10).map { number in
            let record = AuditRecord("reload").with("by", "admin \"ops\"").with("revision", number)
            return Array(chain.seal(record, unixMilliseconds: 1_795_478_400_000 + Int64(number)).dropLast())
        }
    }

    private static func text(_ lines: [[UInt8]]) -> [UInt8] { lines.flatMap { $0 + [UInt8(ascii: "\n")] } }

    private static func broken(
        _ bytes: [UInt8], key: [UInt8]? = key, head: String? = nil
    ) -> AuditVerification.Break? {
        var verification = AuditVerification(key: key, head: head)
        do throws(AuditVerification.Break) {
            try verification.check(bytes, file: "audit.log")
            try verification.finish()
            return nil
        } catch {
            return error
        }
    }

    private static func change(_ line: [UInt8], _ old: String, _ new: String) -> [UInt8] {
        let text = String(decoding: line, as: UTF8.self)
        precondition(text.contains(old))
        return Array(text.replacing(old, with: new).utf8)
    }

    @Test func aLogAsItWasWrittenIsGood() {
        for key in [Self.key, nil] {
            var verification = AuditVerification(key: key)
            #expect(throws: Never.self) { try verification.check(Self.text(Self.lines(key: key)), file: "a") }
            #expect(verification.records == 10 && verification.first == 1 && verification.last == 10)
            #expect(verification.tornBytes == 0)
        }
    }

    @Test func aRecordIsOneLineOfJSONThatSaysWhatHappened() {
        let line = String(decoding: Self.lines()[0], as: UTF8.self)
        #expect(
            line.hasPrefix(
                #"{"seq":1,"time":"2026-11-24T00:00:00.001Z","event":"reload","by":"admin \"ops\"","revision":1,"prev":"0000"#
            ))
    }

    enum Tampering: String, CaseIterable {
        case changedText, changedNumber, changedTime, changedHash, removed, removedTwo, removedFirst, reordered,
            repeated
        case cutInTheMiddle, emptyLine, garbage, replacedByAnother

        var line: Int {
            switch self {
            case .removedFirst: 1
            default: 5
            }
        }

        var reason: String {
            switch self {
            case .changedText, .changedNumber, .changedTime, .changedHash:
                "record 5 was changed: its hash is not that of what it says with this key"
            case .removed: "record 5 is missing: record 6 follows record 4"
            case .removedTwo: "records 5 to 6 are missing: record 7 follows record 4"
            case .removedFirst: ""
            case .reordered: "record 5 is missing: record 6 follows record 4"
            case .repeated: "record 4 stands where record 5 should"
            case .cutInTheMiddle, .emptyLine, .garbage: "the line is no record"
            case .replacedByAnother: "record 5 doesn't follow the record before it: that one is another one"
            }
        }
    }

    @Test(arguments: Tampering.allCases) func isFoundAtTheFirstWrongLine(_ tampering: Tampering) {
        var lines = Self.lines()
        switch tampering {
        case .changedText: lines[4] = Self.change(lines[4], "ops", "eve")
        case .changedNumber: lines[4] = Self.change(lines[4], "\"revision\":5", "\"revision\":6")
        case .changedTime: lines[4] = Self.change(lines[4], "00:00.005Z", "00:00.006Z")
        case .changedHash:
            lines[4] = Array(lines[4].dropLast(3)) + [lines[4][lines[4].count - 3] ^ 1] + lines[4].suffix(2)
            // A digit that is another one, and still a digit.
            if lines[4][lines[4].count - 3] == 0x60 { lines[4][lines[4].count - 3] = 0x31 }
        case .removed: lines.remove(at: 4)
        case .removedTwo: lines.removeSubrange(4...5)
        case .removedFirst: lines.removeFirst()
        case .reordered: lines.swapAt(4, 5)
        case .repeated: lines.insert(lines[3], at: 4)
        case .cutInTheMiddle: lines[4].removeLast(40)
        case .emptyLine: lines.insert([], at: 4)
        case .garbage: lines[4] = Array("{}".utf8)
        case .replacedByAnother:
            // Somebody with the key, but without the record before it.
            var other = AuditChain(key: Self.key, sequence: 4, head: String(repeating: "a", count: 64))
            lines[4] = Array(other.seal(AuditRecord("reload"), unixMilliseconds: 0).dropLast())
        }
        let found = Self.broken(Self.text(lines))
        if tampering == .removedFirst {
            // As where older files were put away: who verifies is told where it begins.
            #expect(found == nil)
            return
        }
        #expect(found == .init(file: "audit.log", line: tampering.line, reason: tampering.reason))
    }

    @Test func withoutTheKeyNobodyMakesUpALog() {
        let forged = Self.text(Self.lines(key: nil))
        #expect(Self.broken(forged)?.line == 1)
        #expect(Self.broken(forged, key: Array("another key of thirty-two bytes!!".utf8))?.line == 1)
        #expect(
            Self.broken(Self.text(Self.lines()), key: nil)?.reason
                == "record 1 was changed: its hash is not that of what it says, or it was written with a key")
    }

    @Test func aMissingEndIsFoundByTheHeadThatWasKept() {
        let lines = Self.lines()
        var whole = AuditVerification(key: Self.key)
        #expect(throws: Never.self) { try whole.check(Self.text(lines), file: "a") }
        let cut = Self.text(Array(lines.dropLast(2)))
        #expect(Self.broken(cut) == nil, "the chain alone can't tell")
        #expect(Self.broken(cut, head: whole.head)?.reason.contains("the end of the log is missing") == true)
        #expect(Self.broken(Self.text(lines), head: whole.head) == nil)
    }

    /// After kill -9: any number of bytes of the last line.
    @Test func aTornLastLineIsToldAndTolerated() {
        let lines = Self.lines()
        let whole = Self.text(Array(lines.dropLast()))
        for count in 1..<lines[9].count {
            var verification = AuditVerification(key: Self.key)
            #expect(throws: Never.self) {
                try verification.check(whole + lines[9].prefix(count), file: "a")
                try verification.finish()
            }
            #expect(verification.tornBytes == count && verification.records == 9)
        }
        // Nothing may follow it.
        var verification = AuditVerification(key: Self.key)
        #expect(throws: AuditVerification.Break.self) {
            try verification.check(whole + lines[9].prefix(20), file: "a")
            try verification.check(Self.text([lines[9]]), file: "b")
        }
    }

    @Test func filesFollowOneAnother() {
        let lines = Self.lines()
        let (one, two) = (Self.text(Array(lines[..<4])), Self.text(Array(lines[4...])))
        #expect(AuditVerification.firstSequence(two) == 5 && AuditVerification.firstSequence([]) == nil)
        var verification = AuditVerification(key: Self.key)
        #expect(throws: Never.self) {
            try verification.check(one, file: "1")
            try verification.check(two, file: "2")
        }
        #expect(verification.records == 10)
        var swapped = AuditVerification(key: Self.key)
        let broken = #expect(throws: AuditVerification.Break.self) {
            try swapped.check(two, file: "2")
            try swapped.check(one, file: "1")
        }
        #expect(broken?.file == "1" && broken?.line == 1)
    }

    /// Whatever bytes there are, verifying ends and finds them wrong.
    @Test func mutatedBytesAreFound() {
        let good = Self.text(Self.lines())
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var bytes = good
            let at = Int.random(in: 0..<(good.count - 1), using: &generator)
            let byte = UInt8.random(in: 0...255, using: &generator)
            guard byte != bytes[at] else { continue }
            bytes[at] = byte
            #expect(Self.broken(bytes) != nil, "byte \(at) is \(byte)")
        }
    }
}
