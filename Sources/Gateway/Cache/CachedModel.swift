internal import Configuration
internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Telemetry
internal import Tensors

/// Answers calls from what the model answered before to equal ones, and lets only the first of several equal ones through.
final class CachedModel: Sendable {
    /// What an entry takes beside its tensors: keys, names, shapes.
    private static let overhead = 512

    private let cache: NIOLockedValueBox<ResponseCache<InferencePart, WaitingCall>>
    private let start: @Sendable (InferenceCall, _ consumer: Int) -> Void
    private let hits: Counter
    private let misses: Counter

    /// - Parameter start: hands a call to the model itself.
    init(
        _ configuration: CacheConfiguration, hits: Counter, misses: Counter,
        start: @escaping @Sendable (InferenceCall, _ consumer: Int) -> Void
    ) {
        cache = NIOLockedValueBox(
            ResponseCache(capacity: configuration.size, ageNanoseconds: configuration.age.wholeNanoseconds))
        self.hits = hits
        self.misses = misses
        self.start = start
    }

    /// Takes a call; it gets its final part in any case.
    func submit(_ call: InferenceCall, consumer: Int) {
        guard let key = CacheKey(call.envelope) else { return start(call, consumer) }
        let waiting = WaitingCall(call, key: key, consumer: consumer, model: self)
        // Held before it can be found by whoever answers it.
        guard call.enter(waiting) else { return call.letGo() }
        switch cache.withLockedValue({ $0.lookUp(key, waiting, now: .now) }) {
        case .hit(let part): answer([waiting], part)
        case .wait: if call.isFinished { leave(key) }
        case .lead: lead(waiting)
        }
    }

    /// Answers that are too old to be given are kept up to that age, for whoever asks for them as they are.
    func keepAnswers(forNanoseconds age: UInt64) { cache.withLockedValue { $0.keptNanoseconds = age } }

    /// An answer to an equal request, and its age.
    func oldAnswer(to envelope: Envelope, notOlderThan age: UInt64) -> (InferencePart, ageNanoseconds: UInt64)? {
        guard let key = CacheKey(envelope),
            let (part, age) = cache.withLockedValue({ $0.old(key, notOlderThan: age, now: .now) })
        else { return nil }
        var old = part
        old.cache = .stale
        old.pluginNanoseconds = 0
        return (old, age)
    }

    /// Forgets every answer.
    func removeAll() { cache.withLockedValue { $0.removeAll() } }

    /// Callers of calls that waited have gone.
    fileprivate func leave(_ key: CacheKey) {
        cache.withLockedValue { $0.leave(key) { $0.call.isFinished } }
    }

    private func answer(_ waiting: [WaitingCall], _ part: InferencePart) {
        guard !waiting.isEmpty else { return }
        hits.increment(by: waiting.count)
        var part = part
        part.cache = .hit
        part.pluginNanoseconds = 0
        let round = DeliveryRound()
        if waiting.count > 1 { part.companions = round }
        for one in waiting { one.call.deliver(part) }
        round.deliver()
    }

    /// The call goes to the model, for itself and for all that wait for the same answer.
    private func lead(_ leader: WaitingCall) {
        misses.increment()
        let inner = InferenceCall(envelope: leader.call.envelope) { [self] part in
            answered(leader, part)
            return true
        }
        guard leader.lead(by: inner) else { return inner.abandon(SluiceError(.cancelled, "the caller has gone")) }
        start(inner, leader.consumer)
    }

    private func answered(_ leader: WaitingCall, _ part: InferencePart) {
        leader.isDone()
        guard part.error == nil else {
            leader.call.deliver(part)
            // Those that left are passed over: leading for nobody would only keep the others waiting.
            while let next = cache.withLockedValue({ $0.fail(leader.key) }) {
                if !next.call.isFinished { return lead(next) }
            }
            return
        }
        // A copy, so that the size is what is counted and nothing of the plugin's is kept.
        let kept = part.copied
        let size = kept?.outputs.reduce(Self.overhead) { $0 + $1.byteCount + ($1.offsets?.byteCount ?? 0) }
        let waiting = cache.withLockedValue { $0.store(leader.key, kept ?? part, size: size ?? .max, now: .now) }
        var own = part
        own.cache = .miss
        leader.call.deliver(own)
        answer(waiting, kept ?? part)
    }
}

/// A call that waits for the answer of an equal one, or leads.
private final class WaitingCall: CallHolder {
    let call: InferenceCall
    let key: CacheKey
    let consumer: Int
    private let model: CachedModel
    /// The call that went to the model in its stead.
    private let inner = NIOLockedValueBox<InferenceCall?>(nil)

    init(_ call: InferenceCall, key: CacheKey, consumer: Int, model: CachedModel) {
        self.call = call
        self.key = key
        self.consumer = consumer
        self.model = model
    }

    /// - Returns: `false` where the caller has gone.
    func lead(by call: InferenceCall) -> Bool {
        inner.withLockedValue { $0 = call }
        return !self.call.isFinished
    }

    /// The call that went in its stead has ended: it holds this one.
    func isDone() { inner.withLockedValue { $0 = nil } }

    func abandon(_ call: InferenceCall, error: SluiceError) {
        call.deliver(.failure(error))
        if let inner = inner.withLockedValue({ $0 }) { inner.abandon(error) } else { model.leave(key) }
    }
}

extension InferencePart {
    /// The same in memory of the host's own; `nil` where there is not so much.
    fileprivate var copied: InferencePart? {
        var copy = self
        copy.companions = nil
        for index in outputs.indices {
            guard let tensor = outputs[index].copied else { return nil }
            copy.outputs[index] = tensor
        }
        return copy
    }
}
