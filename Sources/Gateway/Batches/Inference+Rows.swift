internal import Codecs
internal import Policies
internal import Routing
internal import Tensors

extension Inference {
    /// Makes this one of the inferences of a request whose head another has looked at.
    func follow(_ other: Inference) {
        route = other.route
        consumer = other.consumer
        summary.route = other.summary.route
        summary.consumer = other.summary.consumer
    }

    /// The route that the head has settled.
    var settledRoute: Route? { route }

    /// Takes rows in place of a body.
    ///
    /// - Parameters:
    ///   - byteCount: of their text.
    ///   - encode: writes the outputs.
    func perform(
        byteCount: Int, decode: (ModelSignature) throws(SluiceError) -> DecodedRows, encode: @escaping RowsEncoder
    ) {
        quotaUse.bytesIn = byteCount
        encodeRows = encode
        perform { (signature) throws(SluiceError) in
            guard case .unified(_, _, let wanted) = request.format else {
                throw SluiceError(.internalError, "rows come by the unified endpoint")
            }
            try Self.check(wanted, against: signature)
            let rows = try decode(signature)
            rowsOfMany = rows.count
            return Envelope(id: id, inputs: rows.inputs, wantedOutputs: wanted)
        }
    }

    /// Writes the outputs of rows that a model was asked together.
    typealias RowsEncoder = ([Tensor], ModelSignature) throws(SluiceError) -> EncodedBody
}
