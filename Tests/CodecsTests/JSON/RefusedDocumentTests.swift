import Tensors
import Testing

@testable import Codecs

@Suite("Refused JSON documents")
struct RefusedDocumentTests {
    private func check(_ refusal: SluiceError?, _ code: SluiceError.Code, _ message: String) {
        #expect(refusal?.code == code)
        #expect(refusal?.message == message)
    }

    @Test(arguments: ofColumns)
    func documentForAModelWithColumnsIsRefused(text: String, code: SluiceError.Code, message: String) {
        let refusal = #expect(throws: SluiceError.self) {
            try JSONCodec().decode(RequestBody(text), signature: Models.iris)
        }
        check(refusal, code, message)
    }

    @Test(arguments: ofInputs)
    func documentForAModelWithInputsIsRefused(text: String, code: SluiceError.Code, message: String) {
        let refusal = #expect(throws: SluiceError.self) {
            try JSONCodec().decode(RequestBody(text), signature: Models.mixed)
        }
        check(refusal, code, message)
    }

    @Test(arguments: openInference)
    func openInferenceDocumentIsRefused(text: String, code: SluiceError.Code, message: String) {
        let refusal = #expect(throws: SluiceError.self) {
            try OpenInferenceCodec().decode(RequestBody(text), headerLength: nil, signature: Models.iris)
        }
        check(refusal, code, message)
    }

    @Test func errorsTellThePlaceToPrograms() {
        let syntax = #expect(throws: SluiceError.self) {
            try JSONCodec().decode(RequestBody("[1,\n x]"), signature: Models.iris)
        }
        #expect(syntax?.detail == [.init("line", 2), .init("column", 2), .init("byte", 5)])
        let element = #expect(throws: SluiceError.self) {
            try JSONCodec().decode(RequestBody("[[1,2,3,4],[1,2,3,null]]"), signature: Models.iris)
        }
        #expect(
            element?.detail == [
                .init("input", "X"), .init("row", 2), .init("column", "petal_width"), .init("byte", 18),
            ])
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        for bytes in [[0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]]
            as [[UInt8]]
        {
            let refusal = #expect(throws: SluiceError.self) {
                try JSONCodec().decode(
                    RequestBody(Array("[\"".utf8) + bytes + Array("\"]".utf8)), signature: Models.single(.bytes, [-1]))
            }
            check(refusal, .malformedBody, "invalid JSON at line 1, column 3 (byte 2): invalid UTF-8")
        }
    }

    @Test func nestingIsBounded() {
        let deepest = String(repeating: "[", count: 64) + "1" + String(repeating: "]", count: 64)
        #expect(throws: Never.self) {
            try JSONCodec().decode(RequestBody(deepest), signature: Models.single(.int8, nil))
        }
        let refusal = #expect(throws: SluiceError.self) {
            try JSONCodec().decode(
                RequestBody(String(repeating: "[", count: 100_000)), signature: Models.single(.int8, nil))
        }
        check(refusal, .malformedBody, "invalid JSON at line 1, column 65 (byte 64): nested deeper than 64")
        let skipped = #expect(throws: SluiceError.self) {
            try OpenInferenceCodec().decode(
                RequestBody(#"{"x":"# + String(repeating: #"{"a":["#, count: 100)), headerLength: nil,
                signature: Models.iris)
        }
        #expect(skipped?.message.hasSuffix("nested deeper than 64") == true)
    }

    @Test func keysAndNamesAreBounded() {
        let long = String(repeating: "k", count: 1025)
        let key = #expect(throws: SluiceError.self) {
            try JSONCodec().decode(RequestBody("{\"\(long)\":1}"), signature: Models.iris)
        }
        check(key, .malformedBody, "invalid JSON at line 1, column 2 (byte 1): the key is longer than 1024 bytes")
        let id = #expect(throws: SluiceError.self) {
            try JSONCodec().decode(RequestBody("{\"id\":\"\(long)\"}"), signature: Models.iris)
        }
        check(id, .malformedBody, "invalid JSON at line 1, column 7 (byte 6): \"id\" is longer than 1024 bytes")
        let many = (0...256).map { "\"p\($0)\":1" }.joined(separator: ",")
        let parameters = #expect(throws: SluiceError.self) {
            try JSONCodec().decode(RequestBody("{\"parameters\":{\(many)}}"), signature: Models.iris)
        }
        check(parameters, .invalidParameter, "there are more than 256 parameters")
    }
}
