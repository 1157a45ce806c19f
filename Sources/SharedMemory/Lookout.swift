internal import CSharedMemory
internal import Glibc
internal import Tensors

/// Looking for a moment instead of sleeping, where what is waited for is on its way already.
///
/// To be woken takes longer than most quick models do, so whoever knows that something comes within microseconds had
/// better not sleep. Unlike a budget (`SpinBudget`) this is for single moments, which is why two processors are enough:
/// one for who looks, one for who is looked at.
package enum Lookout {
    /// Whether there is a processor left for whoever is waited for.
    package static let isPossible = sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1
    /// Rounds between two looks at the clock.
    private static let rounds = 16

    /// Looks until `isThere`; whether it was within that many nanoseconds.
    package static func look(forNanoseconds nanoseconds: UInt64, until isThere: () -> Bool) -> Bool {
        let end = MonotonicTime.now.advanced(byNanoseconds: nanoseconds)
        repeat {
            for _ in 0..<rounds {
                if isThere() { return true }
                shared_pause()
            }
        } while MonotonicTime.now < end
        return false
    }
}
