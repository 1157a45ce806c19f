internal import Codecs
internal import Gateway
internal import Tensors

/// The query of a request for batches.
struct BatchQuery: Equatable {
    /// `batch`: rows of one batch, at most.
    var rows = BatchPlan().rows
    /// `errors`: `fail` or `skip`.
    var errors = BatchPlan.Errors.fail
    /// `offset`: rows to pass over.
    var offset = 0
    /// `outputs`: names of the outputs that are wanted, separated by commas.
    var outputs: [String] = []
    /// `top`: how many of the best scores are wanted in place of all.
    var top: Int?

    /// - Throws: `invalid_parameter` for a parameter that isn't known, is given twice, or has no such value.
    init(_ text: some StringProtocol) throws(SluiceError) {
        for (key, value) in try Query.pairs(text) {
            switch key {
            case "batch": rows = try Query.number(value, key, in: 1...BatchPlan.mostRows)
            case "offset": offset = try Query.number(value, key, in: 0...(1 << 53))
            case "outputs": outputs = value.split(separator: ",").map(String.init)
            case "top": top = try Query.number(value, key, in: 1...TopScores.most)
            case "errors":
                guard let errors = BatchPlan.Errors(rawValue: value) else {
                    throw Self.invalid(key, "errors can be \"fail\" or \"skip\", not \"\(value.prefix(64))\"")
                }
                self.errors = errors
            default:
                throw Self.invalid(
                    key,
                    "unknown query parameter \"\(key.prefix(64))\"; \"batch\", \"errors\", \"offset\", \"outputs\" and "
                        + "\"top\" are known")
            }
        }
    }

    private static func invalid(_ key: String, _ message: String) -> SluiceError {
        SluiceError(.invalidParameter, message, detail: [.init("parameter", String(key.prefix(64)))])
    }
}
