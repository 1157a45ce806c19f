/// What one gateway has of a count that several share, and who waits for more of it; touched under its bucket's lock only.
final class QuotaShare {
    var lease: QuotaLease
    /// Requests that wait for an answer of the shared count.
    var waiters: [QuotaWait] = []

    init(_ lease: QuotaLease) {
        self.lease = lease
    }
}
