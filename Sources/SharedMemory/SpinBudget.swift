internal import CSharedMemory
internal import Glibc

/// How long to look before sleeping: more where looking has paid, less where it hasn't, and not at all on a machine of
/// one or two processors, where whoever is waited for needs the one that would spin.
package struct SpinBudget: Sendable {
    private static let longest = 4096
    private static let shortest = 32
    private var rounds: Int

    /// - Parameter processors: how many there are.
    package init(processors: Int = sysconf(Int32(_SC_NPROCESSORS_ONLN))) {
        rounds = processors > 2 ? Self.shortest : 0
    }

    package var isSpinning: Bool { rounds > 0 }

    /// Looks until `isDone` or the budget is spent; whether it was done.
    package mutating func spin(until isDone: () -> Bool) -> Bool {
        guard rounds > 0 else { return false }
        for _ in 0..<rounds {
            if isDone() {
                rounds = min(Self.longest, rounds * 2)
                return true
            }
            shared_pause()
        }
        rounds = max(Self.shortest, rounds / 2)
        return false
    }
}
