internal import Glibc

/// A runner that ended when it should not have, for the log and for whoever counts.
package struct RunnerFailure: Sendable {
    package enum Cause: String, Sendable, CaseIterable {
        /// By a signal of its own making, or by exit().
        case crashed
        /// A request's deadline passed and the plugin went on all the same: killed.
        case hung
        /// Killed for taking more memory than it may.
        case outOfMemory = "out_of_memory"
        /// What it wrote into shared memory can't be: killed.
        case brokeRing = "broke_ring"
        /// Its plugin broke the contract: replaced.
        case brokeContract = "broke_contract"
        /// It was to be started again, and that failed.
        case notStarted = "not_started"
    }

    package var model: String
    package var cause: Cause
    /// What there is to say beyond the cause.
    package var reason: String
    /// How the process ended, e.g. `SIGSEGV` or `exit status 3`.
    package var end: String
    /// Requests that were in it.
    package var requestIDs: [String]
    /// The last that it wrote to its standard error.
    package var lastLines: [String]
    /// When the next one will be started, in nanoseconds from now.
    package var restartsIn: UInt64
    /// Whether requests are refused meanwhile.
    package var isOpen: Bool
}

extension RunnerProcess.End {
    /// As people write it.
    var text: String {
        switch self {
        case .exited(let status): return "exit status \(status)"
        case .killed(let signal):
            let names: [Int32: String] = [
                SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGILL: "SIGILL", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE",
                SIGKILL: "SIGKILL", SIGTERM: "SIGTERM", SIGTRAP: "SIGTRAP", SIGSYS: "SIGSYS", SIGPIPE: "SIGPIPE",
                SIGXCPU: "SIGXCPU", SIGINT: "SIGINT",
            ]
            return names[signal] ?? "signal \(signal)"
        }
    }
}
