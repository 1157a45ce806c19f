internal import Tensors

/// The classification extension: instead of all scores, the best few with their places.
enum Classification {
    /// The `count` largest elements of each row, largest first, each as `value:index`, or `value:index:label`.
    ///
    /// - Parameter labels: what the places of a row mean; empty where nobody said.
    /// - Throws: `invalid_parameter` for an output that has no scores.
    static func top(
        _ output: Tensor, count: Int, isBatched: Bool, labels: [String] = []
    ) throws(SluiceError) -> Tensor {
        guard output.dataType != .bytes, output.dataType != .bool else {
            throw JSONScanner.invalidParameter(
                "classification", "of output \"\(output.name)\" needs numbers, not \(output.dataType)")
        }
        let rows = isBatched ? output.shape.first ?? 1 : 1
        let classes = rows == 0 ? 0 : output.elementCount / rows
        let kept = min(count, classes)
        let reader = ElementReader(output)
        let best = output.withBytes { bytes -> [String] in
            (0..<rows).flatMap { row -> [String] in
                Ranking.best(kept, of: output, in: (row * classes)..<((row + 1) * classes), bytes: bytes).map {
                    index -> String in
                    var text: [UInt8] = []
                    _ = reader.append(index, to: &text)
                    let place = index - row * classes
                    let label = labels.count == classes ? ":\(labels[place])" : ""
                    return "\(String(decoding: text, as: UTF8.self)):\(place)\(label)"
                }
            }
        }
        return try Tensor(name: output.name, shape: isBatched ? [rows, kept] : [kept], strings: best)
    }

    /// How many are wanted, by a request's parameter.
    ///
    /// - Throws: `invalid_parameter` where it is no whole number above 0.
    static func count(_ parameter: Envelope.Parameter) throws(SluiceError) -> Int {
        guard let count = Int(exactly: try OpenInferenceParameters.unsigned(parameter)), count > 0 else {
            throw JSONScanner.invalidParameter(parameter.key, "must be a whole number above 0")
        }
        return count
    }
}
