import Configuration
import Foundation
import Logging
import NIOConcurrencyHelpers
import Policies
import Tensors
import Testing

@testable import Stores

@Suite struct SQLiteQuotaStoreTests {
    /// A folder that goes with the test.
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-store-\(UUID().uuidString)")

        init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }

        var path: String { url.appendingPathComponent("quotas.db").path }
    }

    private func open(
        _ path: String, observer: StoreObserver = StoreObserver()
    ) throws -> SQLiteQuotaStore {
        try SQLiteQuotaStore(
            path: path, flush: .milliseconds(2), observer: observer, logger: Logger(label: "test"))
    }

    private static let configuration: GatewayConfiguration = {
        let place = SourceLocation(line: 1, column: 1)
        var daily = LimitConfiguration.Quota(
            count: .requests, max: 1_000, window: .calendar(.month, zone: "UTC"))
        daily.store = "disk"
        var rolling = LimitConfiguration.Quota(count: .requests, max: 100, period: .seconds(86_400), burst: 100)
        rolling.store = "disk"
        return GatewayConfiguration(
            listeners: [], plugins: [],
            models: [ModelConfiguration(name: "echo", plugin: "echo", config: .mapping([]), location: place)],
            auth: .none,
            consumers: [
                ConsumerConfiguration(
                    name: "anonymous", keys: [], allowedModels: ["*"], limits: ["both"], location: place)
            ], limits: [LimitConfiguration(name: "both", quotas: [daily, rolling])], routes: [],
            observability: ObservabilityConfiguration(), drain: .seconds(25))
    }()

    /// The policies of one process; with them, how many requests of the quotas are used.
    private func engine(_ store: SQLiteQuotaStore) -> PolicyEngine {
        PolicyEngine(Self.configuration, stores: ["disk": .keeping(store)], now: .now)
    }

    private func used(_ engine: PolicyEngine) -> [Int] {
        engine.ledgers.flatMap(\.buckets).map { Int($0.standing(now: .now).used) }
    }

    private func admit(_ engine: PolicyEngine) -> QuotaReservation? {
        guard
            case .admitted(let reservation, _) = engine.admit(
                engine.anonymous.consumer, .init(route: nil, model: 0), facts: QuotaFacts(), now: .now)
        else { return nil }
        return reservation
    }

    @Test func whatWasCountedIsThereForTheNextProcess() throws {
        let folder = try Folder()
        let first = try open(folder.path)
        let policies = engine(first)
        for _ in 0..<7 { _ = try #require(admit(policies)) }
        admit(policies)?.refund(now: .now)
        #expect(used(policies) == [7, 7])
        first.close()

        let second = try open(folder.path)
        let restored = engine(second)
        #expect(used(restored) == [7, 7])
        _ = try #require(admit(restored))
        second.close()
        let third = try open(folder.path)
        #expect(used(engine(third)) == [8, 8])
        third.close()
    }

    @Test func countsThatChangeTogetherAreWrittenTogether() throws {
        let folder = try Folder()
        let flushes = NIOLockedValueBox(0)
        let written = DispatchSemaphore(value: 0)
        let store = try open(
            folder.path,
            observer: StoreObserver(answered: { _ in
                flushes.withLockedValue { $0 += 1 }
                written.signal()
            }))
        let policies = engine(store)
        for _ in 0..<100 { _ = admit(policies) }
        written.wait()
        store.close()
        // A hundred admissions of two quotas: some transactions, not two hundred.
        #expect(flushes.withLockedValue { $0 } < 50)
    }

    @Test func aSecondGatewayIsRefusedWhileTheFirstIsThere() throws {
        let folder = try Folder()
        let first = try open(folder.path)
        let error = #expect(throws: StoreFailure.self) { try open(folder.path) }
        #expect(
            error?.description.hasSuffix("is in use by another process: a store of kind sqlite is for one gateway")
                == true)
        first.close()
        try open(folder.path).close()
    }

    @Test func filesOfOthersAreLeftAlone() throws {
        let folder = try Folder()
        try Data("this is no database, but long enough to be looked at by one".utf8).write(
            to: URL(fileURLWithPath: folder.path))
        let error = #expect(throws: StoreFailure.self) { try open(folder.path) }
        #expect(error?.description.hasSuffix("file is not a database") == true)
        #expect(throws: StoreFailure.self) { try open(folder.url.appendingPathComponent("none/q.db").path) }
    }

    @Test func onlyItsOwnerMayReadTheFile() throws {
        let folder = try Folder()
        let store = try open(folder.path)
        store.close()
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func aReloadKeepsTheFileOpenWhateverItIsCalled() throws {
        let folder = try Folder()
        let stores = QuotaStores(logger: Logger(label: "test"))
        let configuration = StoreConfiguration(name: "a", kind: .sqlite(.init(path: folder.path)))
        let first = try stores.open([configuration])
        first.commit()
        var renamed = configuration
        renamed.name = "b"
        let second = try stores.open([renamed])
        guard case .keeping(let old) = first.stores["a"], case .keeping(let new) = second.stores["b"] else {
            Issue.record("no stores")
            return
        }
        #expect(old === new)
        second.commit()
        // One that can't be opened changes nothing.
        let wrong = StoreConfiguration(
            name: "c", kind: .sqlite(.init(path: folder.url.appendingPathComponent("none/q.db").path)))
        #expect(throws: StoreFailure.self) { try stores.open([renamed, wrong]) }
        stores.close()
        try open(folder.path).close()
    }
}
