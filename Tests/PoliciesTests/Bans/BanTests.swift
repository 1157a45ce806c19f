import Configuration
import NIOConcurrencyHelpers
import Policies
import Tensors
import Testing

/// Bans as callers meet them, and what is tried to get round them.
@Suite struct BanTests {
    private static let start = MonotonicTime(nanoseconds: 0)
    private let begun = NIOLockedValueBox<[BanGuard.Kind]>([])

    private func engine(_ ban: BanConfiguration?, previous: PolicyEngine? = nil) -> PolicyEngine {
        var configuration = GatewayConfiguration(
            listeners: [], plugins: [], models: [], auth: .apiKeys(header: "authorization"),
            consumers: [
                ConsumerConfiguration(
                    name: "acme", keys: [.init(id: "k1", sha256: KeyDigest(of: "slk_k1_right").hex)],
                    allowedModels: ["*"], limits: [], location: SourceLocation(line: 1, column: 1))
            ], limits: [], routes: [], observability: ObservabilityConfiguration(), drain: .seconds(25))
        configuration.ban = ban
        configuration.admin = AdminConfiguration(keys: [.init(id: "ops", sha256: KeyDigest(of: "slk_ops_right").hex)])
        let begun = begun
        return PolicyEngine(
            configuration, previous: previous,
            observer: PolicyObserver(banned: { kind, _ in begun.withLockedValue { $0.append(kind) } }), now: Self.start)
    }

    private static let ban = BanConfiguration(
        failures: 3, within: .seconds(60), lasts: .seconds(300), exempt: [AddressRange("10.9.0.0/16")!])

    /// The code of what comes of a key from an address; `nil` where it opens.
    private func ask(
        _ engine: PolicyEngine, _ key: String?, from address: String, now: Int64, asAdministrator: Bool = false
    ) -> SluiceError? {
        let shown = ShownCredentials(
            key: key.map { "Bearer \($0)" }, peer: Peer(address: NetworkAddress(address)))
        do throws(SluiceError) {
            if asAdministrator {
                _ = try engine.identifyAdministrator(shown, nowSeconds: now)
            } else {
                _ = try engine.identify(engine.read(shown), kinds: .apiKeys, nowSeconds: now)
            }
            return nil
        } catch {
            return error
        }
    }

    @Test func anAddressThatFailsTooOftenGetsNothingForAWhile() {
        let engine = engine(Self.ban)
        for (index, key) in ["a-wrong-one", "another-one", "third-of-it"].enumerated() {
            #expect(ask(engine, key, from: "192.0.2.1", now: Int64(index))?.code == .unauthenticated)
        }
        let banned = ask(engine, "slk_k1_right", from: "192.0.2.1", now: 3)
        #expect(banned?.code == .banned)
        #expect(banned?.retryAfterNanoseconds == 299_000_000_000)
        #expect(banned?.message == "too many failures to prove who is asking; try again in 299s")
        #expect(ask(engine, "slk_k1_right", from: "192.0.2.2", now: 3) == nil)
        #expect(ask(engine, "slk_k1_right", from: "192.0.2.1", now: 302) == nil)
        #expect(begun.withLockedValue { $0 } == [.address])
    }

    /// One machine by other spellings: IPv4 in IPv6, other addresses of its network, another header, a zone.
    @Test(arguments: [
        ("192.0.2.1", "::ffff:192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2:a:b:c:d"),
        ("fe80::1", "fe80::1%eth0"),
    ]) func anotherSpellingIsTheSameAddress(first: String, second: String) {
        let engine = engine(Self.ban)
        for now in Int64(0)..<3 { _ = ask(engine, "guess-\(now)-of-it", from: first, now: now) }
        #expect(ask(engine, "slk_k1_right", from: second, now: 3)?.code == .banned)
    }

    @Test func anotherNetworkIsAnother() {
        let engine = engine(Self.ban)
        for now in Int64(0)..<3 { _ = ask(engine, "guess-\(now)-of-it", from: "2001:db8:1:2::1", now: now) }
        #expect(ask(engine, "slk_k1_right", from: "2001:db8:1:3::1", now: 3) == nil)
    }

    /// Guesses at one key from as many addresses as there are guesses; whoever has the right one isn't shut out by them.
    @Test func guessesAtOneKeyAreShutOutWhereverTheyComeFrom() {
        let engine = engine(Self.ban)
        for now in Int64(0)..<3 {
            #expect(ask(engine, "slk_k1_guess\(now)", from: "192.0.2.\(now)", now: now)?.code == .unauthenticated)
        }
        #expect(ask(engine, "slk_k1_guess3", from: "198.51.100.7", now: 3)?.code == .banned)
        #expect(ask(engine, "slk_k2_guess3", from: "198.51.100.8", now: 3)?.code == .unauthenticated)
        #expect(ask(engine, "slk_k1_right", from: "198.51.100.9", now: 3) == nil)
        #expect(begun.withLockedValue { $0 } == [.key])
    }

    @Test func whoShowsNothingHasNotFailed() {
        let engine = engine(Self.ban)
        for now in Int64(0)..<50 { #expect(ask(engine, nil, from: "192.0.2.1", now: now)?.code == .unauthenticated) }
        #expect(ask(engine, "slk_k1_right", from: "192.0.2.1", now: 50) == nil)
    }

    @Test func proxiesAreExemptAndAdministratorsAreNot() {
        let engine = engine(Self.ban)
        for now in Int64(0)..<50 {
            #expect(ask(engine, "guess-\(now)-of-it", from: "10.9.1.1", now: now)?.code == .unauthenticated)
        }
        for now in Int64(0)..<3 {
            _ = ask(engine, "slk_ops_\(now)", from: "192.0.2.1", now: now, asAdministrator: true)
        }
        #expect(ask(engine, "slk_ops_right", from: "192.0.2.1", now: 3, asAdministrator: true)?.code == .banned)
        #expect(ask(engine, "slk_k1_right", from: "192.0.2.1", now: 3)?.code == .banned)
    }

    @Test func bansOutliveAReloadThatMeansTheSame() {
        let first = engine(Self.ban)
        for now in Int64(0)..<3 { _ = ask(first, "guess-\(now)-of-it", from: "192.0.2.1", now: now) }
        #expect(ask(engine(Self.ban, previous: first), "slk_k1_right", from: "192.0.2.1", now: 3)?.code == .banned)
        #expect(ask(engine(nil, previous: first), "slk_k1_right", from: "192.0.2.1", now: 3) == nil)
    }
}
