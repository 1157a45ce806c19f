internal import Codecs
internal import Tensors

/// The query of a request to the unified endpoint.
struct Query: Equatable {
    /// `model`: the public model name, for requests to `/v1/infer`.
    var model: String?
    /// `outputs`: names of the outputs that are wanted, separated by commas.
    var outputs: [String] = []
    /// `top`: how many of the best scores are wanted in place of all.
    var top: Int?

    /// - Throws: `invalid_parameter` for a parameter that isn't known, is given twice, or is badly encoded.
    init(_ text: some StringProtocol) throws(SluiceError) {
        for (key, value) in try Self.pairs(text) {
            switch key {
            case "model": model = value
            case "outputs": outputs = value.split(separator: ",").map(String.init)
            case "top": top = try Self.number(value, key, in: 1...TopScores.most)
            default:
                throw SluiceError(
                    .invalidParameter,
                    "unknown query parameter \"\(key.prefix(64))\"; \"model\", \"outputs\" and \"top\" are known",
                    detail: [.init("parameter", String(key.prefix(64)))])
            }
        }
    }

    /// A whole number in decimal.
    ///
    /// - Throws: `invalid_parameter`.
    static func number(
        _ text: String, _ key: String, in range: ClosedRange<Int>
    ) throws(SluiceError) -> Int {
        let isPlain = !text.isEmpty && text.utf8.count <= 16 && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        guard isPlain, let number = Int(text), range.contains(number) else {
            throw SluiceError(
                .invalidParameter,
                "\(key) is a number from \(range.lowerBound) to \(range.upperBound), not \"\(text.prefix(64))\"",
                detail: [.init("parameter", key)])
        }
        return number
    }

    /// The parameters of a query, in their order.
    ///
    /// - Throws: `invalid_parameter` for one that is given twice, or badly encoded.
    static func pairs(_ text: some StringProtocol) throws(SluiceError) -> [(key: String, value: String)] {
        var pairs: [(key: String, value: String)] = []
        var seen: Set<String> = []
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = PercentEncoding.decode(parts[0]),
                let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "")
            else {
                throw SluiceError(.invalidParameter, "the query is badly percent-encoded")
            }
            guard seen.insert(key).inserted else {
                throw SluiceError(
                    .invalidParameter, "the query parameter \"\(key.prefix(64))\" is given twice",
                    detail: [.init("parameter", String(key.prefix(64)))])
            }
            pairs.append((key, value))
        }
        return pairs
    }
}
