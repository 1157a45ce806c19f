internal import Crypto
internal import Dispatch
internal import Glibc
internal import Policies
internal import Synchronization

/// What policy costs one request, by the very calls that the gateway makes, with counts in memory.
///
///     policy-cost [CONSUMERS …]
///
/// For each number of consumers, whose turns come at random, and for 10 and for 1,000 routes: microseconds of CPU for one
/// request. `key` is reading and hashing what it shows, which a connection does once as long as it shows the same; `who`
/// finds its owner; `route` chooses a route and its model; `rules` asks what the caller may; `quota` takes and settles.
/// `all` is all of these but the first one after the other, `with key` is all of them.
///
/// Machines differ, so the first rows tell what this one needs for things that any gateway does.
@main
enum PolicyCost {
    private static let requests = 1_000_000

    static func main() {
        let given = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let floor = showFloors()
        print("\n                                        µs CPU a request                            with key")
        print("consumers  routes  quotas  threads    key    who  route  rules  quota    all  with key   SHA-256s")
        for consumers in given.isEmpty ? [10, 1_000, 100_000] : given {
            for (routes, isNested) in [(10, false), (1_000, false), (1_000, true)] {
                let office = PolicyOffice(consumers: consumers, routes: routes, isNested: isNested)
                for threads in routes == 10 || isNested ? [1, 2] : [1] {
                    let cost = measure(office, threads: threads)
                    let place =
                        column(consumers, 9) + column(routes, 8) + column(isNested ? 4 : 1, 8) + column(threads, 9)
                    print(
                        place + "  "
                            + (cost.steps + [cost.all]).map { column($0, 7) }.joined()
                            + column(cost.withKey, 10) + column(cost.withKey / floor, 11))
                }
            }
        }
    }

    private struct Cost {
        var steps: [Double]
        var all: Double
        var withKey: Double
    }

    /// Microseconds of the threads' CPU for one request.
    private static func measure(_ office: PolicyOffice, threads: Int) -> Cost {
        let sums = Mutex([UInt64](repeating: 0, count: 7))
        let rounds = requests / threads / PolicyDesk.size
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let desk = PolicyDesk(office, seed: UInt64(thread))
            let clock = ThreadClock()
            var times = [UInt64](repeating: 0, count: 7)
            for _ in 0..<rounds {
                desk.turn()
                for (index, step) in desk.steps.enumerated() { times[index] += clock.time(step) }
                desk.turn()
                desk.readKeys()
                times[5] += clock.time(desk.serve)
                desk.turn()
                times[6] += clock.time {
                    desk.readKeys()
                    desk.serve()
                }
            }
            sums.withLock { sums in
                for (index, time) in times.enumerated() { sums[index] += time }
            }
        }
        let costs = sums.withLock { $0 }.map { Double($0) / 1_000 / Double(rounds * PolicyDesk.size * threads) }
        return Cost(steps: Array(costs[..<5]), all: costs[5], withKey: costs[6])
    }

    /// - Returns: what the digest of a key takes.
    private static func showFloors() -> Double {
        let clock = ThreadClock()
        let key = Array("slk_k1_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ".utf8)
        var sum: UInt8 = 0
        func mean(_ work: () -> Void) -> Double {
            Double(clock.time { for _ in 0..<200_000 { work() } }) / 200_000 / 1_000
        }
        let digest = mean { sum ^= SHA256.hash(data: key).first { _ in true } ?? 0 }
        let pepper = SymmetricKey(data: key)
        let code = mean { sum ^= HMAC<SHA256>.authenticationCode(for: key, using: pepper).first { _ in true } ?? 0 }
        var pipes: [Int32] = [0, 0]
        guard pipe(&pipes) == 0 else { fatalError("no pipe") }
        let calls = mean {
            var number: UInt64 = 1
            write(pipes[1], &number, 8)
            read(pipes[0], &number, 8)
        }
        for end in pipes { close(end) }
        print("SHA-256 of a key \(column(digest, 6)) µs, HMAC of it \(column(code, 6)) µs (\(sum & 1))")
        print("eight bytes written to the kernel and read back \(column(calls, 6)) µs")
        return digest
    }

    private static func column(_ number: Int, _ width: Int) -> String { padded("\(number)", width) }

    private static func column(_ number: Double, _ width: Int) -> String {
        let hundredths = Int((number * 100).rounded())
        let rest = hundredths % 100
        return padded("\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)", width)
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// CPU of the calling thread.
struct ThreadClock {
    private var overhead: UInt64 = 0

    init() {
        var least = UInt64.max
        for _ in 0..<1_000 { least = min(least, time {}) }
        overhead = least
    }

    /// Nanoseconds that some work takes, without what asking takes.
    func time(_ work: () -> Void) -> UInt64 {
        let start = Self.now
        work()
        let taken = Self.now - start
        return taken - min(taken, overhead)
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
