import Foundation
import Testing

/// Who is shut out after failing too often, over real connections from several addresses of this machine.
struct BanTests {
    private static func yaml(_ ban: String, drain: String = "25s") -> String {
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models: { echo: { plugin: echo } }
        auth: api_keys
        ban: \(ban)
        consumers:
          acme: { keys: [{ id: k1, hash: "sha256:\(PlantedKey.acme.hash)" }], allow: { models: [echo] } }
        drain: \(drain)
        """
    }

    private static func ask(_ gateway: GatewayFixture, _ key: String?, from source: String) throws -> Response {
        var headers: [String: String] = [:]
        headers["Authorization"] = key.map { "Bearer \($0)" }
        headers["X-Forwarded-For"] = "203.0.113.\(Int.random(in: 1...254))"
        return try gateway.request("GET", "/v1/models", headers: headers, from: source)
    }

    @Test func anAddressIsShutOutAndNoOther() throws {
        let gateway = try GatewayFixture(Self.yaml("{ failures: 3, within: 1min, for: 1min }"))
        for number in 1...3 {
            #expect(try Self.ask(gateway, "guess-\(number)-\(UUID())", from: "127.0.0.2").status == 401)
        }
        // Nothing opens now, not even the right key; other addresses don't notice.
        for key in [PlantedKey.acme.text, "another", nil] {
            let refused = try Self.ask(gateway, key, from: "127.0.0.2")
            #expect(refused.status == 429)
            #expect(refused.code == "banned")
            let wait = try #require(refused.headers["retry-after"].flatMap { Int($0) })
            #expect((50...60).contains(wait))
        }
        #expect(try Self.ask(gateway, PlantedKey.acme.text, from: "127.0.0.1").status == 200)
        #expect(try Self.ask(gateway, PlantedKey.acme.text, from: "127.0.0.3").status == 200)
        #expect(try gateway.metric(#"sluice_bans_total{kind="address"}"#) == 1)
        // A reload that leaves the ban's terms as they are lets nobody back in.
        try gateway.write(Self.yaml("{ failures: 3, within: 1min, for: 1min }", drain: "24s"))
        _ = try gateway.hangUp(serves: 2)
        #expect(try Self.ask(gateway, PlantedKey.acme.text, from: "127.0.0.2").status == 429)
    }

    @Test func guessesAtAKeyEndWhileTheKeyItselfOpens() throws {
        let gateway = try GatewayFixture(Self.yaml("{ failures: 4, within: 1min, for: 1min }"))
        for last in 10..<14 {
            #expect(try Self.ask(gateway, "slk_k1_guess\(last)", from: "127.0.0.\(last)").status == 401)
        }
        let refused = try Self.ask(gateway, "slk_k1_guess", from: "127.0.0.20")
        #expect(refused.status == 429 && refused.code == "banned" && refused.headers["retry-after"] != nil)
        #expect(try Self.ask(gateway, "slk_k2_guess", from: "127.0.0.21").status == 401, "another key's guesses go on")
        #expect(try gateway.metric(#"sluice_bans_total{kind="key"}"#) == 1)
        #expect(try Self.ask(gateway, PlantedKey.acme.text, from: "127.0.0.22").status == 200)
    }

    @Test func whoShowsNothingOrIsExemptIsNotShutOut() throws {
        let gateway = try GatewayFixture(
            Self.yaml("{ failures: 2, within: 1min, for: 1min, exempt: [127.0.0.9] }"))
        for _ in 0..<6 { #expect(try Self.ask(gateway, nil, from: "127.0.0.2").status == 401) }
        #expect(try Self.ask(gateway, PlantedKey.acme.text, from: "127.0.0.2").status == 200)
        for number in 0..<6 { #expect(try Self.ask(gateway, "guess-of-\(number)", from: "127.0.0.9").status != 200) }
        #expect(try Self.ask(gateway, PlantedKey.acme.text, from: "127.0.0.9").status == 200)
    }

    @Test func aBanEnds() throws {
        let gateway = try GatewayFixture(Self.yaml("{ failures: 1, within: 1min, for: 1s }"))
        #expect(try Self.ask(gateway, "a-guess", from: "127.0.0.2").status == 401)
        #expect(try eventually { try Self.ask(gateway, PlantedKey.acme.text, from: "127.0.0.2").status == 200 })
    }
}
