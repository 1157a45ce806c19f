import Configuration
import Foundation
import Logging
import Policies
import Tensors
import Testing

@testable import Stores

/// Files of counts that are encrypted, and all ways from one form to another.
@Suite struct SQLiteSealingTests {
    private static let ids = ["acme", "consumer-with-a-name", "c3"]

    /// A folder that goes with the test.
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-sealed-\(UUID().uuidString)")

        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }

        var path: String { url.appendingPathComponent("quotas.db").path }

        /// All bytes of the file and of its log.
        var bytes: Data {
            [path, path + "-wal"].reduce(into: Data()) { $0 += FileManager.default.contents(atPath: $1) ?? Data() }
        }
    }

    private func keys(_ ids: [String], write: EncryptionConfiguration.Form = .sealed, secret: UInt8 = 0) -> SealingKeys?
    {
        guard !ids.isEmpty else { return nil }
        return SealingKeys(
            EncryptionConfiguration(
                keys: ids.map { id in
                    .init(
                        id: id,
                        secret: Secret(reference: "env:X", bytes: Array(id.utf8) + Array(repeating: secret, count: 32)))
                }, write: write))
    }

    private static let later = WallClock.nanosecondsSince1970 + 3_600_000_000_000

    private func rows(_ used: UInt64) -> [SQLiteDatabase.Row] {
        Self.ids.map { SQLiteDatabase.Row(key: $0, until: Self.later, used: used) }
    }

    private func read(_ path: String, _ keys: SealingKeys?) throws -> [String: UInt64] {
        var rows: [SQLiteDatabase.Row] = []
        _ = try SQLiteDatabase.open(path, sealing: keys, rows: &rows)
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.key, $0.used) })
    }

    private func write(_ path: String, _ keys: SealingKeys?, used: UInt64) throws {
        var before: [SQLiteDatabase.Row] = []
        let database = try SQLiteDatabase.open(path, sealing: keys, rows: &before)
        try database.write(rows(used), removing: [])
    }

    private func expected(_ used: UInt64) -> [String: UInt64] {
        Dictionary(uniqueKeysWithValues: Self.ids.map { ($0, used) })
    }

    private func showsNames(_ folder: Folder) -> Bool {
        Self.ids.filter { $0.count > 3 }.contains { folder.bytes.range(of: Data($0.utf8)) != nil }
    }

    @Test func countsAreThereForTheNextProcessAndNothingShows() throws {
        let folder = try Folder()
        try write(folder.path, keys(["a"]), used: 5)
        #expect(!showsNames(folder))
        #expect(try read(folder.path, keys(["a"])) == expected(5))
        // A count that is written again stands once, and one that is removed is gone.
        try write(folder.path, keys(["a"]), used: 6)
        var rows: [SQLiteDatabase.Row] = []
        do {
            let database = try SQLiteDatabase.open(folder.path, sealing: keys(["a"]), rows: &rows)
            try database.write([], removing: ["c3"])
        }
        #expect(try read(folder.path, keys(["a"])) == expected(6).filter { $0.key != "c3" })
    }

    /// From every form to every other one that can read it; what was there before is nowhere in the file any more.
    @Test(
        arguments: [
            ([], ["a"], true), (["a"], ["b", "a"], true), (["a"], ["a", "b"], true), (["a"], ["a"], false),
        ] as [([String], [String], Bool)])
    func theFormFollowsTheKeys(before: [String], after: [String], seals: Bool) throws {
        let folder = try Folder()
        try write(folder.path, keys(before), used: 5)
        #expect(showsNames(folder) == before.isEmpty)
        let next = keys(after, write: seals ? .sealed : .plain)
        #expect(try read(folder.path, next) == expected(5))
        #expect(showsNames(folder) != seals)
        // The first key is enough from now on, or none.
        #expect(try read(folder.path, seals ? keys([after[0]]) : nil) == expected(5))
        try write(folder.path, seals ? keys([after[0]]) : nil, used: 9)
        #expect(try read(folder.path, seals ? keys([after[0]]) : nil) == expected(9))
    }

    @Test func aWrongKeyIsAnErrorThatChangesNothing() throws {
        let folder = try Folder()
        try write(folder.path, keys(["a"]), used: 5)
        for (wrong, reason) in [
            (keys([]), #"is encrypted with key "a", and the file has no encryption"#),
            (keys(["b"]), #"is encrypted with key "a", which encryption.keys doesn't have"#),
            (
                keys(["a"], secret: 1),
                #"can't be decrypted with key "a": the secret is another one, or the file was changed"#
            ),
        ] {
            let failure = #expect(throws: StoreFailure.self) { try read(folder.path, wrong) }
            #expect(failure?.description == "\(folder.path) \(reason)")
        }
        #expect(try read(folder.path, keys(["a"])) == expected(5))
    }

    @Test func aRunningStoreTakesOtherKeys() throws {
        let folder = try Folder()
        try write(folder.path, keys(["a"]), used: 5)
        let store = try SQLiteQuotaStore(
            path: folder.path, flush: .milliseconds(1), sealing: keys(["a"]), observer: StoreObserver(),
            logger: Logger(label: "test"))
        store.seal(with: keys(["b", "a"]))
        store.close()
        #expect(try read(folder.path, keys(["b"])) == expected(5))
    }

    /// A change of the file that would leave the next start without the key is refused.
    @Test func storesKeepTheKeyThatTheyNeed() throws {
        let folder = try Folder()
        let stores = QuotaStores(logger: Logger(label: "test"))
        let configuration = [StoreConfiguration(name: "disk", kind: .sqlite(.init(path: folder.path)))]
        let first = try stores.open(configuration, sealing: keys(["a"]))
        first.commit()
        for wrong in [keys([]), keys(["b"])] {
            let failure = #expect(throws: StoreFailure.self) { try stores.open(configuration, sealing: wrong) }
            #expect(
                failure?.description
                    == #"store "disk": \#(folder.path) is encrypted with key "a", which encryption.keys doesn't have"#)
        }
        try stores.open(configuration, sealing: keys(["b", "a"])).commit()
        try stores.open(configuration, sealing: keys(["b"])).commit()
        stores.close()
        #expect(try read(folder.path, keys(["b"])) == [:])
    }
}
