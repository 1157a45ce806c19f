internal import CSluicePlugin
internal import Configuration
internal import Foundation
internal import PluginHost
internal import Tensors

/// One process's look at a plugin: what is opened and loaded stays so from rule to rule.
///
/// Used by one thread; rules that call a plugin from several use models and requests, not this.
final class Examination {
    let subject: Subject
    let progress: Progress
    let host = ExamHost()
    /// Rules that were broken so far, in other processes too.
    var failed: Set<String> = []
    /// Whether the plugin refuses undeclared inputs itself, and so can be sent them.
    var checksInputs: Bool {
        failed.isDisjoint(with: ["input.missing", "input.unknown", "input.wrong-type", "input.wrong-shape"])
    }
    private var handle: UnsafeMutableRawPointer?
    private var opened: RawPlugin?
    private var kept: RawModel?
    private var shared: (model: RawModel, description: ModelDescription)?
    private var accepted: [InputTensor]?
    /// What the table was when it was handed out.
    private(set) var tableAtFirst: [UInt8] = []
    /// The process before and after a model's life, once that was looked at.
    var states: (ProcessState, ProcessState)?
    /// What the gateway's code got of a deterministic model, in the mode that was looked at first.
    var served: [Tensor]?
    /// What a hundred lives added, once they were lived.
    var lifeGrowth: LifeGrowth?
    /// Every request so far; what a plugin does to one long after its end is still seen.
    private var requests: [ExamRequest] = []
    /// What was wrong with errors that functions returned.
    private var errorFaults: [String] = []
    /// Whether a request was left unanswered, so that nothing may be unloaded any more.
    private(set) var isStuck = false

    init(subject: Subject, progress: Progress) {
        self.subject = subject
        self.progress = progress
    }

    func step(_ text: String) { progress.step(text) }

    // MARK: The plugin

    func library() throws -> UnsafeMutableRawPointer {
        if let handle { return handle }
        step("in dlopen()")
        let opened = try RawPlugin.open(subject.path)
        handle = opened
        return opened
    }

    func plugin() throws -> RawPlugin {
        if let opened { return opened }
        let entry = try RawPlugin.entry(in: try library())
        step("in sluice_plugin_v1()")
        let plugin = try RawPlugin.enter(entry, host: host)
        opened = plugin
        tableAtFirst = plugin.bytes
        return plugin
    }

    var arguments: ModelArguments {
        ModelArguments(folder: subject.folder, configuration: subject.configuration ?? .mapping([]))
    }

    func arguments(_ configuration: ConfigurationValue) -> ModelArguments {
        ModelArguments(folder: subject.folder, configuration: configuration)
    }

    // MARK: Models

    /// Loads a model of its own; whoever asks unloads it.
    func load(host: ExamHost? = nil, isGrown: Bool = false) throws -> RawModel {
        step("in load()")
        switch try RawModel.load(try plugin(), arguments, host: host ?? self.host, isGrown: isGrown) {
        case .loaded(let model): return model
        case .refused(let failure, _):
            throw Settled.failed("load() refused the configuration: \(failure.text)")
        }
    }

    /// Loads a model, and frees it again when all of its requests are answered.
    func withModel<Result>(
        host: ExamHost? = nil, isGrown: Bool = false, _ body: (RawModel, ModelDescription) throws -> Result
    ) throws -> Result {
        let model = try load(host: host, isGrown: isGrown)
        defer { unload(model) }
        step("in describe()")
        return try body(model, try model.describe())
    }

    func unload(_ model: RawModel) {
        guard !isStuck else { return }
        model.host.releaseHeld()
        step("in unload()")
        model.unload()
    }

    /// The model that most rules ask.
    func model() throws -> (model: RawModel, description: ModelDescription) {
        if let shared { return shared }
        let model = try kept ?? load()
        kept = nil
        step("in describe()")
        let description = try model.describe()
        step("in warmup()")
        if let failure = model.warmUp() { throw Settled.failed("warmup() failed: \(failure.0.text)") }
        let loaded = (model, description)
        shared = loaded
        return loaded
    }

    /// Makes a model that was just loaded the one that most rules ask.
    func keep(_ model: RawModel) { kept = model }

    /// Frees the model that most rules asked.
    func unloadShared() {
        if let shared { unload(shared.model) }
        if let kept { unload(kept) }
        kept = nil
        shared = nil
    }

    // MARK: Requests

