internal import Foundation
internal import PluginHost

/// The way of a call to its model: its place in the order, the answers that are kept, the queue.
final class CallWay: Sendable {
    private let instance: any ModelInstance
    /// The model, where it is made of others: it has no queue, as its steps have theirs.
    let pipeline: PipelineModel?
    /// `nil` for quick models: they run on the event loop that has the request.
    let queue: ModelQueue?
    /// `nil` where answers aren't kept.
    let cache: CachedModel?
    /// `nil` where answers go out as they come.
    private let order: OrderedAnswers?

    /// - Parameter instance: the copy of the model that quick calls go to.
    init(instance: any ModelInstance, queue: ModelQueue?, cache: CachedModel?, order: OrderedAnswers?) {
        self.instance = instance
        self.pipeline = instance as? PipelineModel
        self.queue = queue
        self.cache = cache
        self.order = order
    }

    /// The way of a call that wants something other than an answer: past all that is about answers, and never on the
    /// caller's thread.
    func perform(_ call: InferenceCall) {
        guard let queue else {
            let instance = instance
            Thread { instance.perform(call) }.start()
            return
        }
        queue.submit(call, consumer: 0)
    }

    func start(_ call: InferenceCall, consumer: Int) {
        var call = call
        if let order {
            guard let inner = order.line(up: call) else { return }
            call = inner
        }
        if let cache {
            cache.submit(call, consumer: consumer)
        } else if let pipeline {
            // How long its steps' plugins take they say themselves.
            pipeline.start(call, consumer: consumer)
        } else if let queue {
            queue.submit(call, consumer: consumer)
        } else {
            call.begin()
            instance.infer(call)
        }
    }

    /// Whoever sent the calls of a sequence has gone.
    func endSequence(_ id: String) {
        queue?.endSequence(id)
        pipeline?.endSequence(id)
    }
}
