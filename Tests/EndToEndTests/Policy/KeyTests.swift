import Foundation
import Testing

/// The life of keys, by the program and a gateway that reads its file again.
struct KeyTests {
    private static let environment = ["PEPPER_OF_THE_TEST": "a pepper that nobody guesses"]

    /// - Parameter keys: the items of the consumer's `keys`.
    private static func yaml(_ keys: [String]) -> String {
        let consumers =
            keys.isEmpty
            ? ""
            : "consumers:\n  acme:\n    keys:\n\(keys.map { "      - \($0)\n" }.joined())    allow: { models: [echo] }\n"
        return """
            version: 1
            listeners: { public: { address: LISTENER } }
            models: { echo: { plugin: echo } }
            auth: { api_keys: { pepper: env:PEPPER_OF_THE_TEST } }
            \(consumers)
            """
    }

    /// A new key, and the line for the file.
    private static func make(_ id: String, _ gateway: GatewayFixture, _ more: String...) throws -> (
        key: String, item: String
    ) {
        let run = try CommandRun(
            ["key", "new", "--id", id, "--config", gateway.file.path] + more, environment: environment)
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n")
        let key = try #require(lines.first { $0.hasPrefix("key ") }?.split(separator: " ").last)
        let yaml = try #require(lines.first { $0.hasPrefix("yaml ") })
        let item = try #require(yaml.split(separator: "[").last?.split(separator: "]").first)
        return (String(key), String(item))
    }

    private static func status(_ gateway: GatewayFixture, _ key: String) throws -> Int {
        try gateway.post("/v1/infer/echo", "[[1]]", headers: ["Authorization": "Bearer \(key)"]).status
    }

    @Test func keysComeChangeOverAndGo() throws {
        let gateway = try GatewayFixture(Self.yaml([]), environment: Self.environment)
        let first = try Self.make("first", gateway)
        #expect(first.item.contains("hmac-sha256:") && !first.item.contains(first.key))
        #expect(try Self.status(gateway, first.key) == 401, "nothing is known of it yet")
        try gateway.write(Self.yaml([first.item]))
        #expect(try Self.status(gateway, first.key) == 401, "the file isn't read again by itself")
        _ = try gateway.hangUp(serves: 2)
        #expect(try Self.status(gateway, first.key) == 200)

        // Two live keys: the old one works until it is taken out.
        let second = try Self.make("second", gateway)
        try gateway.write(Self.yaml([first.item, second.item]))
        _ = try gateway.hangUp(serves: 3)
        for key in [first.key, second.key] { #expect(try Self.status(gateway, key) == 200) }
        let listed = try CommandRun(
            ["key", "list", gateway.file.path, "--format", "json"], environment: Self.environment)
        let rows = try JSONSerialization.jsonObject(with: Data(listed.output.utf8)) as? [[String: String]]
        #expect(rows?.map { $0["id"] } == ["first", "second"] && rows?.allSatisfy { $0["state"] == "live" } == true)
        #expect(rows?.map { $0["begins"] } == ["slk_first_", "slk_second_"])
        for key in [first.key, second.key] { #expect(!listed.output.contains(key)) }

        let revoked = try CommandRun(["key", "revoke", "first", gateway.file.path], environment: Self.environment)
        #expect(revoked.status == 0, "\(revoked.errors)")
        #expect(try Self.status(gateway, first.key) == 200, "the running gateway hasn't read it yet")
        _ = try gateway.hangUp(serves: 4)
        #expect(try Self.status(gateway, first.key) == 401)
        #expect(try Self.status(gateway, second.key) == 200)
        #expect(
            try CommandRun(["key", "revoke", "first", gateway.file.path], environment: Self.environment).status != 0)
        let left = try CommandRun(["key", "list", gateway.file.path], environment: Self.environment)
        #expect(left.output.contains("second") && !left.output.contains("first"))
    }

    @Test func aKeyEndsWhenItSays() throws {
        let gateway = try GatewayFixture(Self.yaml([]), environment: Self.environment)
        let format = ISO8601DateFormatter()
        let soon = format.string(from: Date().addingTimeInterval(8))
        let late = format.string(from: Date().addingTimeInterval(3_600))
        let ending = try Self.make("ending", gateway, "--expires", soon)
        let staying = try Self.make("staying", gateway, "--expires", late)
        try gateway.write(Self.yaml([ending.item, staying.item]))
        _ = try gateway.hangUp(serves: 2)
        #expect(try Self.status(gateway, ending.key) == 200)
        #expect(try eventually { try Self.status(gateway, ending.key) == 401 })
        let refused = try gateway.post("/v1/infer/echo", "[[1]]", headers: ["Authorization": "Bearer \(ending.key)"])
        #expect(refused.error == "this API key has expired")
        #expect(try Self.status(gateway, staying.key) == 200)
    }

    @Test func aPepperThatIsAnotherOneOpensNothing() throws {
        let gateway = try GatewayFixture(Self.yaml([]), environment: Self.environment)
        let made = try Self.make("k", gateway)
        let other = try GatewayFixture(
            Self.yaml([made.item]), environment: ["PEPPER_OF_THE_TEST": "another pepper, of another deployment"])
        #expect(try Self.status(other, made.key) == 401)
    }
}
