#if canImport(Glibc)
internal import Glibc
#endif

/// The time of day; what logs, dates and key expiry are reckoned in.
package enum WallClock {
    /// Whole seconds since 1970.
    package static var secondsSince1970: Int { read(CLOCK_REALTIME_COARSE).tv_sec }

    /// Milliseconds since 1970.
    package static var millisecondsSince1970: Int64 {
        let time = read(CLOCK_REALTIME_COARSE)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec / 1_000_000)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
