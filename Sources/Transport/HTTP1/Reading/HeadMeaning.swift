/// What a head that asks for inference means: a function of its bytes and the listener alone, so that the very same head
/// again needs no second look. Who may have what is decided anew each time.
struct HeadMeaning {
    /// The id and the times in it are those of the first request.
    var plan: RequestPlan
    var fields: RequestFields
    /// The client's own id, where it may be used.
    var requestID: String?
    var expectsContinue: Bool
}
