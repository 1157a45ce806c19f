internal import Codecs
internal import Gateway
internal import NIOCore
internal import Tensors

extension HTTP2RequestStream {
    /// Begins what the head of a request for batches asks for.
    func beginBatches(_ request: BatchRequest, encoding: String?) throws(SluiceError) {
        let inflater = try encoding.map { (name) throws(SluiceError) in try Inflater(name) }
        let stream = BatchStream(
            request.inference, request.plan, bounds: service.batchBounds, id: record.id,
            receivedAt: record.receivedAt, gate: service.gate, eventLoop: eventLoop, outlet: self)
        batches = BatchBody(stream, inflater: inflater)
        try stream.begin()
    }

    /// A piece of the body; the window opens for more once that is wanted.
    func receive(_ piece: ByteBuffer, for batches: BatchBody) {
        clock.enter(.body, now: .coarse)
        let count = piece.readableBytes
        keptBytes += count
        unopenedBytes += count
        connection?.keep(count)
        batches.receive(piece)
        batchesMoved()
    }
}

extension HTTP2RequestStream: BatchOutlet {
    func refuseBatches(_ error: SluiceError) { refuse(error) }

    func beginBatches(mediaType: String, summary: Answer.Summary) {
        guard let connection, !answered else { return }
        answered = true
        var head = connection.beginHead(status: 200)
        head.field(.contentType, mediaType)
        addCommonFields(to: &head, connection)
        head.add(summary)
        connection.writeHead(head, on: id)
    }

    func writeBatch(_ bytes: [UInt8], taken: @escaping @Sendable () -> Void) {
        guard let connection, batches != nil else { return taken() }
        connection.write(OutboundBody([.bytes(bytes)]), on: id) {
            taken()
            self.batchesMoved()
        }
    }

    func endBatches(_ last: [UInt8], isCut: Bool, failure: SluiceError?) {
        guard let connection, let batches else { return }
        self.batches = nil
        clock.enter(.writing, now: .coarse)
        let summary = batches.stream.summary
        service.record(
            record, bytesIn: record.bytesIn, bytesOut: summary.batches?.bytes ?? 0, status: 200,
            code: failure?.code.text, summary: summary)
        guard isCut else {
            return connection.write(OutboundBody([.bytes(last)]), on: id, end: .stream)
        }
        // A stream that ends so shows every client that the answer isn't whole.
        connection.write(OutboundBody([.bytes(last)]), on: id) { self.connection?.reset(self.id, .internalError) }
    }

    func batchesMoved() {
        guard let connection, let batches else { return }
        batches.moved()
        let wantsMore = batches.wantsMore
        let phase: ConnectionClock.Phase =
            batches.stream.waitsForClient ? .writing : wantsMore && !requestEnded ? .body : .working
        clock.enter(phase, now: .coarse)
        guard wantsMore, unopenedBytes > 0 else { return }
        let count = unopenedBytes
        unopenedBytes = 0
        keptBytes -= count
        connection.keep(-count)
        if let increment = window.receive(count) { connection.openWindow(of: id, by: increment) }
    }
}
