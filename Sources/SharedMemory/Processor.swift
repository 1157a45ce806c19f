internal import CSharedMemory

/// A processor, by the system's number.
package struct Processor: Hashable, Sendable {
    /// Those beyond are left alone.
    static let most = 512

    package let number: Int

    package init(number: Int) {
        self.number = number
    }

    /// The one that this thread runs on just now.
    package static var current: Processor? {
        let number = Int(shared_processor())
        return (0..<most).contains(number) ? Processor(number: number) : nil
    }

    /// Keeps this thread on it, for short turns that begin as soon as the thread is woken; false where the system won't
    /// have it.
    ///
    /// A kernel that knows nothing of short turns lets whoever wakes the thread run on for a moment: that is slower by the
    /// timer with which a caller sleeps, and no more.
    package func keepThread() -> Bool {
        guard shared_keep_on(Int32(truncatingIfNeeded: number)) else { return false }
        Turn.short.take()
        return true
    }
}
