package import Tensors

extension RequestBody {
    /// The whole body as the one element of a BYTES tensor, without a copy.
    package func element(named name: String, shape: [Int]) throws(SluiceError) -> Tensor {
        let data: TensorStorage
        if range == 0..<storage.byteCount {
            data = storage
        } else {
            data = .slice(of: bytes, keptAliveBy: storage)
        }
        let offsets: [Int64] = [0, Int64(data.byteCount)]
        return try Tensor(
            name: name, bytesOf: shape, data: data,
            offsets: offsets.withUnsafeBytes { TensorStorage.copy(of: $0) })
    }
}
