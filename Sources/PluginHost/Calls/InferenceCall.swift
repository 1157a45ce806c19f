package import Tensors

/// One request on its way through one model, from the queue to its final part.
///
/// Whatever happens (answer, failure, deadline, cancellation, broken contract), `receive` gets exactly one final part.
package final class InferenceCall: Sendable {
    private enum Place: Sendable {
        /// Nobody has it.
        case new
        case queued(any CallQueue, ticket: UInt64)
        case held(any CallHolder)
        case finished
    }

    private struct Locked: Sendable {
        var place = Place.new
        var afterwards: (@Sendable () -> Void)?
        /// When the plugin got it, and with how many others it shares that call.
        var began: (at: MonotonicTime, shares: UInt64)?
    }

    package let envelope: Envelope
    /// Whether the caller makes more calls at this moment, as far as it knows, and says by `wait` when it is done with
    /// that: a model in a process of its own hears of all of them at once then.
    let isGathered: Bool
    /// Called with each part, in order, from whichever thread the plugin answers on; `false` means that the caller has
    /// gone. May block for flow control.
    private let receive: @Sendable (InferencePart) -> Bool
    private let locked: LockedInPlace<Locked>

    /// - Parameter afterwards: as one that is given to `afterwards` first of all.
    package init(
        envelope: consuming Envelope, isGathered: Bool = false, afterwards: (@Sendable () -> Void)? = nil,
        receive: @escaping @Sendable (InferencePart) -> Bool
    ) {
        self.envelope = envelope
        self.isGathered = isGathered
        self.receive = receive
        locked = LockedInPlace(Locked(afterwards: afterwards))
    }

    // MARK: For the caller

    /// Ends the call for the caller, who gets `error` unless a final part has come before.
    ///
    /// The plugin is asked to stop; its request's memory lives on until it has answered.
    package func abandon(_ error: SluiceError) {
        let place = locked.withLockedValue { locked -> Place in
            let place = locked.place
            switch place {
            case .new, .queued: locked.place = .finished
            case .held, .finished: break
            }
            return place
        }
        switch place {
        case .new: _ = receive(.failure(error))
        case .queued(let queue, let ticket):
            queue.remove(ticket: ticket)
            _ = receive(.failure(error))
        case .held(let holder): holder.abandon(self, error: error)
        case .finished: break
        }
    }

    /// The caller has made all calls that it had to make, and nothing else to do just now. Must be called for one that is
    /// gathered, and comes back within microseconds, answered or not.
    package func wait() {
        let holder = locked.withLockedValue { locked -> (any CallHolder)? in
            if case .held(let holder) = locked.place { holder } else { nil }
        }
        holder?.wait(for: self)
    }

    /// Whether the caller has already been answered, so that nothing need be started.
    package var isFinished: Bool {
        locked.withLockedValue { if case .finished = $0.place { true } else { false } }
    }

    /// Whether no plugin has got the call yet.
    package var isWaiting: Bool {
        locked.withLockedValue { locked in
            switch locked.place {
            case .new, .queued: true
            case .held, .finished: false
            }
        }
    }

    // MARK: For whoever has the call

    /// The plugin gets it now: its final part will say how long that took.
    ///
    /// - Parameter shares: how many requests go in the same call, each of which took its part of the time.
    package func begin(sharedBy shares: Int = 1, now: MonotonicTime = .now) {
        locked.withLockedValue { $0.began = (now, UInt64(max(shares, 1))) }
    }

    /// The call waits in `queue`, which is told if its caller leaves; without effect once somebody holds it.
    ///
    /// - Returns: `false` where it is finished already.
    package func wait(in queue: any CallQueue, ticket: UInt64) -> Bool {
        locked.withLockedValue { locked in
            switch locked.place {
            case .new: locked.place = .queued(queue, ticket: ticket)
            case .queued, .held: break
            case .finished: return false
            }
            return true
        }
    }

    /// `holder` answers the call from now on; `false` where it was abandoned before.
    package func enter(_ holder: any CallHolder) -> Bool {
        locked.withLockedValue { locked in
            switch locked.place {
            case .new, .queued: locked.place = .held(holder)
            case .held, .finished: return false
            }
            return true
        }
    }

    /// `holder` gives the call back unanswered, for another one; `false` where it was abandoned.
    package func leave(_ holder: any CallHolder) -> Bool {
        locked.withLockedValue { locked in
            guard case .held(let present) = locked.place, present === holder else { return false }
            locked.place = .new
            return true
        }
    }

    /// Hands a part to the caller; `false` where the caller has gone, or has had its final part.
    @discardableResult
    package func deliver(_ part: consuming InferencePart) -> Bool {
        let isFinal = part.isFinal
        let (isWanted, began) = locked.withLockedValue { locked in
            if case .finished = locked.place { return (false, locked.began) }
            if isFinal { locked.place = .finished }
            return (true, locked.began)
        }
        guard isWanted else { return false }
        if isFinal, let began {
            part.pluginNanoseconds = MonotonicTime.now.nanoseconds(since: began.at) / began.shares
        }
        return receive(part)
    }

    // MARK: The model's end of it

    /// `action` is carried out once, when the model has let go of the request: it has been answered and nothing works on
    /// it any more. That can be later than the caller's final part, where the caller didn't wait. Several are carried out
    /// in the order in which they were given.
    package func afterwards(_ action: @escaping @Sendable () -> Void) {
        locked.withLockedValue { locked in
            guard let earlier = locked.afterwards else {
                locked.afterwards = action
                return
            }
            locked.afterwards = {
                earlier()
                action()
            }
        }
    }

    /// The model has let go of the request, or never got it. Every `ModelInstance` says so for each call.
    package func letGo() {
        // Not as the closure's result: to bring a function through a generic one takes another one around it.
        var action: (@Sendable () -> Void)?
        locked.withLockedValue { locked in
            action = locked.afterwards
            locked.afterwards = nil
        }
        action?()
    }
}
