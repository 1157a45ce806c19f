internal import CSluicePlugin
internal import PluginHost
internal import Tensors

extension Rule {
    /// Many at once, and what the model's flags promise.
    static let concurrencyRules: [Rule] = [
        Rule(
            "concurrent.calls", .contract, "as many calls at once as max_concurrency says, each answered as if alone",
            needs: ["answer.outputs"], budget: 6
        ) { exam in
            let (model, description) = try exam.model()
            guard let function = model.plugin.field(\.infer) else { return .skipped("a codec: it has no infer()") }
            let threads = min(max(description.maximumConcurrency, description.isQuick ? 4 : 1), 16)
            // Each thread has inputs of its own, so that a mix-up shows.
            var forms: [ExamRequest.Form] = []
            var alone: [[Tensor]] = []
            for thread in 0..<threads {
                var form = exam.form(try exam.inputs(), description)
                if !exam.hasGivenInputs {
                    var maker = InputMaker(seed: UInt64(100 + thread))
                    form.inputs = zip(description.signature.inputs, form.inputs).map {
                        maker.tensor($0, shape: $1.shape, values: .modest)
                    }
                }
                forms.append(form)
                alone.append(try exam.ask(model, form).outputs)
            }
            exam.step("in infer() on \(threads) threads at once")
            let (patience, host) = (exam.subject.patience, model.host)
            let (given, expected) = (forms, alone)
            let isDeterministic = description.isDeterministic
            let breaches = OtherThread.runAll(count: threads) { thread -> ThreadOutcome in
                var outcome = ThreadOutcome()
                for _ in 0..<20 {
                    let request = ExamRequest(given[thread], host: host)
                    let answer = Examination.answer(
                        model: model, request: request, function: function, patience: patience)
                    outcome.breach = outcome.breach ?? Self.breach(of: answer)
                    if outcome.breach == nil, isDeterministic, answer.isSuccess,
                        !Answer.areEqual(answer.outputs, expected[thread])
                    {
                        outcome.breach = "an answer that differs from the one that the same request got alone"
                    }
                    if !answer.isAnswered {
                        outcome.isStuck = true
                        break
                    }
                    request.forget()
                }
                return outcome
            }
            if breaches.contains(where: \.isStuck) { exam.leaveStuck() }
            if let found = breaches.compactMap(\.breach).first { return .failed("\(threads) threads: \(found)") }
            return .passed("\(threads) threads")
        },
        Rule(
            "quick.immediate", .contract, "a QUICK model answers before infer() returns", needs: ["answer.outputs"]
        ) { exam in
            let (_, description) = try exam.model()
            guard description.isQuick else { return .skipped("the model does not declare QUICK") }
            for _ in 0..<20 where !(try exam.askWell().wasImmediate) {
                return .failed("infer() returned before FINAL had come")
            }
            return .passed()
        },
        Rule(
            "quick.fast", .contract, "a QUICK model answers a small request in less than a millisecond",
            needs: ["quick.immediate"]
        ) { exam in
            let (model, description) = try exam.model()
            guard description.isQuick else { return .skipped("the model does not declare QUICK") }
            guard let function = model.plugin.field(\.infer) else { return .skipped("a codec: it has no infer()") }
            let form = exam.form(try exam.inputs(), description)
            exam.step("in infer(), timed")
            // The best of many: what a busy machine adds is not the plugin's.
            var best = UInt64.max
            for _ in 0..<50 {
                let request = ExamRequest(form, host: model.host)
                let answer = Examination.answer(
                    model: model, request: request, function: function, patience: exam.subject.patience)
                best = min(best, answer.nanoseconds)
                request.forget()
            }
            let text = "\(best / 1000) µs at best, of which some are the kit's"
            return best < 1_000_000 ? .passed(text) : .failed(text)
        },
        Rule(
            "deterministic.equal", .contract, "a DETERMINISTIC model answers the same request with the same bytes",
            needs: ["answer.outputs"]
        ) { exam in
            let (_, description) = try exam.model()
            guard description.isDeterministic else { return .skipped("the model does not declare DETERMINISTIC") }
            let first = try exam.askWell()
            guard first.isSuccess else { return .failed(first.text) }
            for number in 2...20 {
                let again = try exam.askWell()
                guard again.isSuccess else { return .failed("time \(number): \(again.text)") }
                if !Answer.areEqual(first.outputs, again.outputs) {
                    return .failed("time \(number) differs from the first")
                }
            }
            return try exam.withModel { model, description in
                let fresh = try exam.ask(model, exam.form(try exam.inputs(), description))
                return Answer.areEqual(first.outputs, fresh.outputs)
                    ? .passed() : .failed("the same model loaded again answers differently")
            }
        },
        Rule(
            "sequence.interleaved", .contract, "requests of two sequences, mixed, are each answered",
            needs: ["answer.outputs"]
        ) { exam in
            let (_, description) = try exam.model()
            guard description.keepsSequences else { return .skipped("the model does not declare SEQUENCES") }
            for step in 0..<3 {
                for id in ["a", "b"] {
                    let answer = try exam.askWell {
                        $0.sequence = Envelope.Sequence(id: id, isStart: step == 0, isEnd: step == 2)
                    }
                    guard answer.isSuccess else { return .failed("step \(step) of sequence \(id): \(answer.text)") }
                }
            }
            // A sequence that was never begun must be refused or begun, but not crash.
            let unknown = try exam.askWell {
                $0.sequence = Envelope.Sequence(id: "never begun", isStart: false, isEnd: true)
            }
            return unknown.isAnswered ? .passed() : .failed("a sequence that was never begun: \(unknown.text)")
        },
    ]

    /// What one thread saw.
    private struct ThreadOutcome: Sendable {
        var breach: String?
        var isStuck = false
    }

    private static func breach(of answer: Answer) -> String? {
        guard answer.isSuccess else { return answer.text }
        return answer.faults("answer.once").first ?? answer.faults("answer.outputs").first
    }
}
