@testable import Gateway
import Configuration
import PluginHost
import Tensors
import Testing

@Suite struct PipelineWiringTests {
    private typealias Fixture = PipelineFixture

    /// What the models of these tests declare, by their names.
    private static func model(_ name: String) -> ModelDescription {
        func spec(_ name: String, _ shape: [Int]?, _ type: DataType = .fp32) -> TensorSpec {
            TensorSpec(name: name, dataType: type, shape: shape)
        }
        func fake(
            _ inputs: [TensorSpec], _ outputs: [TensorSpec], _ batching: ModelSignature.Batching = .none,
            streams: Bool = false, keepsSequences: Bool = false
        ) -> ModelDescription {
            FakeModel(
                batching: batching, inputs: inputs, outputs: outputs, keepsSequences: keepsSequences, streams: streams
            ) { _ in }.description
        }
        switch name {
        case "detect": return fake([spec("x", [-1, 3, -1, -1])], [spec("y", [-1, 1, -1, -1])])
        case "lines":
            return fake(
                [spec("image", [1, 3, -1, -1]), spec("maps", [-1, 1, -1, -1])],
                [spec("crops", [-1, 3, 48, -1]), spec("boxes", [-1, 4, 2])])
        case "read": return fake([spec("crops", [-1, 3, 48, -1])], [spec("text", [-1], .bytes)], .concat)
        case "small": return fake([spec("crops", [-1, 3, 32, -1])], [spec("text", [-1], .bytes)])
        case "words": return fake([spec("text", [-1], .bytes)], [spec("label", [-1], .bytes)], .concat)
        case "tell": return fake([spec("text", nil, .bytes)], [spec("told", nil, .bytes)], streams: true)
        case "listen": return fake([spec("text", [-1], .bytes)], [spec("heard", [-1], .bytes)], keepsSequences: true)
        default: fatalError(name)
        }
    }

    private func wiring(
        _ steps: [PipelineConfiguration.Step], outputs: [String] = [], inputs: [String] = []
    ) throws -> PipelineWiring {
        let configuration = Fixture.configuration(steps, outputs: outputs, inputs: inputs)
        let pipeline = try #require(configuration.pipeline)
        return PipelineWiring(pipeline, models: steps.map { Self.model($0.model.text) })
    }

    private func mistakes(
        _ steps: [PipelineConfiguration.Step], outputs: [String] = [], inputs: [String] = []
    ) throws -> [String] {
        try wiring(steps, outputs: outputs, inputs: inputs).diagnostics.map { diagnostic in
            "\(diagnostic.location.line): \(diagnostic.message)" + (diagnostic.suggestion.map { " | \($0)" } ?? "")
        }
    }

    private static let detect = Fixture.step("detect", line: 1, inputs: ["x": "image"], outputs: ["y": "maps"])

    @Test func sameNamesNeedNoWords() throws {
        let wiring = try wiring(
            [Self.detect, Fixture.step("lines"), Fixture.step("read")], outputs: ["text", "boxes"])
        #expect(wiring.diagnostics.isEmpty)
        #expect(wiring.wires.map(\.spec.name) == ["image", "maps", "crops", "boxes", "text"])
        #expect(wiring.wires.map(\.maker) == [nil, 0, 1, 1, 2])
        #expect(wiring.outputs == [4, 3])
        // The input is what both of its takers want.
        #expect(wiring.wires[0].spec.text == "FP32[1,3,-1,-1]")
    }

    @Test func theLastStepAnswersWhereNothingElseIsSaid() throws {
        let wiring = try wiring([Self.detect, Fixture.step("lines")])
        #expect(wiring.outputs.map { wiring.wires[$0].spec.name } == ["crops", "boxes"])
    }

