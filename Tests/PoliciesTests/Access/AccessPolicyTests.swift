import Configuration
@testable import Policies
import Tensors
import Testing

@Suite struct AccessPolicyTests {
    private static let place = AccessPlace(listener: "public", address: NetworkAddress("10.1.2.3"))
    /// A Monday, 10:00 UTC.
    private static let monday: Int64 = 1_795_428_000

    private static func rule(
        _ models: [String], _ operations: Set<AccessOperation> = AccessOperation.standard,
        _ change: (inout AccessRule) -> Void = { _ in }
    ) -> AccessRule {
        var rule = AccessRule(models: models, operations: operations)
        change(&rule)
        return rule
    }

    private static func denial(_ models: [String], _ change: (inout AccessRule) -> Void = { _ in }) -> AccessRule {
        rule(models, Set(AccessOperation.allCases), change)
    }

    private static func decide(
        _ policy: AccessPolicy, _ operation: AccessOperation, _ model: String?, at place: AccessPlace = place,
        claims: [Bool] = [], now: Int64 = monday
    ) -> AccessPolicy.Decision {
        policy.decide(operation, model: model, place: place, claims: claims, nowSeconds: now)
    }

    @Test func nothingIsAllowedThatNoRuleAllows() {
        let policy = AccessPolicy(allow: [], deny: [])
        for operation in AccessOperation.allCases {
            #expect(Self.decide(policy, operation, "iris") == .refused(.notAllowed, isKnown: false))
        }
        #expect(Self.decide(policy, .admin, nil) == .refused(.notAllowed, isKnown: false))
    }

    @Test func aPlainRuleIsForUseAndSight() {
        let policy = AccessPolicy(allow: [Self.rule(["iris", "vision/*"])], deny: [])
        for model in ["iris", "vision/x"] {
            #expect(Self.decide(policy, .infer, model) == .allowed)
            #expect(Self.decide(policy, .metadata, model) == .allowed)
            #expect(Self.decide(policy, .learn, model) == .refused(.notAllowed, isKnown: true))
        }
        #expect(Self.decide(policy, .infer, "other") == .refused(.notAllowed, isKnown: false))
        #expect(!policy.administers)
    }

    /// Rules for names spelt out and for patterns are found by different ways: they must come to the same.
    @Test(arguments: [["vision/x"], ["vision/*"], ["*"], ["vision/x", "v*"]])
    func whatIsDeniedNoRuleAllows(models: [String]) {
        let policy = AccessPolicy(
            allow: [Self.rule(["*"]), Self.rule(["vision/x"], [.learn])], deny: [Self.denial(models)])
        for operation in [AccessOperation.infer, .metadata, .learn] {
            #expect(Self.decide(policy, operation, "vision/x") == .refused(.denied, isKnown: false))
        }
        let isOther = models != ["*"]
        #expect((Self.decide(policy, .infer, "iris") == .allowed) == isOther)
    }

    @Test func whatIsDeniedForUseMayStillBeSeen() {
        let policy = AccessPolicy(allow: [Self.rule(["*"])], deny: [Self.rule(["iris"], [.infer])])
        #expect(Self.decide(policy, .infer, "iris") == .refused(.denied, isKnown: true))
        #expect(Self.decide(policy, .metadata, "iris") == .allowed)
    }

    @Test func sightAloneIsNoUseAndUseAloneIsNoSight() {
        let seen = AccessPolicy(allow: [Self.rule(["iris"], [.metadata])], deny: [])
        #expect(Self.decide(seen, .infer, "iris") == .refused(.notAllowed, isKnown: true))
        let used = AccessPolicy(allow: [Self.rule(["iris"], [.infer])], deny: [])
        #expect(Self.decide(used, .infer, "iris") == .allowed)
        #expect(Self.decide(used, .metadata, "iris") == .refused(.notAllowed, isKnown: false))
    }

