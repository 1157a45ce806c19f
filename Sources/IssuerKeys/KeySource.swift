internal import Configuration
internal import Fetching
internal import FoundationEssentials
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOSSL
internal import Policies
internal import Tensors

/// Reads the keys of one issuer again and again, and puts them where tokens are checked.
///
/// What was read last and was good holds until something better comes, however long that takes.
final class KeySource: Sendable {
    private struct Locked: Sendable {
        var schedule: RefreshSchedule
        var timer: Scheduled<Void>?
        var isStopped = false
        var hasFailed = false
        /// Of the document that was read last.
        var bytes: [UInt8] = []
    }

    private static let fetchTimeout = TimeAmount.seconds(5)

    /// By which entry of the file it reads.
    let configuration: IssuerConfiguration
    let keys: IssuerKeySet
    private let eventLoop: any EventLoop
    private let executor: LoopExecutor
    private let report: IssuerKeyReport
    private let locked: NIOLockedValueBox<Locked>
    private let first: EventLoopPromise<Void>

    init(
        _ configuration: IssuerConfiguration, keys: IssuerKeySet, eventLoop: any EventLoop, report: IssuerKeyReport
    ) {
        self.configuration = configuration
        self.keys = keys
        self.eventLoop = eventLoop
        self.executor = LoopExecutor(eventLoop)
        self.report = report
        locked = NIOLockedValueBox(
            Locked(schedule: RefreshSchedule(period: configuration.refresh.wholeNanoseconds)))
        first = eventLoop.makePromise()
    }

    /// Done once the keys have been read for the first time, or couldn't be.
    var firstRead: EventLoopFuture<Void> { first.futureResult }

    func start() {
        keys.onMissing { [weak self] in self?.missing() ?? false }
        wake()
    }

    func stop() {
        let timer = locked.withLockedValue { locked in
            locked.isStopped = true
            return locked.timer
        }
        timer?.cancel()
    }

    /// A token names a key that isn't here; whether it may be here soon.
    private func missing() -> Bool {
        if case .secret = configuration.keys { return false }
        let answer = locked.withLockedValue { $0.isStopped ? .no : $0.schedule.missing(now: .now) }
        if answer == .read { eventLoop.execute { self.read() } }
        return answer != .no
    }

    private func wake() {
        let mayRead = locked.withLockedValue { !$0.isStopped && $0.schedule.begin(now: .now) }
        if mayRead { eventLoop.execute { self.read() } }
    }

    // MARK: On the event loop

    private func read() {
        let made: EventLoopFuture<[SigningKey]?>
        if case .secret(let secret) = configuration.keys {
            made = executor.run { [algorithms = configuration.algorithms] in
                try await SigningKey.all(of: secret, algorithms: algorithms)
            }
        } else {
            made = document().flatMap { bytes in self.keys(in: bytes) }
        }
        made.whenComplete { self.ended($0) }
    }

    private func document() -> EventLoopFuture<[UInt8]> {
        do {
            switch configuration.keys {
            case .url(let address, let authority):
                let tls = address.isSecure ? try NIOSSLContext(configuration: Self.tls(authority)) : nil
                return DocumentFetch(
                    address, tls: tls, accept: "application/json", limit: KeySetDocument.maximumBytes,
                    timeout: Self.fetchTimeout
                ).run(on: eventLoop).flatMapThrowing { document in
                    guard document.status == 200 else {
                        throw DocumentFetch.Failure(description: "the answer was \(document.status)")
                    }
                    return document.bytes
                }
            case .file(let path): return eventLoop.makeSucceededFuture(Array(try Data(contentsOf: URL(filePath: path))))
            case .secret: return eventLoop.makeSucceededFuture([])
            }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    private static func tls(_ authority: String?) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authority { tls.trustRoots = .file(authority) }
        return tls
    }

    /// The keys of a document; `nil` where it is the one that was read before.
    private func keys(in bytes: [UInt8]) -> EventLoopFuture<[SigningKey]?> {
        if locked.withLockedValue({ $0.bytes == bytes }) { return eventLoop.makeSucceededFuture(nil) }
        let document: KeySetDocument
        do {
            document = try KeySetDocument(bytes, algorithms: configuration.algorithms)
        } catch {
            return eventLoop.makeFailedFuture(DocumentFetch.Failure(description: "the key set \(error.message)"))
        }
        return executor.run {
            let keys = await SigningKey.all(of: document)
            guard !keys.isEmpty else {
                throw DocumentFetch.Failure(description: "the key set has no key that is well made")
            }
            self.locked.withLockedValue { $0.bytes = bytes }
            return keys
        }
    }

    private func ended(_ result: Result<[SigningKey]?, any Error>) {
        let wasGood: Bool
        switch result {
        case .success(let read):
            wasGood = true
            if let read { keys.replace(read) }
            let hadFailed = locked.withLockedValue { locked in
                defer { locked.hasFailed = false }
                return locked.hasFailed
            }
            report.succeeded(configuration.name, keys: keys.count, areNew: read != nil, hadFailed: hadFailed)
        case .failure(let error):
            wasGood = false
            let isFirst = locked.withLockedValue { locked in
                defer { locked.hasFailed = true }
                return !locked.hasFailed
            }
            report.failed(configuration.name, reason: "\(error)", isFirst: isFirst, keeps: keys.count)
        }
        first.succeed()
        locked.withLockedValue { locked in
            let pause = locked.schedule.ended(wasGood: wasGood)
            if locked.isStopped { return }
            if case .secret = configuration.keys, wasGood { return }
            locked.timer = eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: pause))) { self.wake() }
        }
    }
}
