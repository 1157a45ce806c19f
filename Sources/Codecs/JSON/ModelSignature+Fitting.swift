internal import Tensors

extension ModelSignature {
    /// The shape that a value of the plain document is meant to have, where it leaves out dimensions of size 1.
    ///
    /// A value may leave out the first dimension, if it is declared free or 1 (one row without the brackets around it);
    /// the last, if it is declared 1 (one number a row); or all of them, if all are free or 1 (a bare scalar). The last
    /// is tried before the first. An empty array is no rows. A model that isn't batched also takes its one input as a
    /// list of one row. Whatever fits none of that is left as it is, for validation to refuse.
    func fitted(_ dimensions: [Int], to spec: TensorSpec) -> [Int] {
        guard let declared = spec.shape, dimensions.count != declared.count else { return dimensions }
        if dimensions.isEmpty {
            let isScalar = declared.allSatisfy { $0 == 1 || $0 == -1 }
            return isScalar ? Array(repeating: 1, count: declared.count) : dimensions
        }
        if dimensions == [0], declared.count > 1 { return [0] + declared.dropFirst().map { max($0, 0) } }
        if dimensions.count == declared.count - 1 {
            let isWithoutLast =
                declared.last == 1 && zip(declared, dimensions).allSatisfy { $0 == -1 || $0 == $1 }
            if isWithoutLast { return dimensions + [1] }
            if declared[0] == 1 || declared[0] == -1 { return [1] + dimensions }
        }
        if dimensions.count == declared.count + 1, dimensions[0] == 1, batching == .none {
            return Array(dimensions.dropFirst())
        }
        return dimensions
    }
}