    @Test func whatTheRequestBringsForLaterStepsIsNamed() throws {
        let steps = [Fixture.step("read", line: 1), Fixture.step("words", line: 2, inputs: ["text": "caption"])]
        #expect(
            try mistakes(steps, outputs: ["text", "label"]) == [
                """
                2: no step before step 2 ("words") makes "caption", which it takes as "text" | there is: crops, text; \
                what the request brings for it is named by inputs: { caption: {} }
                """
            ])
        let wiring = try wiring(steps, outputs: ["text", "label"], inputs: ["caption"])
        #expect(wiring.diagnostics.isEmpty)
        #expect(wiring.wires.filter { $0.maker == nil }.map(\.spec.name) == ["crops", "caption"])
    }

    @Test func namesThatAreNotThereAreReported() throws {
        #expect(
            try mistakes([Fixture.step("detect", line: 1, inputs: ["xx": "image"], outputs: ["z": "maps"])]) == [
                #"1: model "detect" has no input "xx" | did you mean "x"?"#,
                #"1: model "detect" has no output "z" | did you mean "y"?"#,
            ])
        #expect(
            try mistakes([Self.detect, Fixture.step("lines", line: 2, inputs: ["maps": "map"])], outputs: ["boxes"])
                == [
                    """
                    2: no step before step 2 ("lines") makes "map", which it takes as "maps" | did you mean "maps"?; \
                    what the request brings for it is named by inputs: { map: {} }
                    """
                ])
        #expect(
            try mistakes([Self.detect, Fixture.step("read", line: 2)], outputs: ["text"], inputs: ["crops"]) == [
                #"1: nothing takes what step 1 ("detect") makes | name it under outputs, or remove the step"#
            ])
        #expect(
            try mistakes([Self.detect, Fixture.step("lines")], outputs: ["boxs", "image", "crops"]) == [
                #"90: no step makes "boxs" | did you mean "boxes"?"#,
                #"90: "image" is what the request brings; only what steps make is answered | they make: maps, crops, boxes"#,
            ])
        #expect(
            try mistakes([Self.detect], inputs: ["imgae"]) == [
                #"91: no step takes input "imgae" | did you mean "image"?"#
            ])
    }

    @Test func stepsInAnotherOrderAreReported() throws {
        let steps = [Self.detect, Fixture.step("read", line: 2), Fixture.step("lines", line: 3)]
        let mistakes = try mistakes(steps, outputs: ["text", "boxes"])
        #expect(
            mistakes.first == """
                2: no step before step 2 ("read") makes "crops", which it takes as "crops" | step 3 ("lines") makes it: \
                write that step first
                """)
    }

    @Test func typesAndShapesAreHeldAgainstEachOther() throws {
        #expect(
            try mistakes([Self.detect, Fixture.step("lines"), Fixture.step("small", line: 3)], outputs: ["text"]) == [
                """
                3: step 3 ("small") takes "crops" as FP32[-1,3,32,-1], but step 2 ("lines") makes "crops" as \
                FP32[-1,3,48,-1]: their shapes differ
                """
            ])
        #expect(
            try mistakes([Self.detect, Fixture.step("words", line: 2, inputs: ["text": "maps"])]) == [
                """
                2: step 2 ("words") takes "text" as BYTES[-1], but step 1 ("detect") makes "maps" as \
                FP32[-1,1,-1,-1]: their data types differ
                """
            ])
    }

    @Test func aTensorIsMadeOnce() throws {
        let steps = [
            Fixture.step("read", line: 1), Fixture.step("words", line: 2, outputs: ["label": "text"]),
            Fixture.step("words", line: 3, outputs: ["label": "crops"]),
        ]
        #expect(
            try mistakes(steps).prefix(2) == [
                """
                2: step 2 ("words") makes "text", but step 1 ("read") makes it, too | give it another name, e.g. \
                outputs: { label: text_2 }
                """,
                """
                3: step 3 ("words") makes "crops", but the request brings it | give it another name, e.g. \
                outputs: { label: crops_3 }
                """,
            ])
    }

    @Test func whoAnswersInPartsComesLast() throws {
        #expect(try mistakes([Fixture.step("words"), Fixture.step("tell", inputs: ["text": "label"])]) == [])
        #expect(
            try mistakes([Fixture.step("tell", line: 1), Fixture.step("words", line: 2, inputs: ["text": "told"])]) == [
                #"1: step 1 ("tell") may answer in parts, which no other step can take or do"#
            ])
    }

    @Test func whoKeepsSequencesIsAskedOnce() throws {
        let steps = [
            Fixture.step("listen", line: 1), Fixture.step("listen", line: 2, outputs: ["heard": "again"]),
        ]
        #expect(
            try mistakes(steps, outputs: ["heard", "again"]) == [
                """
                2: step 2 ("listen") keeps what it knows of a sequence, so it can't be asked twice for one request
                """
            ])
    }
    @Test func rowsNeedAModelWithRows() throws {
        let inParts = { (model: String, line: Int) in
            var step = Fixture.step(model, line: line)
            step.rows = 1
            return step
        }
        #expect(
            try wiring([Self.detect, Fixture.step("lines"), inParts("read", 3)]).steps.map(\.rows) == [nil, nil, 1])
        #expect(
            try mistakes([Self.detect, inParts("lines", 2), Fixture.step("read", line: 3)]) == [
                """
                2: step 2 ("lines") can't be asked for some rows at a time: the first dimension of all that it takes and \
                makes must be free | remove its rows
                """
            ])
        #expect(
            try mistakes([inParts("listen", 1)]) == [
                """
                1: step 1 ("listen") can't be asked for some rows at a time: it keeps what it knows of a sequence \
                | remove its rows
                """
            ])
        #expect(
            try mistakes([inParts("tell", 1)]) == [
                #"1: step 1 ("tell") can't be asked for some rows at a time: it may answer in parts | remove its rows"#
            ])
    }
}
