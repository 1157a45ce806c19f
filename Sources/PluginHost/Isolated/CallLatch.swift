internal import Dispatch
internal import NIOConcurrencyHelpers

/// Holds the model's own thread for as long as the plugin is at work on its calls, as a call into a plugin in this process
/// would: so the model's scheduler counts the calls under way, wherever they run.
final class CallLatch: Sendable {
    private let calls: NIOLockedValueBox<[ObjectIdentifier]>
    private let isOver = DispatchSemaphore(value: 0)

    init(_ calls: [InferenceCall]) {
        self.calls = NIOLockedValueBox(calls.map(ObjectIdentifier.init))
    }

    /// The plugin's function has returned, or will never; what comes after the first time is nothing new.
    func leave(_ call: InferenceCall) {
        let isLast = calls.withLockedValue { calls -> Bool in
            guard let index = calls.firstIndex(of: ObjectIdentifier(call)) else { return false }
            calls.remove(at: index)
            return calls.isEmpty
        }
        if isLast { isOver.signal() }
    }

    func wait() {
        isOver.wait()
    }
}

/// Calls on their way into a runner together.
struct IsolatedBatch: Sendable {
    var first: InferenceCall
    /// Mostly a call is alone: then it takes no list to hold it.
    var others: [InferenceCall] = []
    /// Whether a runner has died with them already.
    var isRetry = false
    /// Who waits for the plugin to return; nobody where the model is quick.
    var latch: CallLatch?

    var count: Int { 1 + others.count }
    var calls: [InferenceCall] { [first] + others }

    /// A call is over.
    func letGo(_ call: InferenceCall) {
        call.letGo()
        latch?.leave(call)
    }
}
