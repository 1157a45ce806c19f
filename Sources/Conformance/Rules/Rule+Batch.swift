internal import CSluicePlugin
internal import PluginHost
internal import Tensors

extension Rule {
    /// Joined requests, and lists of them.
    static let batchRules: [Rule] = [
        Rule(
            "batch.rows", .contract, "every output has as many rows as the inputs", needs: ["answer.outputs"]
        ) { exam in
            let (_, description) = try exam.model()
            guard description.signature.batching != .none else { return .skipped("the model takes no batches") }
            for rows in description.rowCounts {
                let inputs = try exam.inputs(rows: rows)
                let answer = try exam.askWell { $0.inputs = inputs }
                guard answer.isSuccess else { return .failed("\(rows) rows: \(answer.text)") }
                if let output = answer.outputs.first(where: { $0.shape.first != rows }) {
                    return .failed("\(rows) rows in, and \"\(output.name)\" is \(Shape.text(output.shape))")
                }
            }
            return .passed("\(description.rowCounts.map(String.init).joined(separator: ", ")) rows")
        },
        Rule(
            "batch.concat", .contract, "a row's answer is the same alone and joined with others",
            needs: ["batch.rows"]
        ) { exam in
            let (_, description) = try exam.model()
            guard description.signature.batching == .concat else { return .skipped("batching is not CONCAT") }
            guard description.isDeterministic else { return .skipped("the model does not declare DETERMINISTIC") }
            let rows = description.maximumBatchRows > 0 ? min(3, description.maximumBatchRows) : 3
            let joined = try exam.distinctRows(rows, description)
            let together = try exam.askWell { $0.inputs = joined }
            guard together.isSuccess else { return .skipped("it refuses rows that differ: \(together.text)") }
            for row in 0..<rows {
                let alone = try exam.askWell { $0.inputs = joined.map { $0.takingRows(1, from: row) } }
                guard alone.isSuccess else { return .failed("row \(row) alone: \(alone.text)") }
                for output in alone.outputs {
                    guard let all = together.outputs.first(where: { $0.name == output.name }) else { continue }
                    let part = InputTensor(all).takingRows(1, from: row)
                    if !InputTensor(output).isClose(to: part) {
                        return .failed("\"\(output.name)\" of row \(row) differs between \(rows) rows and alone")
                    }
                }
            }
            return .passed("\(rows) rows")
        },
        Rule(
            "batch.list", .contract, "each request of a list gets its own answer", needs: ["answer.outputs"]
        ) { exam in
            let (_, description) = try exam.model()
            guard description.signature.batching == .list else { return .skipped("batching is not LIST") }
            let rows = description.rowCounts.prefix(3)
            let forms = try rows.map { exam.form(try exam.inputs(rows: $0), description) }
            let answers = try exam.askList(forms)
            for (answer, rows) in zip(answers, rows) {
                guard answer.isSuccess else { return .failed("the request of \(rows) rows: \(answer.text)") }
                if let fault = exam.breach(of: answer) { return .failed("the request of \(rows) rows: \(fault)") }
                if let output = answer.outputs.first(where: { $0.shape.first != rows }) {
                    return .failed("the request of \(rows) rows got \"\(output.name)\" \(Shape.text(output.shape))")
                }
            }
            return .passed("\(answers.count) requests")
        },
        Rule(
            "batch.list-fault", .contract, "a request that is wrong spoils nobody else's answer", needs: ["batch.list"]
        ) { exam in
            let (_, description) = try exam.model()
            guard description.signature.batching == .list else { return .skipped("batching is not LIST") }
            guard exam.checksInputs else { return .skipped("it leaves it to the gateway to refuse wrong inputs") }
            let good = exam.form(try exam.inputs(), description)
            var bad = good
            bad.inputs = []
            let answers = try exam.askList([good, bad, good])
            if answers.allSatisfy(\.wasRefused) {
                return answers.contains { $0.request.finals > 0 }
                    ? .failed("infer() returned an error for a list of which it had answered some")
                    : .warned("one wrong request made it refuse the whole list")
            }
            guard answers[0].isSuccess, answers[2].isSuccess else {
                return .failed(
                    "beside a wrong one, a good request: \(answers[0].isSuccess ? answers[2].text : answers[0].text)")
            }
            guard answers[1].isAnswered else { return .failed("the wrong request: \(answers[1].text)") }
            return answers[1].failure != nil ? .passed() : .failed("the wrong request: \(answers[1].text)")
        },
    ]
}

extension Examination {
    /// Rows that differ from each other where the inputs were made up; the given ones' own rows otherwise.
    fileprivate func distinctRows(_ count: Int, _ description: ModelDescription) throws -> [InputTensor] {
        guard !hasGivenInputs else { return try inputs(rows: count) }
        var maker = InputMaker(seed: 7)
        return zip(description.signature.inputs, try inputs(rows: count)).map { spec, input in
            maker.tensor(spec, shape: input.shape, values: .modest)
        }
    }

    /// Sends several requests in one call.
    fileprivate func askList(_ forms: [ExamRequest.Form]) throws -> [Answer] {
        let (model, _) = try model()
        guard let function = model.plugin.field(\.infer) else { throw Settled.skipped("a codec: it has no infer()") }
        let requests = forms.map { record(ExamRequest($0, host: model.host)) }
        step("in infer() with a list of \(requests.count) requests")
        let failed = model.call(function, requests)
        return requests.map { request in
            var answer = Answer(
                request: request, failure: failed?.failure, failureFault: failed?.fault, wasRefused: failed != nil,
                wasImmediate: request.finals > 0, nanoseconds: 0)
            if failed == nil, request.waitForFinal(nanoseconds: subject.patience) {
                answer.failure = request.parts.last { $0.isFinal }?.failure
            }
            note(answer)
            return answer
        }
    }
}

extension InputTensor {
    /// Equal but for rounding: a sum may be made in another order in a larger batch. Half floats are not compared.
    func isClose(to other: InputTensor) -> Bool {
        guard shape == other.shape, offsets == other.offsets, bytes.count == other.bytes.count else { return false }
        switch dataType {
        case .fp32:
            return Self.areClose(values(Float.self).map(Double.init), other.values(Float.self).map(Double.init))
        case .fp64: return Self.areClose(values(Double.self), other.values(Double.self))
        case .fp16, .bf16: return true
        default: return bytes == other.bytes
        }
    }

    private func values<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
        bytes.withUnsafeBytes { bytes in
            (0..<(bytes.count / MemoryLayout<Element>.size)).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: type)
            }
        }
    }

    private static func areClose(_ left: [Double], _ right: [Double]) -> Bool {
        zip(left, right).allSatisfy { a, b in
            a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-3 * max(1, abs(a), abs(b))
        }
    }
}
