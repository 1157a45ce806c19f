/// Where it is written down what is done to the gateway, and by whom.
package struct AuditConfiguration: Sendable, Equatable {
    /// An absolute path.
    package var file: String
    /// What the records' hashes are made with; `nil` for plain ones.
    package var key: Secret?
    /// The size from which on a file is put aside.
    package var rotate: Int
    /// How many files that were put aside are kept.
    package var keep: Int

    package init(file: String, key: Secret? = nil, rotate: Int = 64 << 20, keep: Int = 16) {
        self.file = file
        self.key = key
        self.rotate = rotate
        self.keep = keep
    }
}
