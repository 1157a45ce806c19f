import Tensors
import Testing

@testable import Codecs

@Suite("Lessons")
struct LessonCodecTests {
    private func decode(_ text: String, _ signature: ModelSignature = Models.iris) throws -> LessonCodec.Decoded {
        try LessonCodec().decode(RequestBody(text), signature: signature)
    }

    /// One flower and its kind, in forms that requests have.
    @Test(arguments: [
        #"{"inputs": {"X": [[5.1,3.5,1.4,0.2]]}, "labels": {"label": ["setosa"]}}"#,
        #"{"labels": {"label": ["setosa"]}, "inputs": [[5.1,3.5,1.4,0.2]]}"#,
        #" { "inputs" : {"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2} ,"#
            + #" "labels" : [{"name":"label","shape":[1],"datatype":"BYTES","data":["setosa"]}], "weight": 1}"#,
        #"{"inputs": [{"name":"X","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}],"#
            + #" "labels": {"label": "setosa"}}"#,
    ])
    func everyFormIsTheSameLesson(text: String) throws {
        var signature = Models.iris
        // A list is for all outputs.
        if text.contains("BYTES") { signature.outputs.removeLast() }
        let lesson = try decode(text, signature)
        #expect(lesson.inputs.map(\.name) == ["X"])
        #expect(lesson.inputs[0].elements(as: Float.self) == [5.1, 3.5, 1.4, 0.2])
        #expect(lesson.lesson.labels.map(\.name) == ["label"])
        #expect(lesson.lesson.labels[0].strings == ["setosa"])
        #expect(lesson.lesson.weight == 1 && lesson.lesson.subjectID == nil && lesson.parameters.isEmpty)
        #expect(lesson.patience == 60_000_000_000)
    }

    @Test func everythingElseIsTaken() throws {
        let lesson = try decode(
            #"""
            {"inputs": [[1,2,3,4],[5,6,7,8]], "labels": {"probabilities": [[1,0,0],[0,0.5,0.5]], "label": ["a","b"]},
             "weight": 0.25, "subject_id": "r-7", "timeout_ms": 1500, "parameters": {"epochs": 3, "slow": true}}
            """#)
        #expect(lesson.lesson.labels.map(\.name) == ["label", "probabilities"], "in the order of the outputs")
        #expect(lesson.lesson.labels[1].shape == [2, 3])
        #expect(lesson.lesson.weight == 0.25 && lesson.lesson.subjectID == "r-7")
        #expect(lesson.patience == 1_500_000_000)
        #expect(lesson.parameters == [.init("epochs", .integer(3)), .init("slow", .bool(true))])
        #expect(try decode(#"{"inputs": [[1,2,3,4]]}"#).lesson.labels.isEmpty, "there may be none")
        #expect(try decode(#"{"inputs": [[1,2,3,4]], "labels": {}}"#).lesson.labels.isEmpty)
    }

    @Test(arguments: [
        ("", SluiceError.Code.malformedBody, "empty"),
        ("[]", .malformedBody, "a lesson is an object"),
        (#"{"inputs": [[1,2,3,4]]"#, .malformedBody, "ends"),
        (#"{"inputs": [[1,2,3,4]]} {}"#, .malformedBody, ""),
        (#"{"inputs": [[1,2,3,4]], "inputs": [[1,2,3,4]]}"#, .malformedBody, #"the key "inputs" comes twice"#),
        ("{}", .invalidInput, #"the lesson has no "inputs""#),
        (#"{"inputs": [[1,2]]}"#, .invalidInput, "inputs: "),
        (#"{"inputs": [[1,2,3,4]], "answers": {}}"#, .invalidInput, #"a lesson has no "answers"; it has inputs"#),
        (#"{"inputs": [[1,2,3,4]], "labels": {"kind": ["a"]}}"#, .invalidInput, #"no output "kind" that a label"#),
        (#"{"inputs": [[1,2,3,4]], "labels": {"label": [1]}}"#, .invalidInput, "labels: "),
        (#"{"inputs": [[1,2,3,4]], "labels": {"probabilities": [[1,2]]}}"#, .invalidInput, "labels: "),
        (#"{"inputs": [[1,2,3,4]], "weight": -0.5}"#, .invalidParameter, #""weight" must be a number"#),
        (#"{"inputs": [[1,2,3,4]], "weight": 1e999}"#, .invalidParameter, #""weight" must be a number"#),
        (#"{"inputs": [[1,2,3,4]], "timeout_ms": 0}"#, .invalidParameter, #""timeout_ms" must be a number"#),
        (#"{"inputs": [[1,2,3,4]], "timeout_ms": "1s"}"#, .invalidParameter, #""timeout_ms" must be a number"#),
        (#"{"inputs": [[1,2,3,4]], "subject_id": 7}"#, .malformedBody, #""subject_id" must be a string"#),
        (#"{"inputs": [[1,2,3,4]], "parameters": [1]}"#, .invalidParameter, #""parameters" must be an object"#),
    ])
    func whatIsNoLessonIsRefused(text: String, code: SluiceError.Code, reason: String) {
        do {
            _ = try decode(text)
            Issue.record("\(text) was taken")
        } catch let error as SluiceError {
            #expect(
                error.code == code && error.message.contains(reason), "\(text): \(error.code.text) \(error.message)")
        } catch {
            Issue.record("\(error)")
        }
    }
}
