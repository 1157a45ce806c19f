internal import CMalloc
internal import Foundation
internal import Glibc

/// What a plugin must leave alone in its process, and what it may leave behind there.
struct ProcessState {
    var signals: [String: [UInt8]]
    var mask: [UInt8]
    var locale: String
    var directory: String
    var umask: mode_t
    var environment: [String: String]
    var rounding: Int32
    /// The thread's control word: rounding, and whether subnormals count as zero.
    var floatingPoint: UInt32
    var openStandard: [Bool]
    var outputBytes: Int

    /// Names of the signals whose handlers are looked at.
    private static let watched: [(Int32, String)] = [
        (SIGHUP, "SIGHUP"), (SIGINT, "SIGINT"), (SIGQUIT, "SIGQUIT"), (SIGILL, "SIGILL"), (SIGTRAP, "SIGTRAP"),
        (SIGABRT, "SIGABRT"), (SIGBUS, "SIGBUS"), (SIGFPE, "SIGFPE"), (SIGUSR1, "SIGUSR1"), (SIGSEGV, "SIGSEGV"),
        (SIGUSR2, "SIGUSR2"), (SIGPIPE, "SIGPIPE"), (SIGALRM, "SIGALRM"), (SIGTERM, "SIGTERM"), (SIGCHLD, "SIGCHLD"),
        (SIGCONT, "SIGCONT"), (SIGTSTP, "SIGTSTP"), (SIGURG, "SIGURG"), (SIGPROF, "SIGPROF"), (SIGWINCH, "SIGWINCH"),
        (SIGIO, "SIGIO"), (SIGSYS, "SIGSYS"),
    ]

    static func now() -> ProcessState {
        var signals: [String: [UInt8]] = [:]
        for (number, name) in watched {
            var action = sigaction()
            sigaction(number, nil, &action)
            // The handler comes first; what lies behind the mask is not always filled in.
            signals[name] =
                withUnsafeBytes(of: action) { Array($0.prefix(MemoryLayout<UInt>.size)) }
                + withUnsafeBytes(of: action.sa_flags) { Array($0) }
        }
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        let creation = Glibc.umask(0)
        _ = Glibc.umask(creation)
        fflush(nil)
        var about = stat()
        let outputBytes = fstat(STDOUT_FILENO, &about) == 0 ? Int(about.st_size) : 0
        var environment = fenv_t()
        fegetenv(&environment)
        return ProcessState(
            signals: signals, mask: withUnsafeBytes(of: mask) { Array($0) },
            locale: setlocale(LC_ALL, nil).map { String(cString: $0) } ?? "",
            directory: FileManager.default.currentDirectoryPath, umask: creation,
            environment: ProcessInfo.processInfo.environment, rounding: fegetround(),
            floatingPoint: controlWord(of: environment),
            openStandard: (0...2).map { fcntl($0, F_GETFD) >= 0 }, outputBytes: outputBytes)
    }

    private static func controlWord(of environment: fenv_t) -> UInt32 {
        #if arch(x86_64)
        // The sticky exception flags, the low six bits, are everybody's.
        return environment.__mxcsr & ~63
        #else
        return 0
        #endif
    }

    // MARK: Counts

    struct Counts {
        var heap: Int
        var resident: Int
        var threads: Int
        var descriptors: Int
    }

    static var heapBytes: Int {
        let info = mallinfo2()
        return Int(info.uordblks) + Int(info.hblkhd)
    }

    static var counts: Counts {
        Counts(
            heap: heapBytes, resident: residentBytes, threads: entries(of: "/proc/self/task"),
            descriptors: entries(of: "/proc/self/fd"))
    }

    private static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }

    private static func entries(of folder: String) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: folder).count) ?? 0
    }
}
