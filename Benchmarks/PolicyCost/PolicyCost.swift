internal import Configuration
internal import Dispatch
internal import Glibc
internal import Policies
internal import Tensors

/// What quotas cost one request: asked, charged and settled, with counts in memory.
///
///     policy-cost [CONSUMERS …]
///
/// For each number of consumers, whose turns come at random: nanoseconds of CPU for one request by one thread and by two,
/// with one quota of the consumer's own, and with four nested ones that include a quota of all requests together.
@main
enum PolicyCost {
    private static let requests = 1_000_000

    static func main() {
        let given = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        print("consumers  quotas  threads  ns CPU a request")
        for count in given.isEmpty ? [10, 1_000, 100_000] : given {
            for isNested in [false, true] {
                let engine = PolicyEngine(configuration(consumers: count, isNested: isNested), now: .now)
                for threads in [1, 2] {
                    let nanoseconds = measure(engine, threads: threads)
                    print("\(count)  \(isNested ? 4 : 1)  \(threads)  \(nanoseconds)")
                }
            }
        }
    }

    private static func configuration(consumers count: Int, isNested: Bool) -> GatewayConfiguration {
        let place = SourceLocation(line: 1, column: 1)
        let most = 1_000_000_000
        let quota = LimitConfiguration.Quota(count: .requests, max: most, period: .seconds(1), burst: most)
        let limits = isNested ? ["plenty"] : []
        var model = ModelConfiguration(name: "echo", plugin: "echo", config: .mapping([]), location: place)
        model.limits = limits
        var configuration = GatewayConfiguration(
            listeners: [], plugins: [], models: [model], auth: .none,
            consumers: (0..<count).map {
                ConsumerConfiguration(
                    name: "c\($0)", keys: [], allowedModels: ["*"], limits: ["plenty"] + (isNested ? ["tokens"] : []),
                    location: place)
            },
            limits: [
                LimitConfiguration(name: "plenty", quotas: [quota]),
                LimitConfiguration(
                    name: "tokens",
                    quotas: [.init(count: .fact(.tokens), max: most, period: .seconds(1), burst: most)]),
            ], routes: [], observability: ObservabilityConfiguration(), drain: .seconds(1))
        configuration.globalLimits = limits
        return configuration
    }

    /// CPU of the process for one request.
    private static func measure(_ engine: PolicyEngine, threads: Int) -> Int {
        let consumers = engine.consumers
        let start = clock()
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            var facts = QuotaFacts()
            facts.tokens = 10
            // A multiplicative generator of full period: neighbours in time are far apart in memory.
            var turn = UInt64(thread * 7_919 + 1)
            for _ in 0..<(requests / threads) {
                turn = turn &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let consumer = consumers[Int(turn >> 33) % consumers.count]
                let place = PolicyEngine.QuotaPlace(route: nil, model: 0)
                guard case .admitted(let reservation, _) = engine.admit(consumer, place, facts: facts, now: .now) else {
                    fatalError("a quota that is far too large refused a request")
                }
                reservation.settle(facts, isSuccess: true, now: .now)
            }
        }
        return Int(Double(clock() - start) * 1e9 / Double(CLOCKS_PER_SEC) / Double(requests))
    }
}
