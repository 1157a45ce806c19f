internal import CSluicePlugin
internal import PluginHost
internal import Tensors

extension Rule {
    /// Random requests, and broken ones; the same seed sends the same.
    static let fuzzRules: [Rule] = [
        Rule(
            "fuzz.requests", .fuzz, "random and broken requests are each answered once, or refused with a message",
            needs: ["answer.once"], budget: 3
        ) { exam in
            guard let fuzz = exam.subject.fuzz else { return .skipped("not asked for: --fuzz") }
            let (model, description) = try exam.model()
            guard let function = model.plugin.field(\.infer) else { return .skipped("a codec: it has no infer()") }
            let base = try exam.inputs()
            let end = MonotonicTime.now.advanced(byNanoseconds: fuzz.nanoseconds)
            var sent = 0
            var refused = 0
            for number in fuzz.first..<max(fuzz.first, fuzz.first + fuzz.cases) {
                if fuzz.nanoseconds > 0, MonotonicTime.now >= end { break }
                var maker = FuzzCase(
                    seed: fuzz.seed, number: number, description: description, base: base, mutates: exam.checksInputs)
                let (form, isCancelled) = maker.make(exam.form(base, description))
                let place =
                    "case \(number) of seed \(fuzz.seed) (--fuzz-seed \(fuzz.seed) --fuzz-first \(number)), "
                    + form.inputs.map(\.text).joined(separator: ", ")
                exam.step(place)
                let request = ExamRequest(form, host: model.host)
                if isCancelled { request.cancel() }
                let answer = Examination.answer(
                    model: model, request: request, function: function, patience: exam.subject.patience)
                sent += 1
                if answer.failure != nil { refused += 1 }
                exam.note(answer)
                guard answer.isAnswered else { return .failed("\(place): \(answer.text)") }
                if let fault = answer.failureFault ?? request.faults.first?.text {
                    return .failed("\(place): \(fault)")
                }
                request.forget()
            }
            let kind =
                exam.checksInputs ? "" : ", none with undeclared inputs, which it leaves to the gateway to refuse"
            return .passed("\(sent) requests of seed \(fuzz.seed), \(refused) of them refused\(kind)")
        }
    ]
}

/// One random request: the same seed and number make the same one.
private struct FuzzCase {
    private var random: SeededRandom
    private var maker: InputMaker
    private let description: ModelDescription
    private let base: [InputTensor]
    /// Whether inputs that were never declared are sent too.
    private let mutates: Bool

    init(seed: UInt64, number: Int, description: ModelDescription, base: [InputTensor], mutates: Bool) {
        let mixed = seed &* 0x9E37_79B9 &+ UInt64(number) &* 0x1000_0001
        random = SeededRandom(seed: mixed)
        maker = InputMaker(seed: mixed ^ 0xFFFF)
        self.description = description
        self.base = base
        self.mutates = mutates
    }

    /// The request, and whether it is cancelled before it is sent.
    mutating func make(_ usual: ExamRequest.Form) -> (ExamRequest.Form, isCancelled: Bool) {
        var form = usual
        form.memory = .guarded
        form.inputs = allowedInputs()
        if random.isOneIn(4), mutates {
            mutate(&form.inputs)
            // What was never declared is not measured by the declaration.
            form.expected = nil
        }
        if random.isOneIn(8) { form.leavesAfter = random.below(3) }
        if random.isOneIn(6), let output = description.signature.outputs.randomElement(using: &random) {
            form.wanted = [output.name] + (random.isOneIn(3) ? ["NO_SUCH_OUTPUT"] : [])
            if form.wanted.count > 1 { form.expected = nil }
        }
        if random.isOneIn(6) {
            form.deadline = MonotonicTime.now.nanoseconds &+ UInt64(random.below(3)) * 500_000
        }
        if random.isOneIn(6) {
            form.parameters.append(
                .init("p\(random.below(9))", .string(String(repeating: "x", count: random.below(300)))))
        }
        if description.keepsSequences || random.isOneIn(16) {
            form.sequence = Envelope.Sequence(
                id: "s\(random.below(4))", isStart: random.isOneIn(3), isEnd: random.isOneIn(3))
        }
        form.priority = UInt32(random.below(4))
        return (form, random.isOneIn(12))
    }

    private mutating func allowedInputs() -> [InputTensor] {
        let signature = description.signature
        let most = description.maximumBatchRows > 0 ? description.maximumBatchRows : 40
        let rows = random.below(min(most, 40) + 1)
        let values = InputMaker.Values.allCases.randomElement(using: &random) ?? .random
        switch random.below(3) {
        case 0: return maker.inputs(for: signature, rows: rows, size: random.below(20), values: values)
        case 1:
            // Free dimensions that differ from input to input.
            return signature.inputs.map { spec in
                let shape = (spec.shape ?? (0..<random.below(5)).map { _ in -1 }).map { $0 < 0 ? random.below(9) : $0 }
                return maker.tensor(spec, shape: shape, values: values)
            }
        default:
            return zip(signature.inputs, base).map { spec, input in
                maker.tensor(
                    spec,
                    shape: signature.batching == .none || input.shape.isEmpty
                        ? input.shape : [rows] + input.shape.dropFirst(), values: values)
            }
        }
    }

    private mutating func mutate(_ inputs: inout [InputTensor]) {
        guard !inputs.isEmpty else { return }
        let index = random.below(inputs.count)
        switch random.below(5) {
        case 0: inputs.remove(at: index)
        case 1: inputs.append(inputs[index])
        case 2: inputs[index].name = ["", "NO_SUCH_INPUT", String(repeating: "n", count: 5000)][random.below(3)]
        case 3:
            let type = DataType.allCases.randomElement(using: &random) ?? .uint8
            let spec = TensorSpec(name: inputs[index].name, dataType: type, shape: nil)
            inputs[index] = maker.tensor(spec, shape: inputs[index].shape, values: .random)
        default:
            guard let type = inputs[index].dataType else { return }
            let shape = (0..<random.below(7)).map { _ in random.below(5) }
            let spec = TensorSpec(name: inputs[index].name, dataType: type, shape: nil)
            inputs[index] = maker.tensor(spec, shape: shape, values: .random)
        }
    }
}
