internal import Codecs
internal import Tensors

/// The query of a session: what its messages are, as header fields say it of single requests.
struct SessionQuery: Equatable {
    /// `outputs`: names of the outputs that are wanted, separated by commas.
    var outputs: [String] = []
    /// `answers`: `json` for text messages, `npy` for binary ones of one array each.
    var answers = Answers.json
    /// `input`, `shape`, `datatype`: what the bytes of a binary message are, where the model doesn't say.
    var input: String?
    var shape: String?
    var datatype: String?

    enum Answers: String, CaseIterable {
        case json
        case npy

        /// What a request would accept for it.
        var mediaType: String {
            switch self {
            case .json: "application/x-ndjson"
            case .npy: "application/x-npy"
            }
        }
    }

    /// - Throws: `invalid_parameter` for a parameter that isn't known, is given twice, or has no such value.
    init(_ text: some StringProtocol) throws(SluiceError) {
        for (key, value) in try Query.pairs(text) {
            switch key {
            case "outputs": outputs = value.split(separator: ",").map(String.init)
            case "answers":
                guard let answers = Answers(rawValue: value) else {
                    throw Self.invalid(key, "answers can be \"json\" or \"npy\", not \"\(value.prefix(64))\"")
                }
                self.answers = answers
            case "input": input = value
            case "shape": shape = value
            case "datatype": datatype = value
            default:
                throw Self.invalid(
                    key,
                    "unknown query parameter \"\(key.prefix(64))\"; \"outputs\", \"answers\", \"input\", \"shape\" and "
                        + "\"datatype\" are known")
            }
        }
    }

    private static func invalid(_ key: String, _ message: String) -> SluiceError {
        SluiceError(.invalidParameter, message, detail: [.init("parameter", String(key.prefix(64)))])
    }
}
