package import Tensors

/// The received bytes of one request: read in place, and kept alive by every tensor that points into them.
package struct RequestBody: Sendable {
    package var storage: TensorStorage
    package var range: Range<Int>

    package init(_ storage: TensorStorage, range: Range<Int>? = nil) {
        self.storage = storage
        self.range = range ?? 0..<storage.byteCount
        precondition(self.range.lowerBound >= 0 && self.range.upperBound <= storage.byteCount)
    }

    package var count: Int { range.count }
}
