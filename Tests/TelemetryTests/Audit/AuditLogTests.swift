import Foundation
import NIOConcurrencyHelpers
@testable import Telemetry
import Testing

@Suite struct AuditLogTests {
    private final class Folder {
        let url: URL
        var path: String { url.appendingPathComponent("audit.log").path }

        init() throws {
            url = FileManager.default.temporaryDirectory.appendingPathComponent("audit-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        var files: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
        }

        func bytes(_ name: String = "audit.log") -> [UInt8] {
            Array(FileManager.default.contents(atPath: url.appendingPathComponent(name).path) ?? Data())
        }

        func lines(_ name: String = "audit.log") -> [[String: Any]] {
            bytes(name).split(separator: UInt8(ascii: "\n")).compactMap {
                try? JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]
            }
        }

        func settings(key: [UInt8]? = nil, rotate: UInt64 = 1 << 30, keep: Int = 3) -> AuditSettings {
            AuditSettings(path: path, key: key, rotate: rotate, keep: keep)
        }

        func open(
            _ settings: AuditSettings? = nil, clock: NIOLockedValueBox<Int64> = NIOLockedValueBox(0)
        ) throws -> AuditLog {
            try AuditLog(settings ?? self.settings(), unixMilliseconds: { clock.withLockedValue { $0 } })
        }

        /// Every file in its order.
        func verify(key: [UInt8]? = nil) throws -> AuditVerification {
            var verification = AuditVerification(key: key)
            for name in files.sorted(by: { ($0 == "audit.log" ? "~" : $0) < ($1 == "audit.log" ? "~" : $1) }) {
                try verification.check(bytes(name), file: name)
            }
            return verification
        }
    }

    private static let key = Array("a key of thirty-two bytes or more".utf8)

    @Test func recordsAreWrittenInOrderAndGoOnAfterARestart() throws {
        let folder = try Folder()
        for round in 1...3 {
            let log = try folder.open(folder.settings(key: Self.key))
            for number in 1...5 { log.append(AuditRecord("reload").with("revision", round * 10 + number)) }
            log.close()
        }
        let events = folder.lines().map { $0["event"] as? String }
        #expect(events == (1...3).flatMap { _ in ["opened"] + Array(repeating: "reload", count: 5) })
        #expect(folder.lines().compactMap { $0["seq"] as? Int } == Array(1...18))
        #expect(try folder.verify(key: Self.key).records == 18)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func theHeadIsThatOfTheLastRecord() throws {
        let folder = try Folder()
        let log = try folder.open()
        log.append(AuditRecord("reload"))
        log.flush()
        #expect(log.head.sequence == 2 && log.head.hash == folder.lines().last?["hash"] as? String)
    }

    @Test(arguments: [1, 17, 200]) func whatAKilledGatewayLeftIsCutOffAndTold(bytes: Int) throws {
        let folder = try Folder()
        try folder.open().close()
        let whole = folder.bytes()
        let torn = Array(repeating: UInt8(ascii: "{"), count: bytes)
        try Data(whole + torn).write(to: URL(fileURLWithPath: folder.path))
        try folder.open().close()
        #expect(folder.bytes().starts(with: whole))
        #expect(folder.lines().last?["torn_bytes"] as? Int == bytes)
        #expect(try folder.verify().records == 2)
    }

    @Test func anotherGatewayMayNotWriteToIt() throws {
        let folder = try Folder()
        let log = try folder.open()
        let failure = #expect(throws: AuditFailure.self) { try folder.open() }
        #expect(failure?.description == "another process writes to \(folder.path)")
        log.close()
        try folder.open().close()
    }