    /// Rules that only name models go another way than those with conditions: where these hold, both come to the same.
    @Test func rulesWithoutConditionsMeanWhatTheyMeanWithSomeThatHold() throws {
        let anywhere = try #require(AddressRange("0.0.0.0/0"))
        let lists: [[[String]]] = [[], [["iris"]], [["*"]], [["v*", "iris"]], [["iris"], ["vision/x"]]]
        let denied: [Set<AccessOperation>] = [Set(AccessOperation.allCases), AccessOperation.standard, [.infer]]
        var count = 0
        for allow in lists {
            for deny in lists {
                for operations in denied {
                    func policy(_ change: (inout AccessRule) -> Void) -> AccessPolicy {
                        AccessPolicy(
                            allow: allow.map { Self.rule($0, AccessOperation.standard, change) },
                            deny: deny.map { Self.rule($0, operations, change) })
                    }
                    let (plain, conditional) = (policy { _ in }, policy { $0.addresses = [anywhere] })
                    for operation in AccessOperation.allCases {
                        for model in ["iris", "vision/x", "other"] {
                            #expect(
                                Self.decide(plain, operation, model) == Self.decide(conditional, operation, model),
                                "\(allow) \(deny) \(operations) \(operation) \(model)")
                            count += 1
                        }
                    }
                }
            }
        }
        #expect(count == 5 * 5 * 3 * 5 * 3)
    }

    @Test func rulesAreForTheirListenersAndAddresses() throws {
        let range = try #require(AddressRange("10.0.0.0/8"))
        let policy = AccessPolicy(
            allow: [
                Self.rule(["a"]) { $0.listeners = ["internal"] }, Self.rule(["b"]) { $0.addresses = [range] },
            ], deny: [])
        #expect(Self.decide(policy, .infer, "a") == .refused(.notAllowed, isKnown: false))
        var inside = Self.place
        inside.listener = "internal"
        #expect(Self.decide(policy, .infer, "a", at: inside) == .allowed)
        #expect(Self.decide(policy, .infer, "b") == .allowed)
        for text in ["11.0.0.1", "::1", "2001:db8::10"] {
            let outside = AccessPlace(listener: "public", address: NetworkAddress(text))
            #expect(Self.decide(policy, .infer, "b", at: outside) == .refused(.notAllowed, isKnown: false))
        }
        // An IPv4 address in IPv6's clothes is the same machine; one that isn't known is nobody's.
        let mapped = AccessPlace(listener: "public", address: NetworkAddress("::ffff:10.0.0.1"))
        #expect(Self.decide(policy, .infer, "b", at: mapped) == .allowed)
        let unknown = AccessPlace(listener: "public", address: nil)
        #expect(Self.decide(policy, .infer, "b", at: unknown) == .refused(.notAllowed, isKnown: false))
    }

    @Test func hoursRefuseAndDoNotHide() {
        let hours = AccessHours(days: [0], spans: [.init(begin: 480, end: 1_080)])
        let policy = AccessPolicy(allow: [Self.rule(["iris"]) { $0.hours = hours }], deny: [])
        #expect(Self.decide(policy, .infer, "iris") == .allowed)
        let evening = Self.monday + 8 * 3_600
        #expect(Self.decide(policy, .infer, "iris", now: evening) == .refused(.hours, isKnown: true))
        #expect(Self.decide(policy, .metadata, "iris", now: evening) == .allowed)
        let closed = AccessPolicy(allow: [Self.rule(["*"])], deny: [Self.denial(["iris"]) { $0.hours = hours }])
        #expect(Self.decide(closed, .infer, "iris") == .refused(.denied, isKnown: true))
        #expect(Self.decide(closed, .metadata, "iris") == .allowed)
        #expect(Self.decide(closed, .infer, "iris", now: evening) == .allowed)
    }

    @Test func administrationIsOfNoModel() {
        let policy = AccessPolicy(
            allow: [Self.rule(["*"], [.admin]), Self.rule(["iris"], [.load])], deny: [Self.denial(["iris"])])
        #expect(policy.administers)
        #expect(Self.decide(policy, .admin, nil) == .allowed, "a rule that denies a model is about that model")
        #expect(Self.decide(policy, .load, "iris") == .refused(.denied, isKnown: false))
        let denied = AccessPolicy(allow: [Self.rule(["*"], [.admin])], deny: [Self.denial(["*"])])
        #expect(Self.decide(denied, .admin, nil) == .refused(.denied, isKnown: false))
    }

    @Test(
        arguments: [
            (["role": .string("trainer")], true), (["role": .string("reader")], false), ([:], false),
            (["role": .list([.string("x"), .string("trainer")])], true),
            (["role": .list([.list([.string("trainer")])])], false),
            (["role": .members(["trainer": .bool(true)])], false), (["role": .null], false),
        ] as [([String: ClaimValue], Bool)]) func tokensMustSayWhatRulesAsk(claims: [String: ClaimValue], holds: Bool)
    {
        let policy = AccessPolicy(
            allow: [Self.rule(["iris"]) { $0.claims = [.init(name: "role", values: ["admin", "trainer"])] }], deny: [])
        let held = policy.claimConditions.map { $0.holds(for: Claims(claims)) }
        #expect((Self.decide(policy, .infer, "iris", claims: held) == .allowed) == holds)
        #expect(Self.decide(policy, .infer, "iris") == .refused(.notAllowed, isKnown: false), "no token, no claim")
    }

    @Test func claimsAreTextsNumbersTruthsAndScopes() {
        func holds(_ name: String, _ value: String, _ claims: Claims) -> Bool {
            ClaimCondition([.init(name: name, values: [value])])?.holds(for: claims) == true
        }
        let claims = Claims([
            "level": .number(3), "half": .number(0.5), "staff": .bool(true), "scope": .string("read write"),
            "text": .string("read write"), "realm": .members(["roles": .list([.string("a")])]),
        ])
        #expect(holds("level", "3", claims) && holds("half", "0.5", claims) && holds("staff", "true", claims))
        #expect(holds("scope", "write", claims) && !holds("scope", "read write", claims))
        #expect(holds("text", "read write", claims) && !holds("text", "write", claims))
        #expect(holds("realm.roles", "a", claims) && !holds("realm", "a", claims))
        let both = ClaimCondition([.init(name: "level", values: ["3"]), .init(name: "staff", values: ["false"])])
        #expect(both?.holds(for: claims) == false, "all of them must hold")
    }

    /// A policy with conditions is asked as the plain one is, and has to agree with it.
    @Test func bothWaysToAskAgree() {
        var generator = SeededGenerator(seed: 11)
        func pattern() -> String {
            String(
                (0..<Int.random(in: 1...3, using: &generator)).map { _ in "ab*".randomElement(using: &generator) ?? "a"
                })
        }
        var allowed = 0
        for _ in 0..<5_000 {
            let models = (0..<3).map { _ in pattern() }
            let plain = AccessPolicy(allow: [Self.rule(models)], deny: [])
            let ruled = AccessPolicy(
                allow: [Self.rule(models), Self.rule(["never"]) { $0.listeners = ["none"] }], deny: [])
            let name = String((0..<3).map { _ in "ab".randomElement(using: &generator) ?? "a" })
            let expected = Self.decide(plain, .infer, name)
            #expect(Self.decide(ruled, .infer, name) == expected, "\(models) \(name)")
            if expected == .allowed { allowed += 1 }
        }
        #expect((500...4_500).contains(allowed))
    }
}

