import Codecs
import Foundation
import Tensors
import Testing

/// What the format tests share: models, bodies, and files of the corpus.
enum Formats {
    /// Four named columns.
    static let iris = ModelSignature(
        inputs: [
            TensorSpec(
                name: "X", dataType: .fp32, shape: [-1, 4],
                columns: ["sepal_length", "sepal_width", "petal_length", "petal_width"])
        ], outputs: [], batching: .concat)
    /// Inputs of one column each, of three types.
    static let people = ModelSignature(
        inputs: [
            TensorSpec(name: "age", dataType: .int8, shape: [-1]),
            TensorSpec(name: "height", dataType: .fp64, shape: [-1, 1]),
            TensorSpec(name: "name", dataType: .bytes, shape: [-1]),
        ], outputs: [], batching: .concat)

    /// A model of one unnamed input.
    static func one(_ dataType: DataType, _ shape: [Int]?, columns: [String] = []) -> ModelSignature {
        ModelSignature(
            inputs: [TensorSpec(name: "X", dataType: dataType, shape: shape, columns: columns)], outputs: [])
    }

    static func body(_ bytes: some Sequence<UInt8>) -> RequestBody {
        RequestBody(Array(bytes).withUnsafeBytes { TensorStorage.copy(of: $0) })
    }

    static func decode(
        _ bytes: some Sequence<UInt8>, as contentType: String?, for signature: ModelSignature, input: String? = nil,
        shape: String? = nil, dataType: String? = nil
    ) throws(SluiceError) -> [Tensor] {
        let facts = CodecRegistry.RequestFacts(
            contentType: contentType, input: input, shape: shape, datatype: dataType)
        return try CodecRegistry().decode(body(bytes), facts: facts, signature: signature).inputs
    }

    /// The error that decoding ends in, as `code: message`; `nil` where it succeeds.
    static func failure(
        _ bytes: some Sequence<UInt8>, as contentType: String?, for signature: ModelSignature, input: String? = nil,
        shape: String? = nil, dataType: String? = nil
    ) -> String? {
        do throws(SluiceError) {
            _ = try decode(bytes, as: contentType, for: signature, input: input, shape: shape, dataType: dataType)
            return nil
        } catch {
            return error.description
        }
    }

    /// A BYTES vector of elements that may be no text.
    static func bytes(name: String, _ elements: [[UInt8]]) throws -> Tensor {
        var offsets: [Int64] = [0]
        for element in elements { offsets.append((offsets.last ?? 0) + Int64(element.count)) }
        return try Tensor(
            name: name, bytesOf: [elements.count],
            data: elements.flatMap { $0 }.withUnsafeBytes { TensorStorage.copy(of: $0) },
            offsets: offsets.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }

    static func bytes(of body: EncodedBody) -> [UInt8] {
        body.segments.flatMap { segment in
            switch segment {
            case .bytes(let bytes): bytes
            case .tensor(let tensor): tensor.withBytes { Array($0) }
            }
        }
    }

    static func text(of body: EncodedBody) -> String { String(decoding: bytes(of: body), as: UTF8.self) }

    /// A file of the corpus, e.g. `npy/f8.npy`.
    static func corpus(_ path: String) throws -> [UInt8] {
        let url = Bundle.module.bundleURL.appendingPathComponent("Corpus").appendingPathComponent(path)
        return Array(try Data(contentsOf: url))
    }
}

/// One body that must be refused, and how.
struct Refusal: Sendable, CustomTestStringConvertible {
    var body: [UInt8]
    var signature: ModelSignature
    /// `code: message`.
    var error: String

    init(_ body: String, _ signature: ModelSignature, _ error: String) {
        self.init(Array(body.utf8), signature, error)
    }

    init(_ body: [UInt8], _ signature: ModelSignature, _ error: String) {
        self.body = body
        self.signature = signature
        self.error = error
    }

    var testDescription: String { error }
}
