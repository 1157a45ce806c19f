internal import CSluicePlugin
internal import PluginHost
internal import Tensors

extension Rule {
    /// What comes in: anything that the declaration allows, which a plugin must bear, and what it doesn't allow, which
    /// the gateway lets nobody send.
    static let inputRules: [Rule] = [
        Rule(
            "input.values", .contract, "zero, the lowest, the highest and odd values of every declared data type",
            needs: ["answer.outputs"]
        ) { exam in
            let (_, description) = try exam.model()
            let shapes = try exam.inputs().map(\.shape)
            for values in [InputMaker.Values.zero, .lowest, .highest, .odd] {
                var maker = InputMaker(seed: 2)
                let inputs = zip(description.signature.inputs, shapes).map {
                    maker.tensor($0, shape: $1, values: values)
                }
                let answer = try exam.askWell { $0.inputs = inputs }
                if let found = exam.breach(of: answer) { return .failed("values \(values): \(found)") }
            }
            let types = Set(description.signature.inputs.map(\.dataType.name)).sorted()
            return .passed(types.joined(separator: ", "))
        },
        Rule(
            "input.empty", .contract, "tensors of no elements are answered, or refused with a message",
            needs: ["answer.outputs"]
        ) { exam in
            let (_, description) = try exam.model()
            guard description.signature.hasFreeDimensions else { return .skipped("every dimension is fixed") }
            var maker = InputMaker(seed: 3)
            // Free dimensions of 0; in a batch also no rows of the usual ones.
            var tried = [maker.inputs(for: description.signature, rows: 1, size: 0)]
            if description.signature.batching != .none { tried.append(try exam.inputs().map { $0.takingRows(0) }) }
            for inputs in tried {
                let answer = try exam.askWell { $0.inputs = inputs }
                if let found = exam.breach(of: answer) {
                    return .failed("\(inputs.map(\.text).joined(separator: ", ")): \(found)")
                }
            }
            return .passed()
        },
        Rule(
            "input.huge", .contract, "tensors of some 8 MiB are answered, or refused with a message",
            needs: ["answer.outputs"], budget: 8
        ) { exam in
            let (model, description) = try exam.model()
            guard description.signature.hasFreeDimensions else { return .skipped("every dimension is fixed") }
            guard let inputs = try exam.hugeInputs(description) else { return .skipped("no dimension can grow so far") }
            let form = exam.form(inputs, description)
            let answer = try exam.ask(model, form, patience: exam.subject.patience * 6)
            if let found = exam.breach(of: answer) {
                return .failed("\(inputs.map(\.text).joined(separator: ", ")): \(found)")
            }
            return .passed(inputs.map(\.text).joined(separator: ", "))
        },
        Rule(
            "input.bytes", .contract, "BYTES elements may be empty, long, hold NUL and not be UTF-8",
            needs: ["answer.outputs"]
        ) { exam in
            let inputs = try exam.inputs()
            guard let index = inputs.firstIndex(where: { $0.dataType == .bytes }) else {
                return .skipped("no input is BYTES")
            }
            let count = (inputs[index].offsets?.count ?? 1) - 1
            let odd: [[UInt8]] = [
                [], [0], Array("a\0b".utf8), [0xFF, 0xFE], Array("{\"a\":".utf8),
                [UInt8](repeating: 0x41, count: 1 << 20),
            ]
            for element in odd {
                let elements = (0..<count).map { $0 == 0 ? element : Array(element.prefix(64)) }
                let tensor = InputTensor(name: inputs[index].name, shape: inputs[index].shape, elements: elements)
                let answer = try exam.askWell {
                    $0.inputs[index] = tensor
                    $0.memory = .guarded
                }
                if let found = exam.breach(of: answer) {
                    return .failed("an element of \(element.count) bytes: \(found)")
                }
            }
            return .passed()
        },
        Rule(
            "input.read-only", .contract, "inputs are not written to", needs: ["answer.outputs"]
        ) { exam in
            let answer = try exam.askWell { $0.memory = .readOnly }
            return answer.isSuccess ? .passed() : .failed(answer.text)
        },
        Rule(
            "input.bounds", .contract, "inputs are not read beyond their end", needs: ["answer.outputs"]
        ) { exam in
            // The fence stands at the next multiple of 64 bytes; several sizes come near it.
            let (_, description) = try exam.model()
            for rows in description.rowCounts {
                let inputs = try exam.inputs(rows: rows)
                let answer = try exam.askWell {
                    $0.inputs = inputs
                    $0.memory = .guarded
                }
                if !answer.isAnswered { return .failed(answer.text) }
            }
            return .passed()
        },
        Rule(
            "input.missing", .contract, "a request that lacks an input is refused with a message",
            needs: ["answer.once"], isAdvice: true
        ) { exam in
            let inputs = try exam.inputs()
            guard !inputs.isEmpty else { return .skipped("the model has no inputs") }
            for index in inputs.indices {
                var fewer = inputs
                fewer.remove(at: index)
                let answer = try exam.askWell { $0.inputs = fewer }
                guard answer.failure != nil, answer.isAnswered else {
                    return .failed("without \"\(inputs[index].name)\": \(answer.text)")
                }
            }
            return .passed()
        },
        Rule(
            "input.unknown", .contract, "an input that was never declared, or comes twice, is refused or ignored",
            needs: ["answer.once"], isAdvice: true
        ) { exam in
            let inputs = try exam.inputs()
            let stranger = InputTensor(
                name: "NO_SUCH_INPUT", type: DataType.uint8.dlpack, shape: [1], bytes: [1])
            for more in [[stranger], inputs] {
                let answer = try exam.askWell {
                    $0.inputs = inputs + more
                }
                guard answer.isAnswered else { return .failed("with \(more.map(\.text)): \(answer.text)") }
            }
            return .passed()
        },
        Rule(
            "input.wrong-type", .contract, "an input of another data type is refused with a message",
            needs: ["answer.once"], isAdvice: true, budget: 6
        ) { exam in
            // Enough rows that a narrower type ends well before a wider one would.
            let (_, description) = try exam.model()
            let most = description.maximumBatchRows > 0 ? description.maximumBatchRows : 33
            let inputs = try exam.inputs(rows: min(33, most))
            var accepted: [String] = []
            for index in inputs.indices {
                for type in DataType.allCases where type != inputs[index].dataType {
                    var maker = InputMaker(seed: 4)
                    let spec = TensorSpec(name: inputs[index].name, dataType: type, shape: nil)
                    var wrong = inputs
                    wrong[index] = maker.tensor(spec, shape: inputs[index].shape, values: .modest)
                    let answer = try exam.askWell {
                        $0.inputs = wrong
                        $0.memory = .guarded
                        $0.expected = nil
                    }
                    guard answer.isAnswered else { return .failed("\(wrong[index].text): \(answer.text)") }
                    if answer.failure == nil { accepted.append(wrong[index].text) }
                }
            }
            return accepted.isEmpty
                ? .passed() : .failed("answered \(accepted.prefix(4).joined(separator: ", ")) as if it were right")
        },
        Rule(
            "input.wrong-shape", .contract, "an input of another rank or fixed dimension is refused with a message",
            needs: ["answer.once"], isAdvice: true, budget: 6
        ) { exam in
            let (_, description) = try exam.model()
            let inputs = try exam.inputs()
            var accepted: [String] = []
            var tried = 0
            for index in inputs.indices {
                guard let spec = description.signature.input(named: inputs[index].name), let declared = spec.shape
                else {
                    continue
                }
                for shape in WrongShapes.all(of: inputs[index].shape, declared: declared) {
                    tried += 1
                    var maker = InputMaker(seed: 5)
                    var wrong = inputs
                    wrong[index] = maker.tensor(spec, shape: shape, values: .modest)
                    let answer = try exam.askWell {
                        $0.inputs = wrong
                        $0.memory = .guarded
                        $0.expected = nil
                    }
                    guard answer.isAnswered else { return .failed("\(wrong[index].text): \(answer.text)") }
                    if answer.failure == nil { accepted.append(wrong[index].text) }
                }
            }
            if tried == 0 { return .skipped("every input takes any rank") }
            return accepted.isEmpty
                ? .passed() : .failed("answered \(accepted.prefix(4).joined(separator: ", ")) as if it were right")
        },
    ]
}

