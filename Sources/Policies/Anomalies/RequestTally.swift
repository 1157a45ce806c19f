internal import Synchronization

/// Counts requests of one listener or one consumer as they are answered, from any thread, until somebody looks.
package final class RequestTally: Sendable {
    /// What was counted in one window.
    struct Window: Sendable, Equatable {
        var requests = 0
        var rejects = 0
        var authFailures = 0
        /// By `SizeClass`.
        var sizes = Array(repeating: 0, count: SizeClass.count)
    }

    private let requests = Atomic<UInt32>(0)
    private let rejects = Atomic<UInt32>(0)
    private let authFailures = Atomic<UInt32>(0)
    private let sizes = InlineArray<32, Atomic<UInt32>> { _ in Atomic(0) }

    package init() {}

    /// A request was answered.
    ///
    /// - Parameters:
    ///   - status: of HTTP; that of a failure where another protocol carried it.
    ///   - bytes: of its body; 0 where it had none.
    package func note(status: Int, bytes: Int) {
        requests.wrappingAdd(1, ordering: .relaxed)
        switch status {
        case 401: authFailures.wrappingAdd(1, ordering: .relaxed)
        // Who leaves isn't refused.
        case 499: break
        case 400..<500: rejects.wrappingAdd(1, ordering: .relaxed)
        default: break
        }
        if bytes > 0 { sizes[SizeClass.index(of: bytes)].wrappingAdd(1, ordering: .relaxed) }
    }

    /// What was counted since the last time.
    func take() -> Window {
        func take(_ count: borrowing Atomic<UInt32>) -> Int { Int(count.exchange(0, ordering: .relaxed)) }
        var window = Window()
        window.requests = take(requests)
        window.rejects = take(rejects)
        window.authFailures = take(authFailures)
        for index in 0..<SizeClass.count { window.sizes[index] = take(sizes[index]) }
        return window
    }
}
