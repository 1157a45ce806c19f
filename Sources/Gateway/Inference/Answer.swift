package import Codecs
package import Policies
package import Tensors

/// What the gate answers to one inference request, before a protocol dresses it.
package struct Answer: Sendable {
    /// Either the outputs, encoded, or what went wrong.
    package enum Content: Sendable {
        /// `headerLength` is the length of the JSON where binary tensors follow it.
        case outputs(EncodedBody, headerLength: Int?)
        case failure(SluiceError)

        /// Bytes of the outputs; `nil` for what went wrong.
        var byteCount: Int? {
            if case .outputs(let body, _) = self { body.count } else { nil }
        }

        var error: SluiceError? {
            if case .failure(let error) = self { error } else { nil }
        }
    }

    package var content: Content
    package var summary: Summary

    package init(_ content: consuming Content, summary: Summary) {
        self.content = content
        self.summary = summary
    }
}

extension Answer {
    /// How the answer came about; for response headers and the access log.
    ///
    /// Invariant behind `@unchecked Sendable`: only used on the event loop of its request.
    package final class Summary: @unchecked Sendable {
        package let requestID: String
        package var consumer: String?
        package var route: String?
        /// The model that answered, or was the last to be tried.
        package var model: String?
        package var version: String?
        /// Which rung of the route's fallback answered, from 1, or was the last to be tried.
        package var rung: Int?
        /// Models that failed before it, with the code of their failure, e.g. `iris=model_unavailable`.
        package var failedAttempts: [String] = []
        /// `hit`, `miss` or `stale`, of models whose answers are kept.
        package var cache: String?
        /// How old an answer is that is `stale`.
        package var ageSeconds: Int?
        /// What is left of the consumer's tightest quota, where there is one.
        package var quota: RateLimitStatus?
        /// What came of a request for batches.
        package var batches: BatchTally?

        package init(requestID: String) {
            self.requestID = requestID
        }
    }
}

/// Takes an answer to whoever asked: each wire protocol has its own.
///
/// All of it is called on the event loop of the connection: `finish` once, or `beginStream` once, `writePart` any number
/// of times and `endStream` once.
package protocol Responder: AnyObject {
    /// The whole answer.
    func finish(_ answer: Answer)

    /// The answer will come in parts of this media type.
    func beginStream(mediaType: String, summary: Answer.Summary)

    /// One part; `written` is called when the connection has taken it.
    func writePart(_ body: EncodedBody, written: @escaping @Sendable () -> Void)

    /// No more parts; a failure that came after the first part, if there was one.
    func endStream(failure: SluiceError?)
}