@Suite struct AccessClockTests {
    /// Seconds since 1970 of a Monday, midnight in UTC.
    private static let monday: Int64 = 1_795_392_000

    private static func holds(_ hours: AccessHours, day: Int64, _ hour: Int64, _ minute: Int64 = 0) -> Bool {
        AccessClock(hours).holds(nowSeconds: monday + day * 86_400 + hour * 3_600 + minute * 60)
    }

    @Test func hoursBeginAndEndToTheMinute() {
        let hours = AccessHours(days: [0, 1], spans: [.init(begin: 480, end: 1_080)])
        #expect(!Self.holds(hours, day: 0, 7, 59) && Self.holds(hours, day: 0, 8))
        #expect(Self.holds(hours, day: 1, 17, 59) && !Self.holds(hours, day: 1, 18))
        #expect(!Self.holds(hours, day: 2, 12) && !Self.holds(hours, day: 6, 12) && !Self.holds(hours, day: -1, 12))
    }

    @Test func aNightIsOfTheDayOnWhichItBegan() {
        let hours = AccessHours(days: [4], spans: [.init(begin: 1_320, end: 360)])
        #expect(Self.holds(hours, day: 4, 23) && Self.holds(hours, day: 5, 5, 59))
        #expect(!Self.holds(hours, day: 4, 5) && !Self.holds(hours, day: 5, 6) && !Self.holds(hours, day: 5, 23))
    }

