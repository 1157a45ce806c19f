internal import CSandbox
internal import Glibc

/// A thread of its own for work that blocks: nothing of Swift's pool, and nothing of Foundation, whose library takes a
/// starting runner as long to link as all the others together.
enum HostThread {
    /// Runs `body` on a new thread, which nobody joins.
    ///
    /// - Parameter name: what `top -H` and a debugger show; the kernel keeps 15 bytes of it.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        let result = tryToStart(name: name, body)
        // As with memory, there is no way on without a thread: whoever waits for its work would wait for ever.
        precondition(result == 0, "no more threads: \(String(cString: strerror(result)))")
    }

    /// The same for work that can be done without; an error number where the system has no more threads.
    @discardableResult
    static func tryToStart(name: String, _ body: @escaping @Sendable () -> Void) -> Int32 {
        let work = Unmanaged.passRetained(Work(name: name, body: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                // The one reference that was handed over above; there is always one.
                let work = Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue()
                process_name_thread(String(work.name.prefix(15)))
                work.body()
                return nil
            }, work.toOpaque())
        if result != 0 { work.release() }
        return result
    }

    private final class Work: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}
