internal import Foundation
internal import Tensors

extension Rule {
    /// Whose memory the outputs are in, and who gives it back when.
    static let outputRules: [Rule] = [
        Rule(
            "output.release", .contract,
            "memory handed over stays as it is until release(), which may come late, from any thread and in any order",
            needs: ["answer.outputs"]
        ) { exam in
            let host = exam.host
            host.holdsOutputs = true
            defer { host.holdsOutputs = false }
            for _ in 0..<4 {
                let answer = try exam.askWell()
                guard answer.isSuccess else { return .failed(answer.text) }
            }
            exam.step("in release() of an output")
            let (count, _) = OtherThread.run { host.releaseHeld() }
            guard count > 0 else { return .skipped("it hands over no memory of its own") }
            let faults = host.faults.filter { $0.rule == "output.release" }
            return faults.isEmpty ? .passed("\(count) outputs") : .failed(faults[0].text)
        },
        Rule(
            "output.release-refused", .contract, "what respond() refused is released by the host, and by nobody else",
            needs: ["output.release"]
        ) { exam in
            let released = exam.host.released
            for _ in 0..<4 {
                let answer = try exam.askWell { $0.leavesAfter = 0 }
                guard answer.isAnswered else { return .failed(answer.text) }
            }
            return exam.host.released > released ? .passed() : .skipped("it hands over no memory of its own")
        },
        Rule(
            "output.new-output", .contract, "memory of new_output() is filled within its bounds and used as asked for",
            needs: ["answer.outputs"]
        ) { exam in
            let host = exam.host
            let made = host.outputsMade
            host.guardsOutputs = true
            defer { host.guardsOutputs = false }
            let (_, description) = try exam.model()
            for rows in description.rowCounts.prefix(3) {
                let inputs = try exam.inputs(rows: rows)
                let answer = try exam.askWell { $0.inputs = inputs }
                guard answer.isSuccess else { return .failed(answer.text) }
                if let fault = answer.faults("output.new-output").first { return .failed(fault) }
            }
            return host.outputsMade > made ? .passed() : .skipped("it asks for no memory of the host's")
        },
        Rule(
            "output.no-memory", .contract, "where new_output() has no memory, the request is refused with a message",
            needs: ["output.new-output"]
        ) { exam in
            let host = exam.host
            host.shortage = .outputs
            defer { host.shortage = [] }
            let answer = try exam.askWell()
            guard host.outputsRefused > 0 else { return .skipped("it asks for no memory of the host's") }
            guard answer.isAnswered else { return .failed(answer.text) }
            return answer.failure == nil ? .failed("\(answer.text), as if it had the memory") : .passed()
        },
    ]
}

/// Runs something on a thread of its own and waits for it.
enum OtherThread {
    /// - Returns: what `body` returns, and how many threads ran it.
    static func run<Value: Sendable>(
        count: Int = 1, _ body: @escaping @Sendable () -> Value
    ) -> (Value, [Value]) {
        let values = runAll(count: count) { _ in body() }
        return (values[0], values)
    }

    /// What `body` returns on each of `count` threads that run at once.
    static func runAll<Value: Sendable>(count: Int, _ body: @escaping @Sendable (Int) -> Value) -> [Value] {
        let results = Results<Value>(count: count)
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            let thread = Thread {
                results.set(body(index), at: index)
                group.leave()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        group.wait()
        return results.all
    }

    /// Invariant behind `@unchecked Sendable`: everything is inside the lock.
    private final class Results<Value>: @unchecked Sendable {
        private let lock = NSLock()
        private var values: [Value?]

        init(count: Int) { values = Array(repeating: nil, count: count) }

        func set(_ value: Value, at index: Int) {
            lock.lock()
            values[index] = value
            lock.unlock()
        }

        var all: [Value] {
            lock.lock()
            defer { lock.unlock() }
            return values.compactMap { $0 }
        }
    }
}
