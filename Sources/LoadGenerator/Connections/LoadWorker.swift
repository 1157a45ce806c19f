internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Tensors

/// The connections of one event loop, their pacer and what they have seen. Everything in it happens on that loop.
final class LoadWorker {
    private let loop: any EventLoop
    private let plan: LoadPlan
    private let connectionCount: Int
    private let head: HTTPRequestHead
    private let body: ByteBuffer
    private var pacer: Pacer
    private var tally = LoadTally()
    private var connections: [ObjectIdentifier: LoadConnection] = [:]
    private var idle: [LoadConnection] = []
    private var inFlight = 0
    private var isEnding = false
    private var timer: (due: MonotonicTime, task: Scheduled<Void>)?
    private var tick: RepeatedTask?
    private let progress: NIOLockedValueBox<LoadProgress>
    private let done: EventLoopPromise<LoadTally>

    private static let tickLength = TimeAmount.milliseconds(50)
    private static let pauseAfterFailure = TimeAmount.milliseconds(100)

    init(
        loop: any EventLoop, plan: LoadPlan, connections: Int, pacer: Pacer,
        progress: NIOLockedValueBox<LoadProgress>, done: EventLoopPromise<LoadTally>
    ) {
        self.loop = loop
        self.plan = plan
        self.connectionCount = connections
        self.pacer = pacer
        self.head = plan.template.head(host: plan.address.text)
        self.body = ByteBuffer(bytes: plan.template.body)
        self.progress = progress
        self.done = done
    }

    func start() {
        for _ in 0..<connectionCount { connect() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        tick = loop.scheduleRepeatedTask(initialDelay: Self.tickLength, delay: Self.tickLength) { _ in
            bound.value.everyTick()
        }
    }

    /// Sends no more; what is under way may still be answered.
    func stop() {
        guard !isEnding else { return }
        isEnding = true
        tally.unsent += pacer.stop(at: .now)
        timer?.task.cancel()
        finishIfDone()
    }

    private func connect() {
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let worker = bound.value
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(
                        LoadConnection(worker: worker, head: worker.head, body: worker.body))
                }
            }
            .connect(host: plan.address.host, port: plan.address.port)
            .whenFailure { _ in
                bound.value.tally.fail("connect")
                bound.value.connectLater()
            }
    }

    private func connectLater() {
        guard !isEnding else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: Self.pauseAfterFailure) {
            if !bound.value.isEnding { bound.value.connect() }
        }
    }

    // MARK: - What connections tell

    func opened(_ connection: LoadConnection) {
        connections[ObjectIdentifier(connection)] = connection
        free(connection)
    }

    func free(_ connection: LoadConnection) {
        idle.append(connection)
        sendWhatIsDue()
    }

    func answered(_ ticket: Pacer.Ticket, status: Int, bytes: Int) {
        inFlight -= 1
        tally.answer(ticket, status: status, received: bytes, sent: body.readableBytes, at: .now)
        finishIfDone()
    }

    /// - Parameter ticket: the request that was under way
    func lost(_ connection: LoadConnection, ticket: Pacer.Ticket?, reason: String) {
        connections[ObjectIdentifier(connection)] = nil
        idle.removeAll { $0 === connection }
        if let ticket {
            inFlight -= 1
            if ticket.isRecorded { tally.fail(reason) }
            connectLater()
        } else if !isEnding {
            connect()
        }
        finishIfDone()
    }

    // MARK: - Sending

    private func sendWhatIsDue() {
        while !isEnding, let connection = idle.last {
            let now = MonotonicTime.now
            switch pacer.next(at: now) {
            case .send(let ticket):
                idle.removeLast()
                inFlight += 1
                connection.send(ticket, at: now)
            case .wait(let due):
                wake(at: due, now: now)
                return
            case .finished:
                stop()
            }
        }
    }

    private func wake(at due: MonotonicTime, now: MonotonicTime) {
        if let timer, timer.due <= due { return }
        timer?.task.cancel()
        let bound = NIOLoopBound(self, eventLoop: loop)
        let wait = TimeAmount.nanoseconds(Int64(clamping: due.nanoseconds(since: now)))
        let task = loop.scheduleTask(in: wait) {
            bound.value.timer = nil
            bound.value.sendWhatIsDue()
        }
        timer = (due, task)
    }

    private func everyTick() {
        let now = MonotonicTime.now
        for connection in connections.values where connection.ticket != nil {
            if now.nanoseconds(since: connection.sentAt) > plan.timeoutNanoseconds { connection.close("timeout") }
        }
        if !isEnding, pacer.isOver(at: now) { stop() }
        let current = LoadProgress(answered: tally.answered, failed: tally.failed, inFlight: inFlight)
        progress.withLockedValue { $0 = current }
        finishIfDone()
    }

    private func finishIfDone() {
        guard isEnding, inFlight == 0, let tick else { return }
        tick.cancel()
        self.tick = nil
        for connection in connections.values { connection.close("closed") }
        done.succeed(tally)
    }
}
