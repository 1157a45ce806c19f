internal import Tensors

extension QuotaRequest {
    /// Asks the only quota of a request, which is kept in memory: the way of most requests that have any.
    ///
    /// Nothing has to be put in order, asked of somebody else, or taken back, so the lock is held for the arithmetic alone.
    static func takeSingle(
        _ charges: [QuotaReservation.Charge], model: QuotaModel, now: QuotaMoment
    ) -> QuotaOutcome {
        let bucket = charges[0].bucket
        let policy = bucket.policy
        let take = bucket.take(charges[0].amount, now: now)
        if policy.isShadow { return measured(charges, take, model: model, now: now) }
        let status = RateLimitStatus(
            charges: charges, tightest: 0, remaining: take.remaining / policy.scale,
            nanosecondsUntilFull: take.nanosecondsUntilFull)
        guard take.wait == 0 else {
            return .refused(QuotaRequest(charges: charges, model: model).refusal(by: 0, take.wait), status)
        }
        let events = take.warns ? [event(.warning, of: bucket)] : []
        // Event loops wait for each other where all of them count one object's users: it is held only where it is needed.
        let asked = model.isAsked || !policy.countsRequests ? model : nil
        return .admitted(QuotaReservation(charges: charges, model: asked, taken: now, events: events), status)
    }

    /// A quota that only measures lets everybody in, and says what it would have done.
    private static func measured(
        _ charges: [QuotaReservation.Charge], _ take: QuotaBucket.Take, model: QuotaModel, now: QuotaMoment
    ) -> QuotaOutcome {
        var charges = charges
        var events: [QuotaReservation.Event] = []
        if take.warns { events.append(event(.warning, of: charges[0].bucket)) }
        if take.wait > 0 {
            charges[0].source = .none
            events.append(event(.shadowRefusal, of: charges[0].bucket))
        }
        return .admitted(QuotaReservation(charges: charges, model: model, taken: now, events: events), nil)
    }

    private static func event(
        _ kind: QuotaReservation.Event.Kind, of bucket: QuotaBucket
    ) -> QuotaReservation.Event {
        QuotaReservation.Event(kind: kind, subject: bucket.subject, policy: bucket.policy)
    }
}
