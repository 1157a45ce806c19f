internal import CSluicePlugin
internal import Tensors

extension Rule {
    /// What a codec does with bodies.
    static let codecRules: [Rule] = [
        Rule(
            "codec.decode", .contract, "a body becomes tensors, and one that is none is refused with a message",
            needs: ["describe.sane"]
        ) { exam in
            guard let decode = try exam.plugin().field(\.decode) else { return .skipped("it has no decode()") }
            let (model, _) = try exam.model()
            let type = exam.subject.body?.mediaType ?? exam.firstContentType
            var random = SeededRandom(seed: 9)
            let bodies: [[UInt8]] = [
                [], [0], (0..<4096).map { _ in UInt8(truncatingIfNeeded: random.next()) }, Array("{\"a\":[".utf8),
            ]
            for body in bodies
                + (exam.subject.body.map { given in
                    [given.bytes, Array(given.bytes.prefix(given.bytes.count / 2)), given.bytes + given.bytes]
                } ?? [])
            {
                let answer = try exam.ask(model, exam.bodyForm(body, type), function: decode, named: "decode()")
                guard answer.isAnswered else { return .failed("\(body.count) bytes: \(answer.text)") }
                if let fault = exam.breach(of: answer) { return .failed("\(body.count) bytes: \(fault)") }
            }
            guard let given = exam.subject.body else {
                return .passed("bodies that are none; give a good one with --input")
            }
            let answer = try exam.ask(model, exam.bodyForm(given.bytes, type), function: decode, named: "decode()")
            guard answer.isSuccess else { return .failed("the given body: \(answer.text)") }
            guard !answer.outputs.isEmpty else { return .failed("the given body became no tensors") }
            return .passed(answer.text)
        },
        Rule(
            "codec.encode", .contract, "tensors become BYTES scalars named \"body\", or are refused with a message",
            needs: ["describe.sane"]
        ) { exam in
            guard let encode = try exam.plugin().field(\.encode) else { return .skipped("it has no encode()") }
            let (model, _) = try exam.model()
            var form = ExamRequest.Form()
            form.parameters = [.init("content-type", .string(exam.firstContentType))]
            var tensors = [
                InputTensor(
                    name: "x", type: DataType.fp32.dlpack, shape: [2, 2], bytes: [UInt8](repeating: 0, count: 16))
            ]
            if let given = exam.subject.body, let decode = model.plugin.field(\.decode) {
                let decoded = try exam.ask(
                    model, exam.bodyForm(given.bytes, given.mediaType), function: decode, named: "decode()")
                if decoded.isSuccess { tensors = decoded.outputs.map(InputTensor.init) }
            }
            for inputs in [tensors, []] {
                form.inputs = inputs
                let answer = try exam.ask(model, form, function: encode, named: "encode()")
                guard answer.isAnswered else { return .failed(answer.text) }
                if let fault = exam.breach(of: answer) { return .failed(fault) }
                for part in answer.request.parts where part.failure == nil {
                    let isBody = part.outputs.allSatisfy {
                        $0.name == "body" && $0.dataType == .bytes && $0.shape.isEmpty
                    }
                    if !isBody || (part.outputs.isEmpty && !part.isFinal) {
                        return .failed("a part is not one BYTES scalar named \"body\": \(answer.text)")
                    }
                }
            }
            return .passed()
        },
    ]
}

extension Examination {
    fileprivate var firstContentType: String {
        guard let list = try? plugin().field(\.content_types), let first = list[0] else { return "" }
        return String(cString: first)
    }

    fileprivate func bodyForm(_ body: [UInt8], _ type: String) -> ExamRequest.Form {
        var form = ExamRequest.Form()
        form.inputs = [InputTensor(name: "body", shape: [], elements: [body])]
        form.parameters = subject.parameters + [.init("content-type", .string(type))]
        form.memory = .guarded
        return form
    }
}
