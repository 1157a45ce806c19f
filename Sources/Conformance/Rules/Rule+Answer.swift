internal import CSluicePlugin
internal import Foundation
internal import PluginHost
internal import Tensors

extension Rule {
    /// How a request that the model accepts is answered.
    static let answerRules: [Rule] = [
        Rule(
            "answer.once", .contract, "a request gets exactly one response with FINAL, and none after it",
            needs: ["warmup.works"]
        ) { exam in
            guard try exam.plugin().isBackend else { return .skipped("a codec: it has no infer()") }
            let answer = try exam.askWell()
            guard answer.isAnswered else {
                return .failed("no FINAL within \(exam.patienceText) after infer() had returned OK")
            }
            if let second = answer.faults("answer.once").first { return .failed(second) }
            if answer.wasRefused, answer.request.finals == 0 {
                return .failed(
                    "the given input is refused with status \(answer.failure?.code ?? 0): \(answer.failure?.text ?? "")"
                )
            }
            return .passed(answer.text)
        },
        Rule(
            "answer.all-or-none", .contract, "infer() that returns an error has answered nothing",
            needs: ["answer.once"]
        ) { exam in
            let faults = exam.requestFaults("answer.all-or-none")
            return faults.isEmpty ? .passed() : .failed(faults[0])
        },
        Rule(
            "answer.response", .contract,
            "responses have a struct_size and known flags; errors carry FINAL; only STREAMS models send several",
            needs: ["answer.once"]
        ) { exam in
            let faults = try exam.askWell().faults("answer.response")
            return faults.isEmpty ? .passed() : .failed(faults[0])
        },
        Rule(
            "answer.outputs", .contract, "every declared output, of its type and shape, in host memory, with its bytes",
            needs: ["answer.all-or-none"]
        ) { exam in
            let faults = try exam.askWell().faults("answer.outputs")
            return faults.isEmpty ? .passed() : .failed(faults.joined(separator: "\n"))
        },
        Rule(
            "answer.wanted", .contract, "an output that is asked for by name is there; an unknown name does no harm",
            needs: ["answer.outputs"]
        ) { exam in
            let (_, description) = try exam.model()
            for output in description.signature.outputs {
                let answer = try exam.askWell { $0.wanted = [output.name] }
                guard answer.isSuccess else { return .failed("\"\(output.name)\" alone: \(answer.text)") }
                if let fault = answer.faults("answer.outputs").first {
                    return .failed("\"\(output.name)\" alone: \(fault)")
                }
            }
            let unknown = try exam.askWell { $0.wanted = ["NO_SUCH_OUTPUT"] }
            return unknown.isAnswered ? .passed() : .failed("asked for \"NO_SUCH_OUTPUT\": \(unknown.text)")
        },
        Rule(
            "answer.parameters", .contract, "parameters that it doesn't know are refused with a message or ignored",
            needs: ["answer.once"]
        ) { exam in
            let answer = try exam.askWell { form in
                form.parameters += [
                    .init("traceparent", .string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")),
                    .init("no_such_parameter", .string("%s%n")), .init("", .string("")),
                    .init("long", .string(String(repeating: "é", count: 100_000))),
                ]
                form.priority = 1
            }
            return answer.isAnswered ? .passed(answer.failure?.text ?? "") : .failed(answer.text)
        },
        Rule(
            "answer.hang-up", .contract, "once respond() is not OK, nothing more comes but one FINAL",
            needs: ["answer.once"]
        ) { exam in
            let answer = try exam.askWell { $0.leavesAfter = 0 }
            guard answer.isAnswered else {
                return .failed("no FINAL within \(exam.patienceText) of a caller who is gone")
            }
            let faults = answer.faults("answer.hang-up") + answer.faults("answer.once")
            return faults.isEmpty ? .passed() : .failed("\(faults.count) responses too many; \(faults[0])")
        },
        Rule(
            "answer.cancel", .contract, "a cancelled request is answered soon (--stop-within)", needs: ["answer.once"]
        ) { exam in
            for delay in [nil, 0.005] {
                let (answer, late) = try exam.askCancelled(after: delay)
                guard answer.isAnswered else {
                    return .failed("no FINAL \(exam.patienceText) after a cancellation \(Self.when(delay))")
                }
                if late > exam.subject.stopsWithin {
                    return .failed("FINAL came \(late / 1_000_000) ms after a cancellation \(Self.when(delay))")
                }
            }
            return .passed()
        },
        Rule(
            "answer.deadline", .contract, "a request is answered by its deadline, or soon after (--stop-within)",
            needs: ["answer.once"]
        ) { exam in
            for milliseconds in [0, 20] as [UInt64] {
                let deadline = MonotonicTime.now.advanced(byNanoseconds: milliseconds * 1_000_000)
                let answer = try exam.askWell { $0.deadline = deadline.nanoseconds }
                guard answer.isAnswered else { return .failed("no FINAL within \(exam.patienceText)") }
                let late = MonotonicTime.now.nanoseconds(since: deadline)
                if late > exam.subject.stopsWithin, answer.nanoseconds > exam.subject.stopsWithin {
                    return .failed("FINAL came \(late / 1_000_000) ms after the deadline")
                }
            }
            return .passed()
        },
    ]

    private static func when(_ delay: Double?) -> String { delay == nil ? "before infer()" : "while it was under way" }
}

extension Examination {
    var patienceText: String { "\(Double(subject.patience) / 1e9) s" }

    /// Asks, and cancels before or while; how long after the cancellation the answer came, in nanoseconds.
    fileprivate func askCancelled(after delay: Double?) throws -> (Answer, late: UInt64) {
        let (model, description) = try model()
        guard let function = model.plugin.field(\.infer) else { throw Settled.skipped("a codec: it has no infer()") }
        let request = record(ExamRequest(form(try inputs(), description), host: model.host))
        step("in infer() with a request that is cancelled")
        if let delay {
            let canceller = Thread {
                Thread.sleep(forTimeInterval: delay)
                request.cancel()
            }
            canceller.start()
        } else {
            request.cancel()
        }
        let answer = Self.answer(model: model, request: request, function: function, patience: subject.patience)
        note(answer)
        let before = UInt64((delay ?? 0) * 1e9)
        return (answer, answer.nanoseconds > before ? answer.nanoseconds - before : 0)
    }
}
