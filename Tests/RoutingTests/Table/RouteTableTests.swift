import Configuration
import Routing
import Tensors
import Testing

@Suite struct RouteTableTests {
    private static let table = RouteTable(
        configuration([
            route("pictures", model: "vision/*", types: ["image/*", "application/x-npy"]),
            route("classify", model: "vision/classify"),
            route("iris-csv", model: "iris", types: ["text/csv"]),
            route("iris", model: "iris", types: ["application/json", "text/csv"]),
            route("sound", model: "audio/*"),
            route("unnamed", types: ["audio/wav"]),
        ]))

    @Test func aNameAloneFindsItsFirstRoute() throws {
        #expect(try Self.table.match(name: "iris").name == "iris-csv")
        #expect(try Self.table.match(name: "vision/classify").name == "pictures")
        #expect(try Self.table.match(name: "anything").name == "unnamed")
        let table = RouteTable(configuration([route("iris", model: "iris")]))
        #expect { _ = try table.match(name: "irsi") } throws: { ($0 as? SluiceError)?.code == .modelNotFound }
    }

    @Test(
        arguments: [
            // The first in the file wins, by name and by type.
            ("vision/classify", "image/png", "pictures"),
            ("vision/classify", "application/json", "classify"),
            ("vision/classify", nil, "classify"),
            ("vision/other", "image/png", "pictures"),
            ("iris", "text/csv", "iris-csv"),
            ("iris", "application/json", "iris"),
            ("audio/x", nil, "sound"),
            // Types are compared without case and parameters.
            ("iris", "Text/CSV; charset=utf-8; header=present", "iris-csv"),
            ("iris", "  application/json ;x=\"a;b\"", "iris"),
            ("vision/x", "application/x-npy", "pictures"),
            // A route without a model takes any name, and none.
            (nil, "audio/wav", "unnamed"),
            ("whatever", "audio/wav", "unnamed"),
            ("iris", "audio/wav", "unnamed"),
        ] as [(String?, String?, String)]) func theFirstRouteThatTakesBothWins(
            model: String?, contentType: String?, name: String
        ) throws
    {
        #expect(try Self.table.match(model: model, contentType: contentType).name == name)
    }

