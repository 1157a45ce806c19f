import Codecs
import Foundation
import Tensors

@testable import Transport

/// Bodies of one request.
enum BodyTargets {
    static func json(_ bytes: [UInt8]) {
        for signature in Signatures.all {
            decode(bytes, "application/json", signature)
            let files = signature.inputs.filter { $0.dataType == .bytes }.map(\.name)
            if !files.isEmpty { decode(bytes, "application/json", signature, fileInputs: files) }
        }
        expectClientError { () throws(SluiceError) in
            _ = try LessonCodec().decode(RequestBody(copying: bytes), signature: Signatures.table)
        }
        expectClientError { () throws(SluiceError) in _ = try ScalarDocument.read(RequestBody(copying: bytes)) }
        expectClientError { () throws(SluiceError) in _ = try RepositoryRequest.wantsReadyOnly(bytes) }
        expectClientError { () throws(SluiceError) in try RepositoryRequest.checkParameters(of: bytes) }
    }

    /// Two bytes say how long the JSON is that binary tensors follow; without such where it would be longer than the body.
    static func openInference(_ bytes: [UInt8]) {
        guard bytes.count >= 2 else { return }
        let length = Int(bytes[0]) | Int(bytes[1]) << 8
        let body = RequestBody(copying: Array(bytes.dropFirst(2)))
        for signature in Signatures.all {
            expectClientError { () throws(SluiceError) in
                _ = try OpenInferenceCodec().decode(
                    body, headerLength: length == 0xFFFF ? nil : length, signature: signature)
            }
        }
    }

    static func openAI(_ bytes: [UInt8]) {
        for endpoint in OpenAIRequest.Endpoint.allCases {
            expectClientError { () throws(SluiceError) in
                let request = try OpenAIRequest(RequestBody(copying: bytes), for: endpoint)
                for signature in [Signatures.text, tokens] {
                    expectClientError { () throws(SluiceError) in
                        _ = try request.decode(signature: signature, tokenizer: words)
                    }
                    expectClientError { () throws(SluiceError) in
                        _ = try request.decode(signature: signature, tokenizer: nil)
                    }
                }
            }
        }
    }

    private static let tokens = ModelSignature(
        inputs: ["input_ids", "attention_mask", "token_type_ids"].map {
            TensorSpec(name: $0, dataType: .int64, shape: [-1, -1])
        }, outputs: [])
    private static let words = try? WordPiece(
        vocabulary: "[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\nquick\n##er\nfox\n.\n", settings: WordPiece.Settings())

    static func xml(_ bytes: [UInt8]) {
        for signature in Signatures.all { decode(bytes, "application/xml", signature) }
    }

    /// NumPy's, Safetensors' and ONNX's files, and bytes as they are.
    static func arrays(_ bytes: [UInt8]) {
        for signature in Signatures.all {
            for type in ["x-npy", "x-npz", "x-safetensors", "x-protobuf"] {
                decode(bytes, "application/\(type)", signature)
            }
            decode(bytes, "application/octet-stream", signature)
            decode(bytes, nil, signature)
        }
    }

    static func arrow(_ bytes: [UInt8]) {
        for signature in Signatures.all {
            decode(bytes, "application/vnd.apache.arrow.stream", signature)
        }
        decode(bytes, "application/vnd.apache.arrow.stream; nulls=nan", Signatures.mixed)
    }

    static func multipart(_ bytes: [UInt8]) {
        for signature in Signatures.all {
            let files = signature.inputs.filter { $0.dataType == .bytes }.map(\.name)
            decode(bytes, "multipart/form-data; boundary=b", signature, fileInputs: files)
        }
    }

    static func decode(
        _ bytes: [UInt8], _ type: String?, _ signature: ModelSignature, fileInputs: [String] = []
    ) {
        expectClientError { () throws(SluiceError) in
            _ = try CodecRegistry().decode(
                RequestBody(copying: bytes), facts: .init(contentType: type, maximumBytes: 1 << 20),
                signature: signature,
                fileInputs: fileInputs)
        }
    }
}
