internal import ArgumentParser
internal import Configuration
internal import LoadGenerator

/// How much load, for how long.
struct BenchLoadOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Connections, each with one request at a time.", valueName: "number"))
    var connections = 16

    @Option(
        help: ArgumentHelp("Open loop: requests per second, whether or not the server keeps up.", valueName: "number"))
    var rate: Double?

    @Flag(help: "With --rate: gaps vary as those of independent callers do, instead of being equal.")
    var poisson = false

    @Option(name: .shortAndLong, help: ArgumentHelp("How long, e.g. 10s, 500ms, 2min.", valueName: "duration"))
    var duration: Span?

    @Option(name: [.customShort("n"), .long], help: ArgumentHelp("How many requests, instead.", valueName: "number"))
    var count: Int?

    @Option(help: ArgumentHelp("Load before measuring.", valueName: "duration"))
    var warmUp = Span(nanoseconds: 1_000_000_000)

    @Option(help: ArgumentHelp("When a request is given up.", valueName: "duration"))
    var timeout = Span(nanoseconds: 30_000_000_000)

    @Option(help: ArgumentHelp("Threads of the load generator.", valueName: "number"))
    var threads = 1

    func validate() throws {
        if !(1...100_000).contains(connections) { throw ValidationError("--connections takes 1 to 100000") }
        if !(1...64).contains(threads) { throw ValidationError("--threads takes 1 to 64") }
        if let rate, !(rate > 0 && rate <= 10_000_000) {
            throw ValidationError("--rate takes more than 0, at most 10000000")
        }
        if poisson, rate == nil { throw ValidationError("--poisson needs --rate") }
        if let count, count < 1 { throw ValidationError("--count takes 1 or more") }
        if count != nil, duration != nil { throw ValidationError("--count and --duration exclude each other") }
    }

    private var length: Pacer.Length {
        count.map { .requests($0) } ?? .nanoseconds(duration?.nanoseconds ?? 10_000_000_000)
    }

    func plan(address: ServerAddress, template: RequestTemplate) throws -> LoadPlan {
        var plan = LoadPlan(address: address, template: template)
        if let rate { plan.load = .open(rate: rate, spacing: poisson ? .poisson : .even) }
        plan.length = length
        plan.warmUpNanoseconds = warmUp.nanoseconds
        plan.connections = connections
        plan.threads = threads
        plan.timeoutNanoseconds = timeout.nanoseconds
        return plan
    }

    /// What a progress bar measures by.
    var expectedLength: ProgressBar.Length {
        switch length {
        case .requests(let count): .requests(count)
        case .nanoseconds(let length): .seconds(Double(length + warmUp.nanoseconds) / 1e9)
        }
    }
}

/// A span of time on the command line, written as in gateway.yaml.
struct Span: ExpressibleByArgument {
    var nanoseconds: UInt64

    init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    init?(argument: String) {
        if argument == "0" {
            nanoseconds = 0
            return
        }
        guard let duration = DurationText.parse(argument) else { return nil }
        nanoseconds = duration.wholeNanoseconds
    }

    var defaultValueDescription: String { "\(nanoseconds / 1_000_000_000)s" }
}
