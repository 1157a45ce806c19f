import Configuration
import Routing
import Tensors
import Testing

@Suite struct RouteConditionTests {
    private static func conditioned(
        _ name: String, model: String? = "m", _ change: (inout RouteConditions) -> Void
    ) -> RouteConfiguration {
        var route = route(name, model: model)
        change(&route.conditions)
        return route
    }

    private static func find(
        _ table: RouteTable, _ request: RouteRequest, callers: Set<String> = []
    ) throws -> String {
        try table.match(request) { (route) throws(SluiceError) in callers.contains(route.name) }.name
    }

    @Test func pathsAndHeaderFieldsMustFitAsThePatternsSay() throws {
        let table = RouteTable(
            configuration([
                Self.conditioned("chat") { $0.paths = ["/v1/chat/*", "/v1/completions"] },
                Self.conditioned("beta") {
                    $0.headers = [.init("x-channel", ["beta", "alpha-*"]), .init("x-tenant", ["*"])]
                },
                route("rest", model: "m"),
            ]))
        #expect(table.fieldNames == ["x-channel", "x-tenant"])
        let cases: [(String, [String: String], String)] = [
            ("/v1/chat/completions", [:], "chat"), ("/v1/completions", [:], "chat"), ("/v1/infer/m", [:], "rest"),
            ("/v1/infer/m", ["x-channel": "beta", "x-tenant": "a"], "beta"),
            ("/v1/infer/m", ["x-channel": "alpha-7", "x-tenant": ""], "beta"),
            ("/v1/infer/m", ["x-channel": "beta"], "rest"),
            ("/v1/infer/m", ["x-channel": "Beta", "x-tenant": "a"], "rest"),
            ("/v1/infer/m", ["x-channel": "beta, beta", "x-tenant": "a"], "rest"),
        ]
        for (path, fields, name) in cases {
            #expect(try Self.find(table, RouteRequest(model: "m", path: path, fields: fields)) == name)
        }
    }

    @Test func callersAreAskedForOnlyWhereARouteCouldTakeTheRequest() throws {
        let table = RouteTable(
            configuration([
                Self.conditioned("gold", model: "other") { $0.consumers = ["acme"] },
                Self.conditioned("acme") { $0.consumers = ["acme"] },
                route("rest", model: "m"),
            ]))
        var asked: [String] = []
        let route = try table.match(RouteRequest(model: "m")) { (route) throws(SluiceError) in
            asked.append(route.name)
            return false
        }
        #expect(route.name == "rest" && asked == ["acme"])
        #expect(try Self.find(table, RouteRequest(model: "m"), callers: ["acme"]) == "acme")
        let error = #expect(throws: SluiceError.self) {
            _ = try table.match(RouteRequest(model: "m")) { (_) throws(SluiceError) in
                throw SluiceError(.unauthenticated, "no")
            }
        }
        #expect(error?.code == .unauthenticated)
    }

    @Test func callersAreConsumersOrMembersAndTheirTokensSayWhatIsAsked() throws {
        var conditions = RouteConditions()
        conditions.consumers = ["acme"]
        conditions.groups = ["research"]
        conditions.claims = [.init("realm.roles", ["admin", "ops-*"])]
        var one = route("r", model: "m")
        one.conditions = conditions
        let caller = try #require(RouteTable(configuration([one])).routes[0].caller)
        func holds(_ consumer: String, _ groups: [String], _ roles: [String]) -> Bool {
            caller.holds(consumer: consumer, groups: groups) { $0 == "realm.roles" ? roles : [] }
        }
        #expect(holds("acme", [], ["user", "admin"]))
        #expect(holds("lab", ["x", "research"], ["ops-7"]))
        #expect(!holds("lab", ["x"], ["admin"]))
        #expect(!holds("acme", [], ["user"]) && !holds("acme", [], []))
    }

    @Test func theNextRouteIsSoughtBehindOneThatDidNotTakeTheInputs() throws {
        var input = RouteConditions.Input("X")
        input.maxElements = 10
        let table = RouteTable(
            configuration([
                Self.conditioned("small") { $0.inputs = [input] }, route("csv", model: "m", types: ["text/csv"]),
                route("large", model: "m"),
            ]))
        let request = RouteRequest(model: "m", contentType: "application/json")
        let first = try table.match(request) { _ in false }
        let next = try table.match(request, behind: first) { _ in false }
        #expect((first.name, next.name) == ("small", "large"))
        #expect(throws: SluiceError.self) { try table.match(request, behind: next) { _ in false } }
    }

    @Test func inputsAreHeldAgainstTypeShapeAndNumber() throws {
        var input = RouteConditions.Input("X")
        input.dataTypes = ["FP32", "FP64"]
        input.shape = [-1, 4]
        input.minElements = 8
        input.maxElements = 400
        var one = route("r", model: "m")
        one.conditions.inputs = [input]
        let compiled = RouteTable(configuration([one])).routes[0]
        let cases: [(DataType, [Int], String?)] = [
            (.fp32, [2, 4], nil), (.fp64, [100, 4], nil),
            (.int8, [2, 4], "input \"X\" is INT8, not FP32 or FP64"),
            (.fp32, [4, 2], "input \"X\" has the shape [4,2], not [-1,4]"),
            (.fp32, [8], "input \"X\" has the shape [8], not [-1,4]"),
            (.fp32, [1, 4], "input \"X\" has 4 elements, not 8 to 400"),
            (.fp32, [101, 4], "input \"X\" has 404 elements, not 8 to 400"),
        ]
        for (type, shape, mismatch) in cases {
            let bytes = Array(repeating: UInt8(0), count: shape.reduce(1, *) * type.byteWidth)
            let tensor = try Tensor(name: "X", dataType: type, shape: shape, copying: bytes)
            #expect(compiled.mismatch(with: [tensor]) == mismatch)
        }
        #expect(compiled.mismatch(with: []) == "there is no input \"X\"")
    }

    @Test func aNameWhoseRoutesAllWantSomethingElseIsNotFound() {
        let table = RouteTable(configuration([Self.conditioned("beta") { $0.headers = [.init("x-beta", ["*"])] }]))
        let error = #expect(throws: SluiceError.self) { try table.match(model: "m", contentType: nil) }
        #expect(error?.code == .modelNotFound)
        #expect(error?.message == "no route takes this request for model 'm'")
    }

    @Test func whomARouteIsNotForLearnsNothingOfIt() {
        var typed = Self.conditioned("acme") { $0.consumers = ["acme"] }
        typed.contentTypes = ["text/csv"]
        let table = RouteTable(
            configuration([
                typed, Self.conditioned("beta") { ($0.groups, $0.headers) = (["lab"], [.init("x-beta", ["*"])]) },
                route("other", model: "n"),
            ]))
        for type in ["text/csv", "application/json"] {
            let error = #expect(throws: SluiceError.self) { try table.match(model: "m", contentType: type) }
            #expect(error?.code == .modelNotFound)
            #expect(error?.message.hasPrefix("Request for unknown model: 'm'") == true)
        }
    }

    @Test func listingsShowANameOnlyToThoseWhomARouteAsksFor() throws {
        let table = RouteTable(configuration([Self.conditioned("acme") { $0.consumers = ["acme"] }]))
        #expect(try table.match(name: "m").name == "acme")
        #expect(throws: SluiceError.self) { try table.match(name: "m") { _ in false } }
    }
}
