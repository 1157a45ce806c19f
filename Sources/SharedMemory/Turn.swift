internal import CSharedMemory

/// How long a thread runs at a time where others want its processor too. What it gets of it in all stays the same.
///
/// Kernels that know of turns (Linux 6.12) let a thread that wakes up interrupt one whose turns are longer than its own; those
/// that don't say have turns of a few milliseconds.
package enum Turn: UInt64, Sendable {
    /// For whoever answers in microseconds: it runs as soon as it is woken.
    case short = 100_000
    /// For whoever may be interrupted by anybody.
    case long = 10_000_000

    /// Gives this thread, and those that it starts from now on, such turns; false where the system won't.
    @discardableResult
    package func take() -> Bool { shared_take_turns(rawValue) }
}
