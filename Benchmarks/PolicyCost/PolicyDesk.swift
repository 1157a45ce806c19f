internal import Configuration
internal import Crypto
internal import Gateway
internal import Policies
internal import Routing
internal import Tensors

/// Requests as one event loop serves them, some at a time, so that the clock is asked seldom.
final class PolicyDesk {
    static let size = 64

    private let office: PolicyOffice
    private var turns: UInt64
    /// Whose requests they are, what they show and ask for.
    private var consumers = [Int](repeating: 0, count: size)
    private var requests: [RouteRequest] = []
    private var shown: [ShownCredentials] = []
    private var facts = QuotaFacts()
    /// How often each key came, by the first bytes of its digest.
    private var counts: [UInt64: Int]
    // What the steps find out.
    private var credentials: [Credentials] = []
    private var principals: [Principal] = []
    private var routes: [Route] = []

    init(_ office: PolicyOffice, seed: UInt64) {
        self.office = office
        turns = seed &* 7_919 &+ 1
        facts.tokens = 10
        counts = Dictionary(uniqueKeysWithValues: office.shown.map { (Self.number(of: $0.key ?? ""), 0) })
    }

    private static func number(of key: String) -> UInt64 {
        var hash = SHA256()
        let key = key.utf8.span
        key.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }

    /// The least that anybody does who knows callers by their keys.
    func countKeys() {
        for shown in shown { counts[Self.number(of: shown.key ?? ""), default: 0] += 1 }
    }

    /// The next requests have come in.
    func turn() {
        for index in 0..<Self.size {
            // A multiplicative generator of full period: neighbours in time are far apart in memory.
            turns = turns &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            consumers[index] = Int(turns >> 33) % office.shown.count
        }
        // A request that was just read is in the cache, so a copy of it is.
        shown = consumers.map {
            let shown = office.shown[$0]
            return ShownCredentials(
                key: shown.key.map { String(decoding: Array($0.utf8), as: UTF8.self) }, listener: shown.listener)
        }
        requests = consumers.map { RouteRequest(model: String(decoding: Array(office.models[$0].utf8), as: UTF8.self)) }
        credentials.removeAll(keepingCapacity: true)
        principals.removeAll(keepingCapacity: true)
        routes.removeAll(keepingCapacity: true)
    }

    /// In the order of a request, each for all requests of the turn.
    var steps: [() -> Void] { [readKeys, identify, match, ask, count] }

    func readKeys() {
        for shown in shown { credentials.append(office.gate.policies.read(shown)) }
    }

    private func identify() {
        let now = Int64(WallClock.secondsSince1970)
        for credentials in credentials {
            principals.append(
                allowed { () throws(SluiceError) in
                    try office.gate.policies.identify(credentials, kinds: .apiKeys, nowSeconds: now)
                })
        }
    }

    private func match() {
        for request in requests {
            let route = allowed { () throws(SluiceError) in try office.gate.routes.match(request) { _ in true } }
            routes.append(Attempts(route: route, start: .now, now: .now).route)
        }
    }

    private func ask() {
        let now = Int64(WallClock.secondsSince1970)
        for index in requests.indices {
            allowed { () throws(SluiceError) in
                try office.gate.authorize(
                    principals[index], .infer, model: requests[index].model ?? "", at: credentials[index].place,
                    nowSeconds: now)
            }
        }
    }

    private func count() {
        for index in requests.indices { count(principals[index].consumer, routes[index], routes[index].targets[0]) }
    }

    private func count(_ consumer: Consumer, _ route: Route, _ model: Route.Model) {
        let place = PolicyEngine.QuotaPlace(route: route.index, model: model.index)
        guard case .admitted(let reservation, _) = office.gate.policies.admit(consumer, place, facts: facts, now: .now)
        else { fatalError("a quota that is far too large refused a request") }
        reservation.settle(facts, isSuccess: true, now: .now)
    }

    /// One request after the other, as `Inference` asks.
    func serve() {
        for (request, credentials) in zip(requests, credentials) {
            let now = Int64(WallClock.secondsSince1970)
            let (route, principal) = allowed { () throws(SluiceError) in
                let found = try office.gate.route(request, credentials: credentials, nowSeconds: now)
                try office.gate.authorize(
                    found.1, .infer, model: request.model ?? "", at: credentials.place, nowSeconds: now)
                return found
            }
            let attempts = Attempts(route: route, start: .now, now: .now)
            count(principal.consumer, route, attempts.current.model)
        }
    }

    private func allowed<Found>(_ work: () throws(SluiceError) -> Found) -> Found {
        do throws(SluiceError) {
            return try work()
        } catch {
            fatalError("a request was refused that should not be: \(error.message)")
        }
    }
}
