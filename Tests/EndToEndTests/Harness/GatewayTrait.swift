import Testing

/// Runs a whole suite against one gateway: started before its first test, ended after its last.
struct GatewayTrait: SuiteTrait, TestScoping {
    let yaml: String

    @TaskLocal static var current: GatewayFixture?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let gateway = try GatewayFixture(yaml)
        try await Self.$current.withValue(gateway) { try await function() }
        gateway.terminate()
        #expect(gateway.waitForExit() == 0, "the gateway didn't end well: \(gateway.log)")
    }
}

extension Trait where Self == GatewayTrait {
    /// One gateway with this configuration for all tests of the suite; `#require(GatewayTrait.current)` is it.
    static func gateway(_ yaml: String) -> Self { GatewayTrait(yaml: yaml) }
}