    @Test(
        arguments: [
            (
                "vision/x", "text/plain",
                "no route takes bodies of type \"text/plain\" here; it takes image/*, application/x-npy, audio/wav"
            ),
            (
                "iris", "image/png",
                "no route takes bodies of type \"image/png\" here; it takes text/csv, application/json, audio/wav"
            ),
            (
                "iris", nil,
                "no route takes a body without a Content-Type here; it takes text/csv, application/json, audio/wav"
            ),
            (nil, "text/csv", "no route takes bodies of type \"text/csv\" here; it takes audio/wav"),
            (
                "vision/x", "image",
                "no route takes bodies of type \"image\" here; it takes image/*, application/x-npy, audio/wav"
            ),
            ("iris", "", "no route takes bodies of type \"\" here; it takes text/csv, application/json, audio/wav"),
        ] as [(String?, String?, String)]) func namesTheTypesThatAreTaken(
            model: String?, contentType: String?, message: String
        )
    {
        let error = #expect(throws: SluiceError.self) {
            try Self.table.match(model: model, contentType: contentType)
        }
        #expect(error?.code == .unsupportedMediaType)
        #expect(error?.message == message)
    }

    private static let namedOnly = RouteTable(
        configuration([
            route("a", model: "vision/classify"), route("b", model: "iris"), route("c", model: "audio/*"),
        ]))

    @Test(arguments: [
        ("irsi", "Request for unknown model: 'irsi'; did you mean 'iris'?"),
        ("Iris", "Request for unknown model: 'Iris'; did you mean 'iris'?"),
        ("vision/clasify", "Request for unknown model: 'vision/clasify'; did you mean 'vision/classify'?"),
        ("vision", "Request for unknown model: 'vision'"),
        ("gpt-4o", "Request for unknown model: 'gpt-4o'"),
        ("", "Request for unknown model: ''"),
        ("audio", "Request for unknown model: 'audio'"),
    ]) func unknownNamesGetASuggestionWhereOneIsNear(name: String, message: String) {
        let error = #expect(throws: SluiceError.self) { try Self.namedOnly.match(model: name, contentType: nil) }
        #expect(error?.code == .modelNotFound)
        #expect(error?.message == message)
    }

    @Test(arguments: [String(repeating: "x", count: 5_000), "e" + String(repeating: "\u{301}", count: 5_000)])
    func endlessNamesAreShownInPart(name: String) {
        let error = #expect(throws: SluiceError.self) { try Self.namedOnly.match(model: name, contentType: nil) }
        // By scalars: the first mark would make another character of the quote's neighbour.
        let start = "Request for unknown model: '" + String(name.unicodeScalars.prefix(200))
        #expect(error?.message.unicodeScalars.starts(with: start.unicodeScalars) == true)
        #expect((error?.message.utf8.count ?? .max) < 500)
        #expect(error?.message.hasSuffix("…'") == true)
    }

    @Test func requestsWithoutANameAreToldToNameOne() {
        let error = #expect(throws: SluiceError.self) {
            try Self.namedOnly.match(model: nil, contentType: "text/csv")
        }
        #expect(error?.code == .notFound)
        #expect(
            error?.message == "this request names no model: name one in its path or in its body's \"model\"")
        #expect(error?.detail == [.init("models", ["vision/classify", "iris"])])
    }

    @Test func listsPublicNamesOnceInTheOrderOfTheFile() {
        #expect(Self.table.publicNames == ["vision/classify", "iris"])
    }

    @Test func compilesAllThatARouteSays() throws {
        let table = RouteTable(
            configuration(
                [
                    route(
                        "r", model: "m", to: [("b", 3), ("a", 1)], fallback: [([.timeout], "a"), ([.any], "c")],
                        deadline: .milliseconds(1_500))
                ], timeouts: ["a": .seconds(2)], models: ["a", "b", "c"]))
        let route = try table.match(model: "m", contentType: nil)
        #expect(route.targets.map(\.name) == ["b", "a"])
        #expect(route.targets.map(\.index) == [1, 0])
        #expect(route.targets.map(\.timeoutNanoseconds) == [nil, 2_000_000_000])
        #expect(route.fallback.map(\.model?.name) == ["a", "c"])
        #expect(route.deadlineNanoseconds == 1_500_000_000)
        #expect(route.models.map(\.name) == ["b", "a", "c"])
    }

    @Test func agreesWithAScanOfTheFileOnRandomTables() {
        var generator = SplitMix(seed: 11)
        let names = ["a", "b", "ab", "a/b", "b/a"]
        let patterns: [String?] = names + ["a*", "*b", "*/*", "*", nil]
        let types = [[], ["x/y"], ["x/*"], ["*/*"], ["x/z", "w/y"]]
        var found = 0
        for _ in 0..<500 {
            let routes = (0..<Int.random(in: 1...6, using: &generator)).map { index in
                route(
                    "r\(index)", model: patterns.randomElement(using: &generator) ?? nil,
                    types: types.randomElement(using: &generator) ?? [])
            }
            let table = RouteTable(configuration(routes))
            for model in names + ["c", "a/c"] as [String?] + [nil] {
                for type in ["x/y", "x/z", "w/w"] as [String?] + [nil] {
                    let expected = routes.first { route in
                        let takesModel =
                            if let pattern = route.model { model.map(NamePattern(pattern).matches) ?? false } else {
                                true
                            }
                        let takesType =
                            route.contentTypes.isEmpty
                            || route.contentTypes.contains { wanted in
                                type.map { wanted == $0 || wanted == "*/*" || (wanted == "x/*" && $0.hasPrefix("x/")) }
                                    ?? false
                            }
                        return takesModel && takesType
                    }
                    if expected != nil { found += 1 }
                    #expect((try? table.match(model: model, contentType: type))?.name == expected?.name)
                }
            }
        }
        #expect(found > 1_000)
    }
}

/// Gives the same numbers each time.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
