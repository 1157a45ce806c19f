internal import Codecs
package import NIOCore
internal import Routing
internal import Telemetry
package import Tensors

/// One request of many rows: they are cut into batches as they come in, some of which are under way at once, and their
/// answers go out in the order of the rows.
///
/// What the head decides is decided once; each batch then goes its own way by the same revision, as a request of its
/// own: quotas, the choice of the model, fallbacks and deadline are each batch's.
///
/// Invariant behind `@unchecked Sendable`: only used on `eventLoop`.
package final class BatchStream: @unchecked Sendable {
    private let plan: BatchPlan
    private let request: InferenceRequest
    let bounds: BatchBounds
    let eventLoop: any EventLoop
    private let gate: Gate
    private let outlet: any BatchOutlet
    /// Looks at the head, and lends its findings to all others.
    private let first: Inference

    // The rows.
    private var format: RowFormat?
    private var answerFormat = RowFormat.lines
    private var collector: RowCollector?
    private var reader = RowReader.lines
    private var signature: ModelSignature?
    private var unread = ByteBuffer()
    private var inputHasEnded = false
    /// A batch for which there was no memory yet.
    private var next: RowBatch?

    // The batches.
    private var queue: BatchQueue<(task: BatchTask, rows: EncodedRows)>
    private var tasks: [Int: BatchTask] = [:]
    private var output = RowOutput(.lines, offset: 0)
    private var tally = BatchTally()
    private var hasBegun = false
    private var isOver = false
    private var isPumping = false

    package init(
        _ request: InferenceRequest, _ plan: BatchPlan, bounds: BatchBounds, id: String, receivedAt: MonotonicTime,
        gate: Gate, eventLoop: any EventLoop, outlet: any BatchOutlet
    ) {
        self.request = request
        self.plan = plan
        self.bounds = bounds
        self.gate = gate
        self.eventLoop = eventLoop
        self.outlet = outlet
        first = Inference(
            request, id: id, receivedAt: receivedAt, gate: gate, eventLoop: eventLoop, responder: Nobody())
        queue = BatchQueue(width: bounds.width, mostHeld: bounds.mostBytes)
        format = plan.format
    }

    /// How the answer came about.
    package var summary: Answer.Summary { first.summary }
    var skipsFaults: Bool { plan.errors == .skip }

    /// Everything that the head decides.
    ///
    /// - Throws: what to tell the caller instead of reading the body.
    package func begin() throws(SluiceError) {
        try first.begin()
        _ = try RowFormat.answer(accept: plan.accept, to: plan.format ?? .csv(CSVDialect()))
        guard let route = first.settledRoute, let target = route.targets.first else { return }
        let signature = try first.signature(of: route, first: target)
        if case .unified(_, _, let wanted) = request.format { try Inference.check(wanted, against: signature) }
        self.signature = signature
        if let format { try settle(format) }
    }

    private func settle(_ format: RowFormat) throws(SluiceError) {
        guard let signature, let route = first.settledRoute else { return }
        self.format = format
        answerFormat = try RowFormat.answer(accept: plan.accept, to: format)
        output = RowOutput(answerFormat, offset: plan.offset)
        let rowPlan = RowPlan(signature)
        let mostOfModels = route.models.map { gate.models[$0.index].maximumRows }.min() ?? .max
        let isExact = if case .exact(let rows) = rowPlan { rows > 1 } else { false }
        collector = RowCollector(
            format,
            limits: .init(
                rows: rowPlan.rows(wanted: min(plan.rows, mostOfModels)),
                bytes: min(bounds.batchBytes, bounds.mostBytes),
                rowBytes: bounds.mostBytes, isExact: isExact),
            offset: plan.offset, signature: signature)
    }

    // MARK: The body

    /// Whether more of the body is wanted now.
    package var wantsMore: Bool {
        !isOver && next == nil && queue.canStart && unread.readableBytes == 0 && !inputHasEnded
    }

    /// Whether the client has to take some of the answers before anything else happens.
    package var waitsForClient: Bool { queue.isFull || (inputHasEnded && tasks.isEmpty && queue.held > 0) }

    /// A piece of the body; what isn't wanted yet waits here.
    package func receive(_ piece: ByteBuffer) {
        guard !isOver else { return }
        if unread.readableBytes == 0 { unread = piece } else { unread.writeImmutableBuffer(piece) }
        pump()
    }

    /// The body has all come.
    package func receiveEnd() {
        inputHasEnded = true
        pump()
    }

    /// Nobody waits for answers any more.
    package func cancel(_ reason: SluiceError) {
        guard !isOver else { return }
        isOver = true
        count()
        for task in tasks.values { drop(task, reason) }
        tasks = [:]
        unread = ByteBuffer()
        next = nil
    }

    /// The client has done something, or nothing for too long, that ends it.
    package func fail(_ error: SluiceError) {
        act(queue.failed(nil, error))
        pump()
    }

    /// Starts batches as long as there are any and they may; a loop, so that quick ones don't nest.
    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        while !isOver, queue.canStart {
            do throws(SluiceError) {
                var found = next
                next = nil
                if found == nil { found = try nextBatch() }
                guard let batch = found else { break }
                guard bounds.reserve(batch.text.count) else {
                    guard queue.underWay > 0 else {
                        throw SluiceError(
                            .overloaded, "all requests together hold as much as they may",
                            retryAfterNanoseconds: 1_000_000_000)
                    }
                    next = batch
                    break
                }
                let task = BatchTask(queue.start(), batch, self)
                tasks[task.number] = task
                task.run()
            } catch {
                act(queue.failed(nil, error))
            }
        }
        isPumping = false
        outlet.batchesMoved()
    }

    /// The next batch that is all there; `nil` while that isn't so, or at the end.
    private func nextBatch() throws(SluiceError) -> RowBatch? {
        while true {
            if format == nil, try !findFormat() { return nil }
            if unread.readableBytes == 0, collector?.hasMore != true {
                unread = ByteBuffer()
                guard inputHasEnded, let event = try collector?.finish() else {
                    if inputHasEnded { try endInput() }
                    return nil
                }
                if let batch = try take(event) { return batch }
                continue
            }
            guard let (taken, event) = try readUnread() else { return nil }
            unread.moveReaderIndex(forwardBy: taken)
            if let event, let batch = try take(event) { return batch }
        }
    }

    private func readUnread() throws(SluiceError) -> (taken: Int, event: RowCollector.Event?)? {
        guard var collector else { return nil }
        self.collector = nil
        let outcome = unsafe unread.withUnsafeReadableBytes {
            bytes -> Result<(Int, RowCollector.Event?), SluiceError> in
            do throws(SluiceError) {
                return .success(unsafe try collector.take(bytes))
            } catch {
                return .failure(error)
            }
        }
        self.collector = collector
        return try outcome.get()
    }

    /// Lets the first byte that is no space tell the format, where nothing else did.
    private func findFormat() throws(SluiceError) -> Bool {
        let byte = unread.readableBytesView.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        guard let byte else {
            // Nothing but spaces so far, of which none is kept.
            unread = ByteBuffer()
            guard inputHasEnded else { return false }
            throw SluiceError(.malformedBody, "the body is empty")
        }
        try settle(RowFormat(first: byte))
        return true
    }

    private func take(_ event: RowCollector.Event) throws(SluiceError) -> RowBatch? {
        switch event {
        case .batch(let batch): return batch
        case .firstRow:
            guard let signature, let row = collector?.firstRow else { return nil }
            let csv = try CSVRowReader(row, signature: signature)
            reader = .csv(csv)
            return collector?.settle(firstRowIsHeader: csv.hasHeader)
        }
    }

    private func endInput() throws(SluiceError) {
        let rows = collector?.rows ?? 0
        if rows == 0 {
            throw SluiceError(.invalidInput, format == .lines ? "the body has no rows" : "the CSV has no rows")
        }
        guard plan.offset <= rows else {
            throw SluiceError(
                .invalidParameter, "offset=\(plan.offset) is beyond the \(rows) rows that there are",
                detail: [.init("parameter", "offset"), .init("rows", rows)])
        }
        act(queue.inputEnded())
    }

    // MARK: One batch

    /// The inference of a batch.
    func inference(id: String, responder: any Responder) -> Inference {
        let inference = Inference(
            request, id: "\(first.id)-\(id)", receivedAt: .now, gate: gate, eventLoop: eventLoop, responder: responder)
        inference.follow(first)
        return inference
    }

    func read(_ batch: RowBatch, _ range: Range<Int>, _ signature: ModelSignature) throws(SluiceError) -> DecodedRows {
        try reader.decode(batch, range, signature: signature, skipsFaults: skipsFaults)
    }

    func encode(
        _ outputs: [Tensor], _ signature: ModelSignature, rows: Range<Int>, decoded: DecodedRows
    ) throws(SluiceError) -> EncodedRows {
        try RowEncoder(answerFormat, showsFaults: skipsFaults).encode(
            outputs, specs: signature.outputs, rows: rows, decoded: decoded,
            isWhole: RowPlan(signature) == .whole)
    }

    func encode(_ faults: [RowFault]) -> EncodedRows {
        RowEncoder(answerFormat, showsFaults: true).encode(faults)
    }

    /// What a batch's answer says of how it came about; the request's says that of the last one.
    func note(_ answer: Answer.Summary) {
        let summary = summary
        (summary.model, summary.version, summary.rung) = (answer.model, answer.version, answer.rung)
        (summary.failedAttempts, summary.quota) = (answer.failedAttempts, answer.quota ?? summary.quota)
    }

    func answered(_ task: BatchTask, _ rows: EncodedRows) {
        guard tasks[task.number] != nil, !isOver else { return }
        act(queue.answered(task.number, (task, rows)))
        pump()
    }

    func failed(_ task: BatchTask, _ error: SluiceError) {
        guard let task = tasks.removeValue(forKey: task.number), !isOver else { return }
        bounds.release(task.batch.text.count)
        act(queue.failed(task.number, error))
        pump()
    }

    private func drop(_ task: BatchTask, _ reason: SluiceError) {
        bounds.release(task.batch.text.count)
        task.cancel(reason)
    }

    // MARK: The answer

    private func act(_ actions: [BatchQueue<(task: BatchTask, rows: EncodedRows)>.Action]) {
        for action in actions where !isOver {
            switch action {
            case .emit(let answer):
                tasks[answer.task.number] = nil
                bounds.release(answer.task.batch.text.count)
                emit(answer.rows)
            case .cancel(let numbers):
                for number in numbers {
                    guard let task = tasks.removeValue(forKey: number) else { continue }
                    drop(task, SluiceError(.cancelled, "a batch before this one failed"))
                }
            case .end(let failure): end(failure)
            }
        }
    }

    private func emit(_ rows: EncodedRows) {
        let text: [UInt8]
        do throws(SluiceError) {
            text = try output.add(rows)
        } catch {
            return end(error)
        }
        tally.batches += 1
        tally.rows += rows.rows
        tally.failed += rows.failed
        write(text)
    }

    private func write(_ text: [UInt8]) {
        guard !text.isEmpty else { return }
        beginAnswer()
        tally.bytes += text.count
        let count = text.count
        queue.hold(count)
        let isReserved = bounds.reserve(count)
        outlet.writeBatch(text) { [self] in
            if isReserved { bounds.release(count) }
            queue.taken(count)
            if !isOver { pump() }
        }
    }

    private func beginAnswer() {
        guard !hasBegun else { return }
        hasBegun = true
        outlet.beginBatches(mediaType: answerFormat.mediaType, summary: first.describedSummary())
    }

    private func end(_ failure: SluiceError?) {
        guard !isOver else { return }
        if failure == nil { write(output.finish(columns: answerColumns)) }
        let failure = failure
        isOver = true
        count()
        for task in tasks.values { drop(task, failure ?? SluiceError(.cancelled, "the request has ended")) }
        tasks = [:]
        unread = ByteBuffer()
        if let failure, !hasBegun { return outlet.refuseBatches(failure) }
        beginAnswer()
        let last =
            if let failure {
                RowOutput.end(
                    answerFormat, failure: failure, rows: tally.rows, failed: tally.failed,
                    offset: plan.offset + tally.rows, requestID: first.id)
            } else {
                RowOutput.end(answerFormat, rows: tally.rows, failed: tally.failed)
            }
        tally.bytes += last.count
        summary.batches = tally
        outlet.endBatches(last, isCut: failure != nil && answerFormat != .lines, failure: failure)
    }

    private var answerColumns: [String] {
        guard let signature, case .unified(_, _, let wanted) = request.format else { return [] }
        return TopScores(count: request.top).applied(to: signature, wanted: wanted).answerColumns
    }

    /// Counts what came of it.
    private func count() {
        summary.batches = tally
        guard let route = summary.route, tally.rows > 0 else { return }
        gate.metrics.gateway.batchRows(route: route, answered: tally.rows - tally.failed, failed: tally.failed)
    }

    /// Takes what nobody asked for: the one that looks at the head asks for nothing.
    private final class Nobody: Responder {
        func finish(_ answer: Answer) {}
        func beginStream(mediaType: String, summary: Answer.Summary) {}
        func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void) { written() }
        func endStream(failure: SluiceError?) {}
    }
}
