/// The life of one request inside a plugin: polices that it is answered exactly once, and knows when its memory may be
/// used again.
///
/// A plain state machine: `CallSlot` holds it under a lock and carries out what it returns.
struct CallState: Equatable {
    enum Phase: Equatable {
        /// No request.
        case free
        /// The plugin has it, and the caller waits.
        case running
        /// The caller was told otherwise (deadline, cancelled); the plugin still has the request.
        case abandoned
        /// The plugin gave its final response.
        case answered
    }

    /// What to do with a response.
    enum ResponseAction: Equatable {
        case deliver
        /// The caller is gone: drop it, and tell the plugin so.
        case drop
        /// The plugin broke the contract: drop it, tell the plugin so, and say this.
        case refuse(String)
    }

    /// What to do when the plugin's function has returned.
    enum ReturnAction: Equatable {
        case nothing
        /// Tell the caller that the plugin failed.
        case fail
        /// Tell the caller, and the log, that the plugin broke the contract.
        case breach(String)
        /// The caller has its answer; tell the log that the plugin broke the contract.
        case complain(String)
    }

    private(set) var phase = Phase.free
    /// How many of the plugin's and the host's functions are at work on the request right now.
    private var users = 0

    /// Whether the request's memory may be used for another one.
    var isFinished: Bool { users == 0 && phase == .answered }
    /// Whether the plugin should stop.
    var isAbandoned: Bool { phase == .abandoned }

    /// The request goes to the plugin.
    mutating func begin() {
        precondition(phase == .free && users == 0, "a slot holds one request at a time")
        phase = .running
        users = 1
    }

    /// The plugin is not to get the request after all.
    mutating func withdraw() {
        precondition(phase == .running && users == 1, "a request is withdrawn before the plugin has it")
        phase = .free
        users = 0
    }

    /// The plugin responds; `endResponse` must follow, whatever the action.
    mutating func beginResponse(isFinal: Bool) -> ResponseAction {
        switch phase {
        case .running:
            users += 1
            if isFinal { phase = .answered }
            return .deliver
        case .abandoned:
            users += 1
            if isFinal { phase = .answered }
            return .drop
        case .answered:
            users += 1
            return .refuse(isFinal ? "a second final response" : "a response after the final one")
        case .free:
            users += 1
            return .refuse("a response to a request that is long finished")
        }
    }

    /// The host is done with a response.
    mutating func endResponse() {
        users -= 1
    }

    /// The caller no longer waits. True where it must be told so now.
    mutating func abandon() -> Bool {
        guard phase == .running else { return false }
        phase = .abandoned
        return true
    }

    /// The plugin's `infer` has returned.
    ///
    /// - Parameter mustHaveAnswered: the model is quick, so it answers before it returns.
    mutating func inferReturned(ok: Bool, mustHaveAnswered: Bool) -> ReturnAction {
        users -= 1
        switch (phase, ok) {
        case (.running, false):
            phase = .answered
            return .fail
        case (.abandoned, false):
            phase = .answered
            return .nothing
        case (.answered, false):
            return .complain("infer returned an error for a request that it had answered")
        case (.running, true) where mustHaveAnswered:
            phase = .abandoned
            return .breach("a model that declares itself quick returned before it answered")
        case (.running, true), (.abandoned, true), (.answered, true), (.free, _):
            return .nothing
        }
    }

    /// The slot goes back to the free ones.
    mutating func recycle() {
        precondition(isFinished)
        phase = .free
    }
}
