internal import Foundation
internal import Glibc
internal import PluginHost
internal import Tensors

extension Rule {
    /// What a plugin must leave alone. All are looked at after one life of a model in a process of its own.
    static let mannersRules: [Rule] = [
        Rule(
            "manners.life", .manners, "a model's life, watched from before the file is opened, comes to its end",
            needs: ["warmup.works"], budget: 4
        ) { exam in
            if exam.failed.contains("answer.once") { return .skipped("needs answer.once") }
            _ = try exam.life()
            return .passed()
        },
        manners("manners.signals", "signal handlers and the thread's signal mask stay as they are") { before, after in
            let changed = before.signals.keys.filter { before.signals[$0] != after.signals[$0] }.sorted()
            if !changed.isEmpty { return "it handles \(changed.joined(separator: ", "))" }
            return before.mask == after.mask ? nil : "the thread's signal mask has changed"
        },
        manners("manners.locale", "the locale stays as it is") { before, after in
            before.locale == after.locale ? nil : "\"\(after.locale)\" instead of \"\(before.locale)\""
        },
        manners("manners.directory", "the working directory stays as it is") { before, after in
            before.directory == after.directory ? nil : "\(after.directory) instead of \(before.directory)"
        },
        manners("manners.umask", "the umask stays as it is") { before, after in
            before.umask == after.umask
                ? nil : "\(String(after.umask, radix: 8)) instead of \(String(before.umask, radix: 8))"
        },
        manners("manners.environment", "environment variables stay as they are") { before, after in
            let names = Set(before.environment.keys).union(after.environment.keys)
            let changed = names.filter { before.environment[$0] != after.environment[$0] }.sorted()
            return changed.isEmpty ? nil : "it changes \(changed.prefix(8).joined(separator: ", "))"
        },
        manners("manners.floating-point", "rounding and the handling of subnormals stay as they are") { before, after in
            if before.rounding != after.rounding { return "the rounding mode has changed" }
            return before.floatingPoint == after.floatingPoint
                ? nil
                : "the thread's MXCSR is \(String(after.floatingPoint, radix: 16)) instead of "
                    + String(before.floatingPoint, radix: 16)
        },
        manners("manners.output", "nothing is written to the standard output, and it stays open") { before, after in
            if after.openStandard != before.openStandard { return "it closed a standard descriptor" }
            let written = after.outputBytes - before.outputBytes
            guard written > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: 80)
            let count = pread(STDOUT_FILENO, &bytes, bytes.count, off_t(before.outputBytes))
            let text = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
            return "\(written) bytes, which begin \"\(text.prefix { !$0.isNewline })\": use host->log()"
        },
    ]

    private static func manners(
        _ id: String, _ expectation: String, _ compare: @escaping @Sendable (ProcessState, ProcessState) -> String?
    ) -> Rule {
        Rule(id, .manners, expectation, needs: ["manners.life"], budget: 4) { exam in
            let (before, after) = try exam.life()
            return compare(before, after).map { .failed($0) } ?? .passed()
        }
    }
}

extension Examination {
    /// The process before the plugin was opened and after it was loaded, asked and unloaded.
    fileprivate func life() throws -> (ProcessState, ProcessState) {
        if let states { return states }
        let before = ProcessState.now()
        let (model, description) = try model()
        if model.plugin.isBackend {
            // A model that refuses what is made up has its manners too, and has refused it by then.
            if let inputs = try? inputs() {
                for _ in 0..<3 { _ = try ask(model, form(inputs, description)) }
            }
        }
        unloadShared()
        step("after unload()")
        let states = (before, ProcessState.now())
        self.states = states
        return states
    }
}
