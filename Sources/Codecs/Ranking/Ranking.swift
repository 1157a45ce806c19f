internal import Tensors

/// Which of some scores are the best.
enum Ranking {
    /// The places of the largest elements within `range`, largest first; of equal ones the first comes first, and what is
    /// no number last.
    ///
    /// - Parameter bytes: the tensor's own.
    static func best(
        _ count: Int, of tensor: Tensor, in range: Range<Int>, bytes: UnsafeRawBufferPointer
    ) -> [Int] {
        var best: [(value: Double, index: Int)] = []
        best.reserveCapacity(min(count, range.count) + 1)
        for index in range {
            let number = tensor.number(index, in: bytes)
            let value = number.isNaN ? -Double.infinity : number
            if best.count == count, let last = best.last, value <= last.value { continue }
            var place = best.count
            while place > 0, best[place - 1].value < value { place -= 1 }
            best.insert((value, index), at: place)
            if best.count > count { best.removeLast() }
        }
        return best.map(\.index)
    }
}
