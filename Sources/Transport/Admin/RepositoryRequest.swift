internal import Codecs
internal import Foundation
internal import Tensors

/// The bodies of the Open Inference repository API.
enum RepositoryRequest {
    /// Whether an index is wanted of ready models alone: `{"ready": true}`.
    static func wantsReadyOnly(_ body: [UInt8]) throws(SluiceError) -> Bool {
        guard let document = try document(body) else { return false }
        guard let ready = document["ready"] else { return false }
        guard let ready = ready as? Bool else { throw SluiceError(.malformedBody, "\"ready\" must be true or false") }
        return ready
    }

    /// Refuses parameters: what is loaded is what gateway.yaml says, and nothing that a request brings.
    static func checkParameters(of body: [UInt8]) throws(SluiceError) {
        guard let parameters = try document(body)?["parameters"] else { return }
        guard let parameters = parameters as? [String: Any] else {
            throw SluiceError(.malformedBody, "\"parameters\" must be an object")
        }
        try check(parameterNames: parameters.keys)
    }

    static func check(parameterNames names: some Sequence<String>) throws(SluiceError) {
        // Clients send this one with every unload; there is nothing that depends on a model here.
        guard let first = names.filter({ $0 != "unload_dependents" }).sorted().first else { return }
        throw SluiceError(
            .invalidParameter,
            "the parameter \"\(first.prefix(64))\" isn't supported: gateway.yaml says what a model is",
            detail: [.init("parameter", String(first.prefix(64)))])
    }

    private static func document(_ body: [UInt8]) throws(SluiceError) -> [String: Any]? {
        guard body.contains(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { return nil }
        let object = try? JSONSerialization.jsonObject(with: Data(body))
        guard let document = object as? [String: Any] else {
            throw SluiceError(.malformedBody, "the body is no JSON object")
        }
        return document
    }
}

extension RequestBody {
    /// Its bytes, for what is read seldom.
    var copy: [UInt8] {
        // `self` holds the storage while its bytes are copied.
        withExtendedLifetime(storage) { unsafe Array(storage.bytes[range]) }
    }
}