/// Shapes that a declaration doesn't admit.
private enum WrongShapes {
    static func all(of shape: [Int], declared: [Int]) -> [[Int]] {
        var shapes = [shape + [1], shape + [3]]
        if !shape.isEmpty {
            shapes.append(Array(shape.dropLast()))
            shapes.append([])
        }
        for (axis, dimension) in declared.enumerated() where dimension >= 0 {
            for wrong in [0, dimension - 1, dimension + 1] where wrong >= 0 && wrong != dimension {
                var changed = shape
                changed[axis] = wrong
                shapes.append(changed)
            }
        }
        var seen: Set<[Int]> = [shape]
        return shapes.filter { seen.insert($0).inserted }
    }
}

extension ModelSignature {
    /// Whether any input can be larger or smaller.
    var hasFreeDimensions: Bool {
        inputs.contains { $0.shape == nil || $0.shape?.contains(-1) == true }
    }
}

extension ModelDescription {
    /// Batch sizes to try, within what the model takes at once.
    var rowCounts: [Int] {
        guard signature.batching != .none else { return [1] }
        return [1, 2, 3, 5, 8].filter { maximumBatchRows == 0 || $0 <= maximumBatchRows }
    }
}

extension Examination {
    /// What an answer to allowed inputs breaks: it may be a refusal, but must come and be what was declared.
    func breach(of answer: Answer) -> String? {
        guard answer.isAnswered else { return answer.text }
        return answer.faults("answer.once").first ?? answer.faults("answer.outputs").first
    }

    /// The accepted inputs grown to some 8 MiB; `nil` where the model doesn't take so much.
    fileprivate func hugeInputs(_ description: ModelDescription) throws -> [InputTensor]? {
        let target = 8 << 20
        let inputs = try inputs()
        let bytes = max(1, inputs.reduce(0) { $0 + $1.bytes.count })
        if description.signature.batching != .none {
            var rows = target / bytes
            if description.maximumBatchRows > 0 { rows = min(rows, description.maximumBatchRows) }
            return rows > 1 ? inputs.map { $0.takingRows(rows) } : nil
        }
        guard !hasGivenInputs,
            let largest = description.signature.inputs.first(where: { spec in
                spec.shape == nil || spec.shape?.contains(-1) == true
            })
        else { return nil }
        // One free dimension of the first such input takes all of the growth.
        var maker = InputMaker(seed: 6)
        return description.signature.inputs.enumerated().map { index, spec in
            guard spec.name == largest.name else { return inputs[index] }
            var shape = inputs[index].shape
            let axis = spec.shape?.firstIndex(of: -1) ?? 0
            if shape.indices.contains(axis) {
                shape[axis] = max(1, target / max(1, inputs[index].bytes.count) * max(shape[axis], 1))
            }
            return maker.tensor(spec, shape: shape, values: .modest)
        }
    }
}
