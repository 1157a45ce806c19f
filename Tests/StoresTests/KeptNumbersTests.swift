import Configuration
import Foundation
import Logging
import Policies
import Testing

@testable import Stores

/// Numbers that are set by hand, among the counts of a file.
@Suite struct KeptNumbersTests {
    /// A folder that goes with the test.
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-kept-\(UUID().uuidString)")

        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }

        var path: String { url.appendingPathComponent("quotas.db").path }

        var bytes: Data {
            [path, path + "-wal"].reduce(into: Data()) { $0 += FileManager.default.contents(atPath: $1) ?? Data() }
        }
    }

    private static let keys = SealingKeys(
        EncryptionConfiguration(
            keys: [.init(id: "disk", secret: Secret(reference: "env:X", bytes: Array(repeating: 7, count: 32)))],
            write: .sealed))

    private func open(_ folder: Folder, _ sealing: SealingKeys?) throws -> (KeptNumbers, QuotaStores) {
        let stores = QuotaStores(logger: Logger(label: "test"))
        // The first file is the one.
        let opened = try stores.open(
            [("disk", folder.path), ("other", folder.path + "2")].map {
                StoreConfiguration(name: $0, kind: .sqlite(.init(path: $1)))
            }, sealing: sealing)
        opened.commit()
        return (try #require(opened.numbers), stores)
    }

    @Test(arguments: [false, true]) func areThereForTheNextProcess(isSealed: Bool) throws {
        let folder = try Folder()
        let sealing = isSealed ? Self.keys : nil
        let (numbers, first) = try open(folder, sealing)
        #expect(numbers.number("canary:a") == nil)
        numbers.keep(2_500, under: "canary:a")
        numbers.keep(0, under: "canary:b")
        numbers.keep(1, under: "other")
        #expect(numbers.number("canary:a") == 2_500)
        first.close()
        #expect(folder.bytes.contains(Data("canary".utf8)) == !isSealed)

        let (again, second) = try open(folder, sealing)
        #expect(again.number("canary:a") == 2_500 && again.number("canary:b") == 0 && again.number("other") == 1)
        again.keep(3_000, under: "canary:a")
        again.keep(nil, under: "canary:b")
        #expect(again.number("canary:b") == nil)
        second.close()

        let (last, third) = try open(folder, sealing)
        #expect(last.number("canary:a") == 3_000 && last.number("canary:b") == nil)
        last.keepOnly(["canary:c": 7], beginningWith: "canary:")
        third.close()
        let (end, fourth) = try open(folder, sealing)
        #expect(["canary:a", "canary:b", "canary:c", "other"].map { end.number($0) } == [nil, nil, 7, 1])
        fourth.close()
    }

    @Test func standWhereCountsStandWhenTheseAreEncryptedAnew() throws {
        let folder = try Folder()
        let (numbers, first) = try open(folder, nil)
        numbers.keep(5, under: "canary:a")
        first.close()
        let (sealed, second) = try open(folder, Self.keys)
        #expect(sealed.number("canary:a") == 5)
        second.close()
        #expect(!folder.bytes.contains(Data("canary".utf8)))
    }

    @Test func withoutAFileNothingIsKept() throws {
        let stores = QuotaStores(logger: Logger(label: "test"))
        #expect(try stores.open([]).numbers == nil)
    }
}
