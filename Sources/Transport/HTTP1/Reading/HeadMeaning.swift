/// What a head that asks for inference means: a function of its bytes, the listener and the revision alone, so that the
/// very same head again needs no second look. Who may have what is decided anew each time.
final class HeadMeaning: Sendable {
    let plan: RequestPlan
    let contentLength: Int?
    let inferenceHeaderLength: Int
    /// The client's own id, where it may be used.
    let requestID: String?
    let expectsContinue: Bool

    init(plan: RequestPlan, fields: RequestFields, requestID: String?, expectsContinue: Bool) {
        self.plan = plan
        self.contentLength = fields.contentLength
        self.inferenceHeaderLength = fields.inferenceHeaderLength ?? 0
        self.requestID = requestID
        self.expectsContinue = expectsContinue
    }
}