    /// Inputs that the model accepts, with so many rows where it takes batches.
    func inputs(rows: Int = 1) throws -> [InputTensor] {
        let (model, description) = try model()
        let inputs: [InputTensor]
        if let accepted {
            inputs = accepted
        } else {
            inputs = try findInputs(model, description)
            accepted = inputs
        }
        guard description.signature.batching != .none else { return inputs }
        return inputs.map { $0.takingRows(rows) }
    }

    /// Whether the inputs were given and not made up.
    var hasGivenInputs: Bool { subject.inputs != nil }

    /// What free dimensions are tried with.
    static let sizes = [2, 1, 4, 16, 64, 512, 2048]

    private func findInputs(_ model: RawModel, _ description: ModelDescription) throws -> [InputTensor] {
        if let read = subject.inputs {
            do {
                return try read(description.signature).map(InputTensor.init)
            } catch {
                throw Settled.failed("the given input can't be read: \(error)")
            }
        }
        var refusals: [String] = []
        for size in Self.sizes {
            var maker = InputMaker(seed: 1)
            let inputs = maker.inputs(for: description.signature, size: size)
            step("in infer() with \(inputs.map(\.text).joined(separator: ", "))")
            let answer = try ask(model, form(inputs, description))
            if !answer.isAnswered || answer.failure == nil || answer.request.finals > 0 && answer.wasRefused {
                return inputs
            }
            refusals.append(answer.failure?.text ?? "")
        }
        throw Settled.skipped("it refuses every made-up input (\(refusals[0])): give one with --input")
    }

    /// A request as the gateway would send it.
    func form(_ inputs: [InputTensor], _ description: ModelDescription) -> ExamRequest.Form {
        var form = ExamRequest.Form()
        form.inputs = inputs
        form.parameters = subject.parameters
        form.expected = Expectation(signature: description.signature, streams: description.streams)
        return form
    }

    /// Asks the shared model something that it accepts.
    func askWell(_ change: (inout ExamRequest.Form) -> Void = { _ in }) throws -> Answer {
        let (model, description) = try model()
        var form = form(try inputs(), description)
        change(&form)
        return try ask(model, form)
    }

    /// Sends one request to `infer` and waits for its end.
    func ask(
        _ model: RawModel, _ form: ExamRequest.Form, patience: UInt64? = nil, function: sluice_batch_fn? = nil,
        named name: String = "infer()"
    ) throws -> Answer {
        guard let function = function ?? model.plugin.field(\.infer) else {
            throw Settled.skipped("a codec: it has no infer()")
        }
        let request = record(ExamRequest(form, host: model.host))
        step(
            "in \(name) with " + (form.inputs.isEmpty ? "no inputs" : form.inputs.map(\.text).joined(separator: ", ")))
        let answer = Self.answer(
            model: model, request: request, function: function, patience: patience ?? subject.patience)
        note(answer)
        return answer
    }

    /// Keeps what an answer leaves for later rules.
    func note(_ answer: Answer) {
        if !answer.isAnswered { isStuck = true }
        if let fault = answer.failureFault, errorFaults.count < 20 { errorFaults.append(fault) }
    }

    func record(_ request: ExamRequest) -> ExamRequest {
        requests.append(request)
        return request
    }

    /// What the host filed under a rule for any request so far.
    func requestFaults(_ rule: String) -> [String] {
        requests.flatMap(\.faults).filter { $0.rule == rule }.map(\.text)
    }

    /// What was wrong with any error so far.
    var allErrorFaults: [String] { errorFaults + requestFaults("answer.errors") }

    /// The call itself; from any thread.
    static func answer(
        model: RawModel, request: ExamRequest, function: sluice_batch_fn, patience: UInt64
    ) -> Answer {
        let start = MonotonicTime.now
        let failed = model.call(function, [request])
        var answer = Answer(
            request: request, failure: failed?.failure, failureFault: failed?.fault, wasRefused: failed != nil,
            wasImmediate: request.finals > 0, nanoseconds: 0)
        if failed == nil, request.waitForFinal(nanoseconds: patience) {
            answer.failure = request.parts.last { $0.isFinal }?.failure
        }
        answer.nanoseconds = MonotonicTime.now.nanoseconds(since: start)
        if failed != nil, request.finals > 0 {
            request.fault("answer.all-or-none", "infer() returned an error for a request that it had answered")
        }
        return answer
    }

    /// Marks that a request may still be answered, so that nothing is unloaded.
    func leaveStuck() { isStuck = true }
}
