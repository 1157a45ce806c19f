internal import CSluicePlugin
internal import Foundation
internal import PluginHost
internal import Tensors

extension Rule {
    /// How a plugin uses its host, and gets on with one that is short of things or newer than itself.
    static let hostRules: [Rule] = [
        Rule(
            "host.newer", .contract, "a host of a later minor version, whose structs have grown, is accepted",
            needs: ["answer.outputs"]
        ) { exam in
            let newer = ExamHost(isNewer: true)
            return try exam.withModel(host: newer, isGrown: true) { model, description in
                var form = exam.form(try exam.inputs(), description)
                form.isGrown = true
                let answer = try exam.ask(model, form)
                return answer.isSuccess ? .passed() : .failed(answer.text)
            }
        },
        Rule(
            "host.no-metrics", .contract, "a host that refuses metrics is accepted", needs: ["answer.outputs"]
        ) { exam in
            let host = ExamHost()
            host.shortage = .metrics
            return try exam.withModel(host: host) { model, description in
                let answer = try exam.ask(model, exam.form(try exam.inputs(), description))
                if let fault = host.faults.first(where: { $0.rule == "host.metrics" }) { return .failed(fault.text) }
                return answer.isSuccess ? .passed() : .failed(answer.text)
            }
        },
        Rule(
            "host.no-memory", .contract, "where alloc() has no memory, load() or the request is refused with a message",
            needs: ["answer.outputs"]
        ) { exam in
            guard exam.host.allocationCount > 0 else { return .skipped("it does not use alloc()") }
            let host = ExamHost()
            host.shortage = .memory
            exam.step("in load() without memory")
            switch try RawModel.load(try exam.plugin(), exam.arguments, host: host) {
            case .refused(_, let fault): return fault.map { .failed($0) } ?? .passed()
            case .loaded(let model):
                defer { exam.unload(model) }
                let answer = try exam.ask(model, exam.form(try exam.inputs(), try model.describe()))
                return answer.isAnswered ? .passed() : .failed(answer.text)
            }
        },
        Rule(
            "host.two-models", .contract, "two models of one plugin live side by side, and one outlives the other",
            needs: ["answer.outputs"]
        ) { exam in
            let first = try exam.load()
            let second = try exam.load()
            if first.handle == second.handle {
                return .failed("load() gave the same model twice: unloading one takes the other with it")
            }
            for model in [first, second] {
                let answer = try exam.ask(model, exam.form(try exam.inputs(), try model.describe()))
                guard answer.isSuccess else { return .failed("both loaded: \(answer.text)") }
            }
            exam.unload(first)
            let answer = try exam.ask(second, exam.form(try exam.inputs(), try second.describe()))
            guard answer.isSuccess else { return .failed("after the first was unloaded: \(answer.text)") }
            exam.unload(second)
            return .passed()
        },
    ]

    /// What only the end shows.
    static let endRules: [Rule] = [
        Rule(
            "errors.text", .contract, "whatever fails says why: UTF-8 text, and a status that agrees with it",
            needs: ["answer.once"]
        ) { exam in
            if exam.checksInputs {
                let nothing = try exam.askWell {
                    $0.inputs = []
                    $0.expected = nil
                }
                guard nothing.isAnswered else { return .failed("a request without inputs: \(nothing.text)") }
            }
            let faults = exam.allErrorFaults
            return faults.isEmpty ? .passed() : .failed(Array(Set(faults)).sorted().prefix(4).joined(separator: "\n"))
        },
        Rule(
            "describe.stable", .contract, "describe() gives the same struct with the same content until unload()",
            needs: ["answer.once"]
        ) { exam in
            let (model, description) = try exam.model()
            exam.step("in describe()")
            let first = model.info
            for _ in 0..<3 {
                _ = try exam.askWell()
                if model.info != first { return .failed("another pointer than before") }
                guard try model.describe() == description else {
                    return .failed("another content than before the requests")
                }
            }
            return .passed()
        },
        Rule(
            "unload.works", .contract, "unload() returns, and nothing of the model is heard of afterwards",
            needs: ["answer.once"]
        ) { exam in
            if exam.isStuck { return .skipped("a request is still unanswered, so nothing may be unloaded") }
            let late = exam.requestFaults("answer.once").count
            exam.unloadShared()
            exam.step("after unload()")
            Thread.sleep(forTimeInterval: 0.05)
            let faults = exam.requestFaults("answer.once")
            return faults.count == late ? .passed() : .failed("after unload(): \(faults[faults.count - 1])")
        },
        Rule(
            "answer.late", .contract, "no request is answered again after its end", needs: ["answer.once"]
        ) { exam in
            let faults = exam.requestFaults("answer.once")
            return faults.isEmpty ? .passed() : .failed("\(faults.count) times, e.g. \(faults[0])")
        },
        Rule(
            "entry.constant", .contract, "the plugin's table never changes", needs: ["answer.once"]
        ) { exam in
            let plugin = try exam.plugin()
            let before = plugin.bytes
            try exam.withModel { model, description in
                _ = try exam.ask(model, exam.form(try exam.inputs(), description))
            }
            return plugin.bytes == before && exam.tableAtFirst == before ? .passed() : .failed("it changed")
        },
        Rule(
            "host.log", .contract, "log() gets UTF-8 text and a level from 0 to 3", needs: ["answer.once"]
        ) { exam in
            let faults = exam.host.faults.filter { $0.rule == "host.log" }
            if let fault = faults.first { return .failed(fault.text) }
            return exam.host.logLines == 0 ? .skipped("it logs nothing") : .passed("\(exam.host.logLines) lines")
        },
        Rule(
            "host.metrics", .contract, "metrics have names of letters, digits and _, one kind each, and are registered",
            needs: ["answer.once"]
        ) { exam in
            let faults = exam.host.faults.filter { $0.rule == "host.metrics" }
            if let fault = faults.first { return .failed(fault.text) }
            return exam.host.metricCount == 0
                ? .skipped("it has no metrics") : .passed("\(exam.host.metricCount) metrics")
        },
        Rule(
            "host.memory", .contract, "every block of alloc() is given to free() once, at the latest by unload()",
            needs: ["unload.works"]
        ) { exam in
            exam.unloadShared()
            let host = exam.host
            if let fault = host.faults.first(where: { $0.rule == "host.memory" }) { return .failed(fault.text) }
            guard host.allocationCount > 0 else { return .skipped("it does not use alloc()") }
            let left = host.outstandingAllocations
            return left == 0
                ? .passed("\(host.allocationCount) blocks")
                : .failed("\(left) of \(host.allocationCount) blocks are left")
        },
    ]
}
