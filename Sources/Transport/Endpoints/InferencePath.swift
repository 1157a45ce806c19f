package import Tensors

/// The path of a request for inference, as commands are told it.
package struct InferencePath {
    /// The model that it names; `nil` where the request names it elsewhere.
    package let model: String?

    /// - Throws: `not_found` where there is no inference at the path; `malformed_request`.
    package init(_ path: String) throws(SluiceError) {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        switch try Endpoint(path: parts.first ?? "") {
        case .infer(let name):
            let query = try Query(parts.count > 1 ? parts[1] : "")
            model = name ?? query.model
        case .batch(let name), .modelInfer(let name, _): model = name
        default: throw SluiceError(.notFound, "inference is at /v1/infer/{model} and /v2/models/{model}/infer")
        }
    }
}
