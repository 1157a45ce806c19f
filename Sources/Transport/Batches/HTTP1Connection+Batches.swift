internal import Gateway
internal import NIOCore
internal import NIOHTTP1
internal import Tensors

extension HTTP1Connection {
    /// Begins what the head of a request for batches asks for.
    func beginBatches(_ request: BatchRequest, _ exchange: HTTP1Exchange) throws(SluiceError) {
        guard let context else { return }
        guard exchange.version.minor > 0 else {
            // Without chunks nobody could tell a whole answer from one that was cut.
            throw SluiceError(.malformedRequest, "batches are answered over HTTP/1.1 and HTTP/2 only")
        }
        let service = exchange.service
        let inflater = try exchange.meaning?.plan.encoding.map { (name) throws(SluiceError) in try Inflater(name) }
        let stream = BatchStream(
            request.inference, request.plan, bounds: service.batchBounds, id: exchange.id,
            receivedAt: exchange.receivedAt, gate: service.gate, eventLoop: context.eventLoop, outlet: exchange)
        exchange.batches = BatchBody(stream, inflater: inflater)
        do throws(SluiceError) {
            try stream.begin()
        } catch {
            // What is still to come of the body may be long.
            if exchange.meaning?.contentLength ?? .max > Self.drainableBody { exchange.keepAlive = false }
            throw error
        }
    }

    /// What was asked for in batches can't be done.
    fileprivate func refuseBatches(_ error: SluiceError) {
        guard let context, let exchange else { return }
        // What is still to come of the body may be long.
        if !exchange.progress.requestEnded { exchange.keepAlive = false }
        refuse(error, context: context)
    }

    fileprivate func writeBatch(_ bytes: [UInt8], taken: @escaping @Sendable () -> Void) {
        guard let context, let exchange, exchange.isStreaming else { return taken() }
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        write(framed(ByteBuffer(bytes: bytes), exchange: exchange, context: context), context: context) {
            taken()
            bound.value.batchesMoved()
        }
    }

    fileprivate func endBatches(_ last: [UInt8], isCut: Bool, failure: SluiceError?) {
        guard let context, let exchange, exchange.isStreaming, !exchange.progress.answered else { return }
        exchange.progress.answered = true
        if isCut || !exchange.progress.requestEnded { exchange.keepAlive = false }
        var bytes = ByteBuffer()
        if !last.isEmpty { bytes = framed(ByteBuffer(bytes: last), exchange: exchange, context: context) }
        // A connection that ends without this shows every client that the answer isn't whole.
        if !isCut { bytes.writeStaticString("0\r\n\r\n") }
        if let summary = exchange.summary {
            exchange.service.record(
                exchange.record, bytesIn: exchange.bytesIn, bytesOut: summary.batches?.bytes ?? 0, status: 200,
                code: failure?.code.text, summary: summary)
        }
        writeLast(Array(buffer: bytes), context: context)
    }

    /// More of the body may be wanted than before, or the client waited for.
    fileprivate func batchesMoved() {
        guard let context, let exchange, let batches = exchange.batches, !exchange.progress.answered else { return }
        batches.moved()
        guard !exchange.progress.answered else { return }
        let wantsMore = batches.wantsMore
        let phase: ConnectionClock.Phase =
            batches.stream.waitsForClient
            ? .writing : wantsMore && !exchange.progress.requestEnded ? .body : .working
        clock.enter(phase, now: .coarse)
        if readIsHeld, wantsMore, !exchange.progress.requestEnded {
            readIsHeld = false
            context.read()
        }
    }
}

extension HTTP1Exchange: BatchOutlet {
    func refuseBatches(_ error: SluiceError) { waiting?.refuseBatches(error) }

    func beginBatches(mediaType: String, summary: Answer.Summary) {
        waiting?.beginParts(mediaType: mediaType, summary: summary)
    }

    func writeBatch(_ bytes: [UInt8], taken: @escaping @Sendable () -> Void) {
        guard let connection = waiting else { return taken() }
        connection.writeBatch(bytes, taken: taken)
    }

    func endBatches(_ last: [UInt8], isCut: Bool, failure: SluiceError?) {
        waiting?.endBatches(last, isCut: isCut, failure: failure)
    }

    func batchesMoved() { waiting?.batchesMoved() }
}
