internal import Dispatch
internal import Foundation
internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Tensors

extension Rule {
    /// The same plugin behind the gateway's own host code.
    static let modeRules: [Rule] = [
        Rule(
            "modes.in-process", .modes, "the gateway serves it inside its own process", needs: ["answer.outputs"],
            budget: 4
        ) { exam in
            guard exam.subject.isolation != .process else { return .skipped("not asked for: --isolation") }
            return try exam.serve { services in
                let library = try PluginLibrary.open(path: exam.subject.path, services: services)
                return try InProcessModel(library, arguments: exam.arguments.hosted, services: services)
            }
        },
        Rule(
            "modes.process", .modes, "the gateway serves it in a process of its own, with the same answers",
            needs: ["answer.outputs"], budget: 4
        ) { exam in
            guard exam.subject.isolation != .inProcess else { return .skipped("not asked for: --isolation") }
            let settings: IsolatedModel.Settings
            do throws(PluginLoadError) {
                settings = try exam.isolated()
            } catch {
                return .failed(error.message)
            }
            return try exam.serve { services in try IsolatedModel(settings, services: services) }
        },
    ]
}

extension Examination {
    /// How the plugin is run in a process of its own: as a gateway.yaml that says nothing more would have it.
    fileprivate func isolated() throws(PluginLoadError) -> IsolatedModel.Settings {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let runners = RunnerFinder(environment: ProcessInfo.processInfo.environment, executable: program)
        return IsolatedModel.Settings(
            program: try runners.program(), pluginPath: subject.path, arguments: arguments.hosted,
            environment: runners.environment(granting: []), inputs: try IsolatedInputs(model: "checked"))
    }

    /// Serves requests as the gateway does, and compares the answers with each other and with those of another mode.
    fileprivate func serve(_ load: (PluginServices) throws -> any ModelInstance) throws -> Rule.Verdict {
        let violations = NIOLockedValueBox<[String]>([])
        let services = PluginServices(
            logLevel: .debug, log: { _, _, _ in }, metric: { _, _, _, _ in 1 }, observe: { _, _ in },
            violation: { _, _, reason in violations.withLockedValue { $0.append(reason) } })
        step("in the gateway's loading")
        let model: any ModelInstance
        do {
            model = try load(services)
            try model.warmUp()
        } catch let error as PluginLoadError {
            return .failed(error.message)
        }
        step("in infer(), called by the gateway")
        let inputs = try servedInputs(of: model)
        var outputs: [[Tensor]] = []
        for number in 0..<20 {
            let envelope = Envelope(id: "check-\(number)", parameters: subject.parameters, inputs: inputs)
            let (final, parts) = answer(of: model, to: envelope)
            guard let final else { return .failed("no final part within \(patienceText)") }
            if let error = final.error { return .failed(error.message) }
            outputs.append(parts.flatMap(\.outputs))
        }
        if let violation = violations.withLockedValue({ $0.first }) { return .failed(violation) }
        if model.description.isDeterministic, let odd = outputs.first(where: { !Answer.areEqual($0, outputs[0]) }) {
            return .failed(
                "equal requests got different answers, e.g. \(odd.map { "\($0.name) \(Shape.text($0.shape))" })")
        }
        if model.description.isDeterministic {
            if let served, !Answer.areEqual(served, outputs[0]) { return .failed("not the answer of the other mode") }
            // Copies: what lies in the plugin's memory must be given back before it is unloaded.
            served = outputs[0].compactMap { InputTensor($0).tensor }
        }
        outputs = []
        step("in unload(), called by the gateway")
        // A runner is let go of a request just after its answer.
        let end = MonotonicTime.now.advanced(byNanoseconds: subject.patience)
        while !model.isIdle, MonotonicTime.now < end { Thread.sleep(forTimeInterval: 0.001) }
        guard model.isIdle else { return .failed("\(model.unfinishedCalls) requests are not finished") }
        model.unload()
        return .passed("20 requests")
    }

    private func answer(
        of model: any ModelInstance, to envelope: Envelope
    ) -> (final: InferencePart?, parts: [InferencePart]) {
        let parts = NIOLockedValueBox<[InferencePart]>([])
        let done = DispatchSemaphore(value: 0)
        model.infer(
            InferenceCall(envelope: envelope) { part in
                parts.withLockedValue { $0.append(part) }
                if part.isFinal { done.signal() }
                return true
            })
        let isInTime = done.wait(timeout: .now() + .nanoseconds(Int(clamping: subject.patience))) == .success
        let all = parts.withLockedValue { $0 }
        return (isInTime ? all.last { $0.isFinal } : nil, all)
    }

    /// Inputs that the model takes: the given ones, or made-up ones, looked for behind the gateway's code.
    ///
    /// The plugin's entry function is called once in a process, and here that is the gateway's to do.
    private func servedInputs(of model: any ModelInstance) throws -> [Tensor] {
        let signature = model.description.signature
        if let read = subject.inputs {
            do {
                return try read(signature)
            } catch {
                throw Settled.failed("the given input can't be read: \(error)")
            }
        }
        var reason = ""
        for size in Self.sizes {
            var maker = InputMaker(seed: 1)
            let inputs = maker.inputs(for: signature, size: size).compactMap(\.tensor)
            let envelope = Envelope(id: "check-\(size)", parameters: subject.parameters, inputs: inputs)
            guard let final = answer(of: model, to: envelope).final else {
                throw Settled.failed("no final part within \(patienceText)")
            }
            guard let error = final.error else { return inputs }
            if error.code == .modelBrokeContract { throw Settled.failed(error.message) }
            reason = error.message
        }
        throw Settled.failed("it refuses every made-up input: \(reason)")
    }
}
