package import Configuration
package import Logging
internal import NIOConcurrencyHelpers
package import Policies

/// The stores of a gateway, over all revisions of its file.
package final class QuotaStores: Sendable {
    /// Stores for a revision that may come.
    package struct Opened: Sendable {
        /// By the names of the configuration.
        package let stores: [String: QuotaStore]
        /// What is set by hand, where a file keeps it.
        package let numbers: KeptNumbers?
        /// The revision has come: closes what it doesn't use. May block for a moment.
        package let commit: @Sendable () -> Void
        /// It doesn't come: closes what was opened for it.
        package let cancel: @Sendable () -> Void
    }

    private enum Open: Sendable {
        case sqlite(SQLiteQuotaStore, path: String)
        case redis(RedisQuotaStore)

        var store: QuotaStore {
            switch self {
            case .sqlite(let store, _): .keeping(store)
            case .redis(let store): .sharing(store)
            }
        }

        func close() {
            switch self {
            case .sqlite(let store, _): store.close()
            case .redis(let store): store.close()
            }
        }
    }

    private let observer: @Sendable (_ store: String) -> StoreObserver
    private let logger: Logger
    private let open = NIOLockedValueBox<[String: Open]>([:])
    /// What counts are encrypted with now.
    private let sealing = NIOLockedValueBox<SealingKeys?>(nil)

    package init(
        logger: Logger, observer: @escaping @Sendable (_ store: String) -> StoreObserver = { _ in StoreObserver() }
    ) {
        self.logger = logger
        self.observer = observer
    }

    /// Opens what a configuration names; what is open and means the same goes on.
    ///
    /// - Parameter sealing: what counts in files are encrypted with; `nil` for nothing.
    package func open(
        _ configurations: [StoreConfiguration], sealing: SealingKeys? = nil
    ) throws(StoreFailure) -> Opened {
        let old = open.withLockedValue { $0 }
        var new: [String: Open] = [:]
        var opened: [Open] = []
        func cancel() { for store in opened { store.close() } }
        for configuration in configurations {
            do throws(StoreFailure) {
                let (store, isNew) = try find(configuration, sealing, among: old)
                new[configuration.name] = store
                if isNew { opened.append(store) }
            } catch {
                cancel()
                throw StoreFailure("store \"\(configuration.name)\": \(error.description)")
            }
        }
        let (next, fresh) = (new, opened)
        let files = configurations.lazy.compactMap { configuration -> SQLiteQuotaStore? in
            if case .sqlite(let store, _) = next[configuration.name] { store } else { nil }
        }
        return Opened(
            stores: next.mapValues(\.store), numbers: files.first.map(KeptNumbers.init),
            commit: { [self] in
                for configuration in configurations {
                    if case .sqlite(let sqlite) = configuration.kind,
                        case .sqlite(let store, _) = next[configuration.name]
                    {
                        store.setFlush(sqlite.flush)
                        if self.sealing.withLockedValue({ $0 !== sealing }) { store.seal(with: sealing) }
                    }
                }
                self.sealing.withLockedValue { $0 = sealing }
                open.withLockedValue { $0 = next }
                for store in old.values where !next.values.contains(where: { Self.areSame($0, store) }) {
                    store.close()
                }
            },
            cancel: { for store in fresh { store.close() } })
    }

    private func find(
        _ configuration: StoreConfiguration, _ sealing: SealingKeys?, among old: [String: Open]
    ) throws(StoreFailure) -> (store: Open, isNew: Bool) {
        switch configuration.kind {
        case .sqlite(let sqlite):
            // By the file: it can be open only once, whatever it is called.
            for store in old.values {
                guard case .sqlite(_, sqlite.path) = store else { continue }
                // As at a start: what is written now must be readable then.
                if let used = self.sealing.withLockedValue({ $0 }), used.seals, sealing?.opens(used) != true {
                    let key = used.configuration.keys.first?.id ?? ""
                    throw StoreFailure(
                        "\(sqlite.path) is encrypted with key \"\(key)\", which encryption.keys doesn't have")
                }
                return (store, false)
            }
            let store = try SQLiteQuotaStore(
                path: sqlite.path, flush: sqlite.flush, sealing: sealing, observer: observer(configuration.name),
                logger: logger)
            return (.sqlite(store, path: sqlite.path), true)
        case .redis(let redis):
            if case .redis(let store) = old[configuration.name], store.configuration == redis {
                return (.redis(store), false)
            }
            let store = RedisQuotaStore(redis, observer: observer(configuration.name), logger: logger)
            store.start()
            return (.redis(store), true)
        }
    }

    private static func areSame(_ left: Open, _ right: Open) -> Bool {
        switch (left, right) {
        case (.sqlite(let left, _), .sqlite(let right, _)): left === right
        case (.redis(let left), .redis(let right)): left === right
        default: false
        }
    }

    /// Writes down and gives back what is left, and closes everything.
    package func close() {
        let all = open.withLockedValue { open in
            defer { open = [:] }
            return Array(open.values)
        }
        for store in all { store.close() }
    }
}