    @Test func wholeDaysAndTheEndOfADay() {
        #expect(Self.holds(AccessHours(days: [6]), day: 6, 23, 59) && !Self.holds(AccessHours(days: [6]), day: 7, 0))
        let late = AccessHours(spans: [.init(begin: 1_200, end: 1_440)])
        #expect(Self.holds(late, day: 3, 23, 59) && !Self.holds(late, day: 4, 0))
    }

    /// 2027-03-28: Berlin's clocks go from 02:00 to 03:00, at 01:00 UTC.
    @Test func clocksOfAZoneChangeWithItsSummer() {
        let hours = AccessHours(spans: [.init(begin: 480, end: 540)], zone: "Europe/Berlin")
        let clock = AccessClock(hours)
        let saturday: Int64 = 1_806_105_600
        #expect(clock.holds(nowSeconds: saturday + 7 * 3_600) && !clock.holds(nowSeconds: saturday + 6 * 3_600))
        let sunday = saturday + 86_400
        #expect(clock.holds(nowSeconds: sunday + 6 * 3_600) && !clock.holds(nowSeconds: sunday + 7 * 3_600))
        // What is kept of one minute is of no other, not even where a clock is set back.
        #expect(clock.holds(nowSeconds: saturday + 7 * 3_600 + 59))
        #expect(!clock.holds(nowSeconds: saturday + 8 * 3_600) && clock.holds(nowSeconds: saturday + 7 * 3_600))
    }
}

@Suite struct RefusalTests {
    private static func principal(_ policy: AccessPolicy) -> Principal {
        Principal(
            Consumer(
                name: "acme", access: policy,
                quotas: QuotaLedger(consumer: "acme", policies: [], now: .init(nanoseconds: 0))))
    }

    @Test(
        arguments: [
            (.notAllowed, .infer, "consumer \"acme\" may not use model \"iris\""),
            (.denied, .learn, "consumer \"acme\" may not teach model \"iris\": a rule denies it"),
            (.hours, .load, "consumer \"acme\" may not load or unload model \"iris\" at this time"),
        ] as [(AccessPolicy.Reason, AccessOperation, String)])
    func saysWhoMayNotDoWhat(reason: AccessPolicy.Reason, operation: AccessOperation, text: String) {
        let error = Self.principal(AccessPolicy(allow: [], deny: [])).refusal(reason, of: operation, model: "iris")
        #expect(error.code == .forbidden)
        #expect(error.message == text)
        #expect(
            error.detail == [.init("consumer", "acme"), .init("reason", reason.rawValue), .init("model", "iris")])
    }

    @Test func showsNoEndlessName() {
        let endless = "e" + String(repeating: "\u{301}", count: 100_000)
        let error = Self.principal(AccessPolicy(allow: [], deny: [])).refusal(.denied, of: .infer, model: endless)
        #expect(error.message.utf8.count < 1_000 && "\(error.detail)".utf8.count < 2_000)
    }
}
