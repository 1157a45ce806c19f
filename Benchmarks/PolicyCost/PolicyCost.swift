internal import Crypto
internal import Dispatch
internal import Glibc
internal import Policies
internal import Synchronization

/// What policy costs one request, by the very calls that the gateway makes, with counts in memory.
///
///     policy-cost [--json] [--requests N] [CONSUMERS …]
///
/// For each number of consumers, whose turns come at random, and for 10 and for 1,000 routes: microseconds of CPU for one
/// request. `key` is reading and hashing what it shows, which a connection does once as long as it shows the same; `who`
/// finds its owner; `route` chooses a route and its model; `rules` asks what the caller may; `quota` takes and settles.
/// `all` is all of these but the first one after the other, `with key` is all of them.
///
/// Caches of machines differ, and a hundred thousand consumers are in no cache. So `floor` is the least that anybody does who
/// knows callers by their keys, measured in the same rounds: the SHA-256 of the key, and a count in a plain hash table.
///
/// `--json` writes one object a line in place of the table.
@main
enum PolicyCost {
    static func main() {
        var consumers: [Int] = []
        var requests = 1_000_000
        var isJSON = false
        var arguments = CommandLine.arguments.dropFirst()
        while let argument = arguments.popFirst() {
            switch argument {
            case "--json": isJSON = true
            case "--requests": requests = arguments.popFirst().flatMap { Int($0) } ?? requests
            default: consumers += Int(argument).map { [$0] } ?? []
            }
        }
        if !isJSON {
            showMachine()
            print("\n                                  µs CPU a request")
            print(columns.map { padded($0, $0.count < 7 ? 8 : $0.count + 2) }.joined())
        }
        for consumers in consumers.isEmpty ? [10, 1_000, 100_000] : consumers {
            for (routes, isNested) in [(10, false), (1_000, false), (1_000, true)] {
                let office = PolicyOffice(consumers: consumers, routes: routes, isNested: isNested)
                for threads in routes == 10 || isNested ? [1, 2] : [1] {
                    let costs = measure(office, threads: threads, requests: requests)
                    let place = [consumers, routes, isNested ? 4 : 1, threads].map { "\($0)" }
                    show(place + costs.map(hundredths), isJSON: isJSON)
                }
            }
        }
    }

    private static let columns = [
        "consumers", "routes", "quotas", "threads", "key", "who", "route", "rules", "quota", "all", "with key", "floor",
    ]

    private static func show(_ values: [String], isJSON: Bool) {
        if isJSON {
            let members = zip(columns, values).map { "\"\($0)\": \($1)" }
            print("{\(members.joined(separator: ", "))}")
        } else {
            print(zip(columns, values).map { padded($1, $0.count < 7 ? 8 : $0.count + 2) }.joined())
        }
    }

    /// Microseconds of the threads' CPU for one request: each step, all but the first, all, the floor.
    private static func measure(_ office: PolicyOffice, threads: Int, requests: Int) -> [Double] {
        let sums = Mutex([UInt64](repeating: 0, count: 8))
        let rounds = max(requests / threads / PolicyDesk.size, 1)
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let desk = PolicyDesk(office, seed: UInt64(thread))
            let clock = ThreadClock()
            var times = [UInt64](repeating: 0, count: 8)
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
                desk.turn()
                times[7] += clock.time(desk.countKeys)
            }
            sums.withLock { sums in
                for (index, time) in times.enumerated() { sums[index] += time }
            }
        }
        return sums.withLock { $0 }.map { Double($0) / 1_000 / Double(rounds * PolicyDesk.size * threads) }
    }

    /// What this machine needs for things that any gateway does.
    private static func showMachine() {
        let clock = ThreadClock()
        let key = Array("slk_k1_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ".utf8)
        var sum: UInt8 = 0
        func mean(_ work: () -> Void) -> Double {
            Double(clock.time { for _ in 0..<20_000 { work() } }) / 20_000 / 1_000
        }
        let digest = mean { sum ^= SHA256.hash(data: key).first { _ in true } ?? 0 }
        var pipes: [Int32] = [0, 0]
        guard pipe(&pipes) == 0 else { fatalError("no pipe") }
        let calls = mean {
            var number: UInt64 = 1
            write(pipes[1], &number, 8)
            read(pipes[0], &number, 8)
        }
        for end in pipes { close(end) }
        print("SHA-256 of a key \(hundredths(digest)) µs (\(sum & 1))")
        print("eight bytes written to the kernel and read back \(hundredths(calls)) µs")
    }

    private static func hundredths(_ number: Double) -> String {
        let hundredths = Int((number * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
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
