package import Configuration

/// A key that checks signatures of one algorithm: what a set says of other uses of it is settled when it is read.
package struct SigningKey: Sendable {
    /// Its `kid`; `nil` where the set gives it none.
    package let id: String?
    package let algorithm: TokenAlgorithm
    /// Whether `signature` is one of `message`; in constant time where the key is secret.
    package let isValid: @Sendable (_ signature: [UInt8], _ message: ArraySlice<UInt8>) -> Bool

    package init(
        id: String?, algorithm: TokenAlgorithm,
        isValid: @escaping @Sendable (_ signature: [UInt8], _ message: ArraySlice<UInt8>) -> Bool
    ) {
        self.id = id
        self.algorithm = algorithm
        self.isValid = isValid
    }
}
