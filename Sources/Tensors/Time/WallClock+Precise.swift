#if canImport(Glibc)
internal import Glibc
#endif

extension WallClock {
    /// Nanoseconds since 1970, to the clock's full precision.
    package static var nanosecondsSince1970: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
