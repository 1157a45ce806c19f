import Foundation
import Tensors
import Testing

@testable import Codecs

@Suite("Mutated documents")
struct MutatedDocumentTests {
    private static func corpus(_ folder: String) throws -> [[UInt8]] {
        let root = try #require(Bundle.module.resourceURL).appendingPathComponent("Corpus/\(folder)")
        let names = try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
        return try names.map { Array(try Data(contentsOf: root.appendingPathComponent($0))) }
    }

    /// Pieces that mean something to a reader of JSON.
    private static let tokens: [[UInt8]] =
        [
            "[", "]", "{", "}", ",", ":", "\"", "\\", "\\u", "\\ud800", "null", "true", "1e999", "-", "0", "1.5", "[]",
            "{}",
            "\"b64\"", "\"X\"", "\"data\":", "\"shape\":[0],", "9223372036854775808", "binary_data_size", " ", "\n",
            "\0",
            "\"parameters\":{\"binary_data_size\":3},", "-1", "99999999999",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xFF, 0xFF, 0xFF, 0xFF]]

    private static func mutated(_ body: [UInt8], with other: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var body = body
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let place = Int.random(in: 0...body.count, using: &random)
            let end = min(body.count, place + Int.random(in: 0...8, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: body.removeSubrange(place..<end)
            case 1: body.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: place)
            case 2: body.replaceSubrange(place..<end, with: tokens.randomElement(using: &random) ?? [])
            case 3 where place < body.count: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 4: body.insert(contentsOf: body[place..<end], at: place)
            default:
                let start = Int.random(in: 0...other.count, using: &random)
                body.replaceSubrange(place..<end, with: other[start..<min(other.count, start + 20)])
            }
        }
        return body
    }

    /// Reads every element through every way of reading, which is where a wrong bound would show.
    private static func check(_ tensors: [Tensor], _ signature: ModelSignature) {
        #expect(throws: Never.self) { try signature.validate(tensors) }
        for tensor in tensors {
            var writer = JSONWriter()
            if ElementReader(tensor).firstNonFinite == nil { writer.elements(of: tensor) }
            #expect(tensor.withBytes { UInt(bitPattern: $0.baseAddress) % 64 } == 0)
        }
    }

    private static func outcome(_ signature: ModelSignature, _ decode: () throws(SluiceError) -> [Tensor]) -> Bool {
        do {
            check(try decode(), signature)
            return true
        } catch {
            #expect((400..<500).contains(error.code.httpStatus), "\(error)")
            #expect(!error.message.isEmpty)
            return false
        }
    }

    @Test func corpusIsAccepted() throws {
        for body in try Self.corpus("json") {
            let accepted = [Models.iris, Models.mixed].contains { signature in
                (try? JSONCodec().decode(RequestBody(body), signature: signature)) != nil
            }
            #expect(accepted, "\(String(decoding: body, as: UTF8.self))")
        }
        #expect(try Self.corpus("json").count >= 8)
        #expect(try Self.corpus("json-openinference").count >= 3)
    }

    @Test(arguments: [1, 2] as [UInt64])
    func mutatedPlainDocumentIsReadOrRefused(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let corpus = try Self.corpus("json")
        var accepted = 0
        for round in 0..<8000 {
            let body = Self.mutated(
                corpus[round % corpus.count], with: corpus.randomElement(using: &random) ?? [], &random)
            for signature in [Models.iris, Models.mixed] {
                let isAccepted = Self.outcome(signature) { () throws(SluiceError) in
                    try JSONCodec().decode(RequestBody(body), signature: signature).inputs
                }
                if isAccepted { accepted += 1 }
            }
        }
        #expect(accepted > 100, "mutations that always break a document test little")
    }

    @Test(arguments: [3, 4] as [UInt64])
    func mutatedOpenInferenceDocumentIsReadOrRefused(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let corpus = try Self.corpus("json-openinference")
        var accepted = 0
        for round in 0..<8000 {
            let original = corpus[round % corpus.count]
            let body = Self.mutated(original, with: corpus.randomElement(using: &random) ?? [], &random)
            // Binary data start after the last brace, give or take.
            let brace = (body.lastIndex(of: UInt8(ascii: "}")) ?? 0) + 1
            let lengths: [Int?] = [nil, brace, Int.random(in: 0...(body.count + 1), using: &random)]
            for length in lengths {
                for signature in [Models.iris, Models.mixed] {
                    let isAccepted = Self.outcome(signature) { () throws(SluiceError) in
                        try OpenInferenceCodec().decode(
                            RequestBody(body), headerLength: length, signature: signature
                        ).inputs
                    }
                    if isAccepted { accepted += 1 }
                }
            }
        }
        #expect(accepted > 100, "mutations that always break a document test little")
    }

    @Test func everyPrefixOfTheCorpusIsReadOrRefused() throws {
        for body in try Self.corpus("json") + Self.corpus("json-openinference") {
            for length in 0..<body.count {
                _ = Self.outcome(Models.mixed) { () throws(SluiceError) in
                    try JSONCodec().decode(RequestBody(Array(body[..<length])), signature: Models.mixed).inputs
                }
                _ = Self.outcome(Models.mixed) { () throws(SluiceError) in
                    try OpenInferenceCodec().decode(
                        RequestBody(body), headerLength: length, signature: Models.mixed
                    ).inputs
                }
            }
        }
    }
}
