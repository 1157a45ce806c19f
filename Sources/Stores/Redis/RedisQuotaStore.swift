package import Configuration
package import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
package import Policies
internal import Synchronization
internal import Tensors

/// Counts that several gateways share, on a Redis server.
///
/// One connection and one thread of its own. Questions that come up while others are on their way go out together;
/// requests wait for an answer only where this gateway's lease doesn't cover them, and never longer than `timeout`.
///
/// Invariant behind `@unchecked Sendable`: what varies is touched on `loop` only, or guards itself.
package final class RedisQuotaStore: SharedQuotaCount, @unchecked Sendable {
    private struct Asking {
        var buckets: [QuotaBucket] = []
        var isScheduled = false
    }

    /// How often leases are looked at that nobody uses, and news is told that nobody waits for.
    private static let interval = TimeAmount.milliseconds(50)
    /// How long a connection may take to come about, and how long it may be silent.
    private static let patience = TimeAmount.seconds(1)

    package let configuration: StoreConfiguration.Redis
    private let observer: StoreObserver
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let down = Atomic<Bool>(true)
    private let asking = NIOLockedValueBox(Asking())

    // On the loop.
    private var link = RedisLink()
    private var connection: RedisConnection?
    private var scriptDigest = ""
    /// Buckets that hold a lease, or have something to tell.
    private var active: [ObjectIdentifier: QuotaBucket] = [:]
    private var ticking: RepeatedTask?
    private var firstReady: EventLoopPromise<Void>?
    private var hasSaidDown = false

    package var leasePercent: Int { configuration.lease }
    package var ifDown: StoreConfiguration.Redis.IfDown { configuration.ifDown }
    package var isDown: Bool { down.load(ordering: .relaxed) }

    package init(_ configuration: StoreConfiguration.Redis, observer: StoreObserver, logger: Logger) {
        self.configuration = configuration
        self.observer = observer
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        loop = group.next()
        observer.isUp(false)
    }

    /// Connects; returns once the server has answered, or after a second: then `if_down` holds until it does.
    package func start() {
        let ready = loop.makePromise(of: Void.self)
        loop.execute {
            self.firstReady = ready
            self.ticking = self.loop.scheduleRepeatedTask(initialDelay: Self.interval, delay: Self.interval) { _ in
                self.tick()
            }
            self.carryOut(self.link.start())
        }
        let deadline = loop.scheduleTask(in: Self.patience) { self.firstIsDecided() }
        try? ready.futureResult.wait()
        deadline.cancel()
    }

    private func firstIsDecided() {
        firstReady?.succeed()
        firstReady = nil
    }

    // MARK: Asking

    package func ask(_ bucket: QuotaBucket, isUrgent: Bool) {
        let mustSchedule = asking.withLockedValue { asking in
            asking.buckets.append(bucket)
            defer { asking.isScheduled = true }
            return !asking.isScheduled
        }
        if mustSchedule { loop.execute { self.askAll() } }
    }

    package func watch(_ wait: QuotaWait) {
        loop.scheduleTask(in: .nanoseconds(configuration.timeout.nanosecondsForTimers)) { wait.expire() }
    }

    /// Asks for all buckets that have come up since the last time.
    private func askAll() {
        let buckets = asking.withLockedValue { asking in
            defer { asking = Asking() }
            return asking.buckets
        }
        for bucket in buckets {
            active[ObjectIdentifier(bucket)] = bucket
            ask(about: bucket)
        }
        connection?.flush()
    }

    private func ask(about bucket: QuotaBucket) {
        guard link.isReady, connection != nil else { return bucket.failed(nil, now: .now) }
        if let question = bucket.question(now: .now) { send(question, about: bucket) }
    }

    private func send(_ question: QuotaLease.Question, about bucket: QuotaBucket) {
        let (key, arguments) = RedisScript.arguments(
            question, about: bucket.policy, key: bucket.key, prefix: configuration.prefix)
        let start = MonotonicTime.now
        guard let connection else { return bucket.failed(question, now: .now) }
        connection.send(["EVALSHA", scriptDigest, "1", key] + arguments) { [self] value in
            heard(value, question, bucket, since: start, isCurrent: self.connection === connection)
        }
    }

    private func heard(
        _ value: RESPValue?, _ question: QuotaLease.Question, _ bucket: QuotaBucket, since start: MonotonicTime,
        isCurrent: Bool
    ) {
        if let answer = value.flatMap(RedisScript.answer) {
            observer.answered(MonotonicTime.now.nanoseconds(since: start))
            bucket.answered(question, answer, now: .now)
            return
        }
        observer.failed()
        if case .error(let message) = value {
            // Whatever it was: a new connection shows whether the server knows the script and can be written.
            if isCurrent { lose(message) }
        }
        bucket.failed(question, now: .now)
    }

    // MARK: Time

    private func tick() {
        if let oldest = connection?.oldest,
            MonotonicTime.now.nanoseconds(since: oldest) > UInt64(Self.patience.nanoseconds)
        {
            lose("the server doesn't answer")
        }
        let now = MonotonicTime.now
        for (id, bucket) in active {
            let (hasNews, isIdle) = bucket.rest(now: now)
            if hasNews, link.isReady { ask(about: bucket) }
            if isIdle { active[id] = nil }
        }
        connection?.flush()
    }

    // MARK: The connection

    private var place: String { "\(configuration.host):\(configuration.port)" }

    private func carryOut(_ action: RedisLink.Action) {
        switch action {
        case .nothing: break
        case .connect: connect()
        case .greet: greet()
        case .close: connection?.close()
        case .retry(let nanoseconds):
            loop.scheduleTask(in: .nanoseconds(Int64(clamping: nanoseconds))) { self.carryOut(self.link.start()) }
        }
    }

    private func connect() {
        let tls: NIOSSLContext?
        do {
            // Made anew each time: a file of authorities may have been renewed.
            tls = configuration.isSecure ? try NIOSSLContext(configuration: tlsConfiguration) : nil
        } catch {
            return lose("its authority can't be read: \(error)")
        }
        ClientBootstrap(group: loop)
            .connectTimeout(Self.patience)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connect(host: configuration.host, port: configuration.port)
            .whenComplete { result in
                switch result {
                case .failure(let error): self.lose("\(error)")
                case .success(let channel): self.take(channel, tls)
                }
            }
    }

    private var tlsConfiguration: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authority = configuration.authority { tls.trustRoots = .file(authority) }
        return tls
    }

    private func take(_ channel: any Channel, _ tls: NIOSSLContext?) {
        let connection = RedisConnection(channel) { [weak self] connection in
            guard let self, self.connection === connection else { return }
            self.lose(connection.failure.map { "the connection ended: \($0)" } ?? "the connection ended")
        }
        do {
            let pipeline = channel.pipeline.syncOperations
            if let tls {
                let isAddress = NetworkAddress(configuration.host) != nil
                try pipeline.addHandler(
                    NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : configuration.host))
            }
            try pipeline.addHandlers([ByteToMessageHandler(RESPStream()), connection])
        } catch {
            channel.close(promise: nil)
            return lose("\(error)")
        }
        self.connection = connection
        carryOut(link.connected())
    }

    /// Logs in, and makes sure that the server knows the script and can be written.
    private func greet() {
        guard let connection else { return }
        func expect(_ words: [String], _ what: String, _ then: @escaping (RESPValue) -> Void = { _ in }) {
            connection.send(words) { [self] value in
                guard self.connection === connection else { return }
                switch value {
                case nil: break
                case .error(let message): lose("\(what): \(message)")
                case let value?: then(value)
                }
            }
        }
        if let password = configuration.password {
            let words = ["AUTH"] + (configuration.username.map { [$0] } ?? [])
            expect(words + [String(decoding: password.bytes, as: UTF8.self)], "it doesn't let us in")
        }
        if configuration.database > 0 {
            expect(["SELECT", String(configuration.database)], "it has no database \(configuration.database)")
        }
        expect(["SET", "\(configuration.prefix):probe", "1", "PX", "1000"], "it can't be written")
        expect(["SCRIPT", "LOAD", RedisScript.text], "it takes no scripts") { [self] value in
            guard case .bulk(let digest?) = value else { return lose("it gave the script no name") }
            scriptDigest = String(decoding: digest, as: UTF8.self)
            isReady()
        }
        connection.flush()
    }

    private func isReady() {
        carryOut(link.greeted())
        guard link.isReady else { return }
        down.store(false, ordering: .relaxed)
        observer.isUp(true)
        if hasSaidDown { logger.notice("quota store is back", metadata: ["store": "\(place)"]) }
        hasSaidDown = false
        firstIsDecided()
    }

    /// The connection is of no use any more.
    private func lose(_ reason: String) {
        let action = link.failed(jitter: Double.random(in: 0...1), now: .now)
        down.store(true, ordering: .relaxed)
        let lost = connection
        connection = nil
        // Every question that is under way gets its end by this.
        lost?.close()
        guard action != .nothing else { return }
        observer.isUp(false)
        observer.failed()
        if !hasSaidDown {
            hasSaidDown = true
            logger.warning(
                "quota store is down",
                metadata: ["store": "\(place)", "reason": "\(reason)", "if_down": "\(configuration.ifDown.rawValue)"])
        }
        carryOut(action)
    }

    // MARK: The end

    /// Gives back all leases, as far as the server takes them within half a second, and ends.
    package func close() {
        let done = loop.makePromise(of: Void.self)
        loop.execute { self.giveBackAll(done) }
        let limit = loop.scheduleTask(in: .milliseconds(500)) { done.succeed() }
        try? done.futureResult.wait()
        limit.cancel()
        let ended = loop.makePromise(of: Void.self)
        loop.execute {
            self.ticking?.cancel()
            self.firstIsDecided()
            _ = self.link.end()
            self.down.store(true, ordering: .relaxed)
            let connection = self.connection
            self.connection = nil
            connection?.close()
            ended.succeed()
        }
        try? ended.futureResult.wait()
        try? group.syncShutdownGracefully()
    }

    private func giveBackAll(_ done: EventLoopPromise<Void>) {
        guard link.isReady, let connection else { return done.succeed() }
        var left = 1
        func oneLess() {
            left -= 1
            if left == 0 { done.succeed() }
        }
        for bucket in active.values {
            guard let question = bucket.end(now: .now) else { continue }
            let (key, arguments) = RedisScript.arguments(
                question, about: bucket.policy, key: bucket.key, prefix: configuration.prefix)
            left += 1
            connection.send(["EVALSHA", scriptDigest, "1", key] + arguments) { _ in oneLess() }
        }
        connection.flush()
        oneLess()
    }
}

extension Duration {
    fileprivate var nanosecondsForTimers: Int64 { Int64(self / .nanoseconds(1)) }
}
