internal import Codecs
internal import NIOCore
internal import Tensors

/// One batch on its way through the gate.
///
/// Where a model refuses a batch for what is in it and rows may be left out, the batch goes on in halves until the rows
/// stand alone that are wrong.
///
/// Invariant behind `@unchecked Sendable`: only used on the event loop of its request.
final class BatchTask: Responder, @unchecked Sendable {
    let number: Int
    let batch: RowBatch
    private unowned let stream: BatchStream
    /// What is still to do, the next last.
    private var ranges: [Range<Int>]
    private var inference: Inference?
    private var current = DecodedRows()
    private var answer = EncodedRows()
    private var encoded = EncodedRows()
    private var attempt = 0
    /// Nanoseconds that it has waited to be let in.
    private var waited: UInt64 = 0
    private var timer: Scheduled<Void>?
    private var isOver = false
    private var isRunning = false
    private var hasMore = false

    init(_ number: Int, _ batch: RowBatch, _ stream: BatchStream) {
        self.number = number
        self.batch = batch
        self.stream = stream
        ranges = [0..<batch.count]
    }

    /// Asks the model for the rows that are next; a loop, so that quick models don't nest.
    func run() {
        hasMore = true
        guard !isRunning else { return }
        isRunning = true
        while hasMore {
            hasMore = false
            step()
        }
        isRunning = false
    }

    private func step() {
        guard !isOver else { return }
        guard let range = ranges.last else {
            isOver = true
            return stream.answered(self, answer)
        }
        attempt += 1
        let rows = (batch.firstRow + range.lowerBound)..<(batch.firstRow + range.upperBound)
        current = DecodedRows()
        let inference = stream.inference(
            id: attempt == 1 ? "\(number + 1)" : "\(number + 1).\(attempt)", responder: self)
        self.inference = inference
        inference.perform(
            byteCount: range == 0..<batch.count ? batch.text.count : 0,
            decode: { [self] (signature) throws(SluiceError) in
                current = try stream.read(batch, range, signature)
                // Rows that are all wrong are no request.
                if current.count == 0 { throw SluiceError(.invalidInput, "no row can be read") }
                return current
            },
            encode: { [self] (outputs, signature) throws(SluiceError) in
                encoded = try stream.encode(outputs, signature, rows: rows, decoded: current)
                return EncodedBody(mediaType: "", segments: encoded.bodies)
            })
    }

    /// Nobody waits for the answer any more.
    func cancel(_ reason: SluiceError) {
        isOver = true
        timer?.cancel()
        let inference = inference
        self.inference = nil
        inference?.cancel(reason)
    }

    // MARK: Responder

    func finish(_ answer: Answer) {
        guard !isOver else { return }
        inference = nil
        stream.note(answer.summary)
        switch answer.content {
        case .outputs:
            self.answer.append(encoded)
            encoded = EncodedRows()
            ranges.removeLast()
            run()
        case .failure(let error): failed(error)
        }
    }

    func beginStream(mediaType: String, summary: Answer.Summary) {}
    func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void) { written() }
    func endStream(failure: SluiceError?) {}

    // MARK: Failures

    private func failed(_ error: SluiceError) {
        guard let range = ranges.last else { return }
        if stream.skipsFaults, current.count == 0, !current.faults.isEmpty {
            return leaveOut(current.faults)
        }
        if let wait = wait(after: error) {
            waited += wait
            timer = stream.eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: wait))) { [self] in
                timer = nil
                run()
            }
            return
        }
        guard stream.skipsFaults, error.isAboutRows else {
            isOver = true
            return stream.failed(self, error)
        }
        guard range.count > 1 else {
            let row = batch.firstRow + range.lowerBound
            return leaveOut([RowFault(row: row, error: error.told(ofRow: row))])
        }
        let middle = range.lowerBound + range.count / 2
        ranges.removeLast()
        ranges += [middle..<range.upperBound, range.lowerBound..<middle]
        run()
    }

    private func leaveOut(_ faults: [RowFault]) {
        answer.append(stream.encode(faults))
        ranges.removeLast()
        run()
    }

    /// How long to wait before the same once more; `nil` for not at all.
    private func wait(after error: SluiceError) -> UInt64? {
        switch error.code {
        case .quotaExceeded, .tooManyRequests, .overloaded: break
        default: return nil
        }
        let wait = max(error.retryAfterNanoseconds ?? 100_000_000, 10_000_000)
        return wait <= stream.bounds.patience &- waited ? wait : nil
    }
}

extension SluiceError {
    /// Whether it may be about some of the rows, and others do.
    fileprivate var isAboutRows: Bool {
        [.invalidInput, .malformedBody, .modelRejectedInput].contains(code)
    }

    /// The same, of a row of the whole text instead of one of its batch.
    fileprivate func told(ofRow row: Int) -> SluiceError {
        if detail.contains(.init("row", row)) { return self }
        var error = self
        error.detail.removeAll { $0.key == "row" }
        return error.at(row: row)
    }
}

extension EncodedRows {
    /// The bytes that it has.
    fileprivate var bodies: [EncodedBody.Segment] {
        parts.compactMap { part in
            if case .lines(let lines, _, _) = part { .bytes(lines) } else { nil }
        }
    }
}
