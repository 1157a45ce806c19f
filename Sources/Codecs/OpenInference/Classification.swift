internal import Tensors

/// The classification extension: instead of all scores, the best few with their places.
enum Classification {
    /// The `count` largest elements of each row, largest first, each as `value:index`.
    ///
    /// - Throws: `invalid_parameter` for an output that has no scores.
    static func top(_ output: Tensor, count: Int, isBatched: Bool) throws(SluiceError) -> Tensor {
        guard output.dataType != .bytes, output.dataType != .bool else {
            throw JSONScanner.invalidParameter(
                "classification", "of output \"\(output.name)\" needs numbers, not \(output.dataType)")
        }
        let rows = isBatched ? output.shape.first ?? 1 : 1
        let classes = rows == 0 ? 0 : output.elementCount / rows
        let kept = min(count, classes)
        let reader = ElementReader(output)
        var best: [String] = []
        for row in 0..<rows {
            var scores: [(text: String, value: Double)] = []
            scores.reserveCapacity(classes)
            for index in (row * classes)..<((row + 1) * classes) {
                var text: [UInt8] = []
                _ = reader.append(index, to: &text)
                let string = String(decoding: text, as: UTF8.self)
                // What is no number comes last.
                let value = Double(string) ?? -.infinity
                scores.append((string, value.isNaN ? -.infinity : value))
            }
            let order = scores.indices.sorted { left, right in
                (scores[left].value, right) > (scores[right].value, left)
            }
            for index in order.prefix(kept) { best.append("\(scores[index].text):\(index)") }
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
