import Configuration
import Routing
import Tensors
import Testing

@Suite struct FallbackSignatureTests {
    private static func signature(
        x: [Int]? = [-1, 4], type: DataType = .fp32, y: [Int]? = [-1], outputs: [String] = ["y"],
        moreInputs: [TensorSpec] = []
    ) -> ModelSignature {
        ModelSignature(
            inputs: [TensorSpec(name: "x", dataType: type, shape: x)] + moreInputs,
            outputs: outputs.map { TensorSpec(name: $0, dataType: .int64, shape: y) })
    }

    private static func messages(target: ModelSignature? = nil, rung: ModelSignature? = nil) throws -> [String] {
        let table = RouteTable(
            configuration([
                route("r", model: "m", to: [("a", 1)] + (target == nil ? [] : [("b", 1)]), fallback: [([.any], "c")])
            ]))
        var signatures = ["a": signature()]
        signatures["b"] = target
        signatures["c"] = rung
        let diagnostics = FallbackSignature.diagnostics(
            for: try table.match(model: "m", contentType: nil), signatures: signatures)
        #expect(diagnostics.allSatisfy { $0.severity == .error && $0.location != somewhere })
        return diagnostics.map(\.message)
    }

    // MARK: Answers that the file gives, and scores

    /// What is said of a chain of `a`, which takes rows where `batching` says so, and that rung.
    private static func messages(
        of action: RouteConfiguration.Rung.Action, bound: RouteConfiguration.LowConfidence? = nil,
        batching: ModelSignature.Batching = .none
    ) throws -> [String] {
        var rung = RouteConfiguration.Rung(when: [.any], action: action, location: SourceLocation(line: 9, column: 9))
        rung.lowConfidence = bound
        let table = RouteTable(configuration([route("r", model: "m", to: [("a", 1)], rungs: [rung])]))
        var signature = ModelSignature(
            inputs: [TensorSpec(name: "x", dataType: .fp32, shape: [-1, 4])],
            outputs: [
                TensorSpec(name: "y", dataType: .fp32, shape: [-1, 3]),
                TensorSpec(name: "label", dataType: .bytes, shape: [-1]),
            ])
        signature.batching = batching
        return FallbackSignature.diagnostics(
            for: try table.match(model: "m", contentType: nil), signatures: ["a": signature]
        ).map(\.message)
    }

    private static func answer(
        y: [Int] = [1, 3], type: ElementType = .fp32, label: String = "label"
    ) -> RouteConfiguration.Rung.Action {
        let scores = Array(repeating: ConfigurationValue.double(0.5), count: y.reduce(1, *))
        return .answer([
            FixedOutput(name: "y", dataType: type, shape: y, data: scores, location: somewhere),
            FixedOutput(name: label, dataType: .bytes, shape: [1], data: [.string("?")], location: somewhere),
        ])
    }

    @Test func anAnswerIsMeasuredByTheModels() throws {
        let intro = "route \"r\": its answer can't stand in for \"a\": "
        #expect(try Self.messages(of: Self.answer()).isEmpty)
        #expect(try Self.messages(of: Self.answer(), batching: .concat).isEmpty)
        #expect(try Self.messages(of: Self.answer(y: [2, 3])).isEmpty, "the model has any number of rows")
        #expect(
            try Self.messages(of: Self.answer(y: [2, 3]), batching: .list) == [
                intro + "its output \"y\" has 2 rows; write one, which is repeated for each row"
            ])
        #expect(
            try Self.messages(of: Self.answer(y: [1, 4])) == [intro + "its output \"y\" is FP32[1,4], not FP32[-1,3]"])
        #expect(
            try Self.messages(of: Self.answer(type: .fp64)) == [
                intro + "its output \"y\" is FP64[1,3], not FP32[-1,3]"
            ])
        #expect(
            try Self.messages(of: Self.answer(label: "lable")) == [
                intro + "it has no output \"label\" (BYTES[-1]); it has one more output, \"lable\" (BYTES[1])"
            ])
    }

    @Test(
        arguments: [
            ("y", nil), ("z", "has no output \"z\"; it has \"y\", \"label\""),
            ("label", "answers text as \"label\", and no numbers"),
        ] as [(String, String?)])
    func scoresMustBeNumbersOfTheModels(output: String, fault: String?) throws {
        let messages = try Self.messages(of: .model("a"), bound: .init(output: output, below: 0.5))
        #expect(messages == (fault.map { ["route \"r\": low_confidence: \"a\" " + $0] } ?? []))
    }

    @Test func equalModelsStandInForEachOther() throws {
        #expect(try Self.messages(target: Self.signature(), rung: Self.signature()).isEmpty)
    }

    @Test func modelsThatAreNotLoadedAreLeftOut() throws {
        #expect(try Self.messages().isEmpty)
    }

    @Test func aFallbackMayTakeMore() throws {
        #expect(try Self.messages(rung: Self.signature(x: nil)).isEmpty)
        #expect(try Self.messages(rung: Self.signature(x: [-1, -1])).isEmpty)
    }

    @Test func aFreeOutputDimensionFitsAnyFixedOne() throws {
        #expect(try Self.messages(rung: Self.signature(y: [1])).isEmpty)
        #expect(try Self.messages(rung: Self.signature(y: nil)).isEmpty)
    }

    private static let intro = "route \"r\": fallback \"c\" can't stand in for \"a\": "

    @Test(arguments: [
        (signature(x: [1, 4]), "its input \"x\" is FP32[1,4], not FP32[-1,4]"),
        (signature(x: [-1, 5]), "its input \"x\" is FP32[-1,5], not FP32[-1,4]"),
        (signature(x: [-1]), "its input \"x\" is FP32[-1], not FP32[-1,4]"),
        (signature(type: .fp64), "its input \"x\" is FP64[-1,4], not FP32[-1,4]"),
        (signature(y: [-1, 3]), "its output \"y\" is INT64[-1,3], not INT64[-1]"),
        (
            signature(outputs: ["z"]),
            "it has no output \"y\" (INT64[-1]); it has one more output, \"z\" (INT64[-1])"
        ),
        (
            signature(moreInputs: [TensorSpec(name: "mask", dataType: .bool, shape: [-1])]),
            "it has one more input, \"mask\" (BOOL[-1])"
        ),
        (ModelSignature(inputs: [], outputs: signature().outputs), "it has no input \"x\" (FP32[-1,4])"),
    ]) func saysAllThatDiffers(rung: ModelSignature, differences: String) throws {
        #expect(try Self.messages(rung: rung) == [Self.intro + differences])
    }

    @Test func targetsOfASplitTakeJustTheSame() throws {
        #expect(
            try Self.messages(target: Self.signature(x: nil))
                == [
                    "route \"r\": target \"b\" can't stand in for \"a\": its input \"x\" is FP32[any rank], not FP32[-1,4]"
                ])
    }

    @Test func pointsAtThePlaceThatNamesTheModel() throws {
        let table = RouteTable(
            configuration([route("r", model: "m", to: [("a", 1)], fallback: [([.any], "b"), ([.any], "c")])]))
        let diagnostics = FallbackSignature.diagnostics(
            for: try table.match(model: "m", contentType: nil),
            signatures: ["a": Self.signature(), "b": Self.signature(), "c": Self.signature(type: .int8)])
        #expect(diagnostics.map(\.location) == [SourceLocation(line: 21, column: 7)])
    }
}