    /// A child that is just being started has copies of all descriptors until it becomes another program.
    @Test func aClosedLogIsFreeThoughAChildHasACopyOfItsDescriptor() throws {
        let folder = try Folder()
        let log = try folder.open()
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")) == folder.path
        }
        let copies = descriptors.compactMap { Int32($0) }.map { dup($0) }
        defer { for copy in copies { close(copy) } }
        #expect(copies.count == 1)
        log.close()
        try folder.open().close()
    }

    @Test func aFolderThatIsNotThereIsAFailure() throws {
        let settings = AuditSettings(path: "/nowhere/at/all/audit.log", key: nil, rotate: 1, keep: 1)
        let failure = #expect(throws: AuditFailure.self) { try AuditLog(settings, unixMilliseconds: { 0 }) }
        #expect(failure?.description.hasPrefix("can't open /nowhere/at/all/audit.log") == true)
    }

    @Test func fullFilesArePutAsideAndTheOldestRemoved() throws {
        let folder = try Folder()
        let log = try folder.open(folder.settings(rotate: 600, keep: 2))
        for number in 1...20 {
            log.append(AuditRecord("reload").with("revision", number))
            log.flush()
        }
        log.close()
        #expect(folder.files.count == 3 && folder.files.first == "audit.log", "\(folder.files)")
        let verification = try folder.verify()
        #expect((verification.first ?? 0) > 1, "older ones are gone")
        let removals = (folder.files.flatMap { folder.lines($0) }).compactMap { $0["removed"] as? [String] }
        #expect(!removals.isEmpty && removals.allSatisfy { $0.count == 1 && $0[0].hasPrefix("audit.log.0000") })
    }

    @Test func aGatewayKilledBetweenTwoFilesGoesOn() throws {
        let folder = try Folder()
        let log = try folder.open()
        log.append(AuditRecord("reload"))
        log.close()
        try FileManager.default.moveItem(atPath: folder.path, toPath: folder.path + ".000000000002")
        try folder.open().close()
        #expect(folder.lines().first?["seq"] as? Int == 3)
        #expect(try folder.verify().records == 3)
    }

    @Test func anotherKeyBeginsAnotherFile() throws {
        let folder = try Folder()
        try folder.open().close()
        try folder.open(folder.settings(key: Self.key)).close()
        #expect(folder.files == ["audit.log", "audit.log.000000000001"])
        #expect(folder.lines().first?["other_key_before"] as? Bool == true)
        #expect(folder.lines().first?["seq"] as? Int == 2)
    }

    @Test func whatIsNoLogIsPutAside() throws {
        let folder = try Folder()
        try Data("something else\n".utf8).write(to: URL(fileURLWithPath: folder.path))
        try folder.open().close()
        #expect(folder.files.contains { $0.hasPrefix("audit.log.unreadable-") })
        #expect(folder.lines().first?["unreadable_before"] as? Bool == true)
    }

    @Test func hostileTextStaysWithinItsRecord() throws {
        let folder = try Folder()
        let log = try folder.open(folder.settings(key: Self.key))
        let hostile = "x\n{\"seq\":3}\u{2028}\",\"hash\":\"" + String(repeating: "a", count: 5_000)
        log.append(AuditRecord("auth_failure").with("reason", hostile).with("list", [hostile]))
        log.close()
        #expect(folder.bytes().filter { $0 == UInt8(ascii: "\n") }.count == 2)
        #expect((folder.lines().last?["reason"] as? String)?.hasPrefix("x\n{\"seq\":3}") == true)
        #expect(try folder.verify(key: Self.key).records == 2)
    }

    @Test func eventsAlikeGetOneRecordAndACount() throws {
        let folder = try Folder()
        let clock = NIOLockedValueBox<Int64>(1_000_000)
        let log = try folder.open(clock: clock)
        for _ in 0..<1_000 { log.appendRepeated(AuditRecord("denied").with("model", "iris"), key: "iris") }
        log.appendRepeated(AuditRecord("denied").with("model", "echo"), key: "echo")
        log.close()
        let lines = folder.lines().dropFirst()
        #expect(lines.map { $0["model"] as? String } == ["iris", "echo", "iris"])
        #expect(lines.last?["more"] as? Int == 999)
    }
}

@Suite struct AuditDigestTests {
    private let record = AuditRecord("denied")

    @Test func theFirstOfAWindowIsWrittenAndTheRestCounted() {
        var digest = AuditDigest()
        let written = [("a", 0), ("b", 1), ("a", 2), ("a", 9)].map { digest.note(record, key: $0.0, now: $0.1) }
        #expect(written == [true, true, false, false])
        let summaries = [9, 10, 11].map { digest.due(now: $0) }
        // What came once needs no second record.
        #expect(summaries == [[], [.init(record: record, count: 2)], []])
        #expect(digest.isEmpty)
        let isNew = digest.note(record, key: "a", now: 12)
        #expect(isNew)
    }

    @Test func memoryIsBounded() {
        var digest = AuditDigest()
        let written = (0..<10_000).map { digest.note(record, key: "\($0)", now: 0) }.count { $0 }
        #expect(written == AuditDigest.capacity)
        let summaries = digest.due(now: 10)
        #expect(summaries == [.init(record: AuditRecord("denied"), count: 10_000 - written)])
        #expect(digest.isEmpty)
    }

    @Test func theEndWaitsForNobody() {
        var digest = AuditDigest()
        _ = digest.note(record, key: "a", now: 0)
        _ = digest.note(record, key: "a", now: 0)
        let summaries = digest.due(now: 0, isEnd: true)
        #expect(summaries == [.init(record: record, count: 1)])
    }
}
