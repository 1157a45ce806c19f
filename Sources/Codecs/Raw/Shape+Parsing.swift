internal import Tensors

extension Shape {
    /// Dimensions as `Sluice-Shape` and XML's `shape` write them, e.g. `1,512`; nothing but spaces is a scalar's.
    ///
    /// - Returns: `nil` for what is no list of dimensions, or too long.
    static func parse(_ text: String) -> [Int]? {
        if text.utf8.allSatisfy({ $0 == UInt8(ascii: " ") }) { return [] }
        var shape: [Int] = []
        for part in text.split(separator: ",", maxSplits: maximumRank, omittingEmptySubsequences: false) {
            let start = part.drop { $0 == " " }
            guard let end = start.lastIndex(where: { $0 != " " }), start.utf8.first != UInt8(ascii: "+"),
                let dimension = Int(start[...end]), dimension >= 0
            else { return nil }
            shape.append(dimension)
        }
        return shape.count <= maximumRank ? shape : nil
    }
}
