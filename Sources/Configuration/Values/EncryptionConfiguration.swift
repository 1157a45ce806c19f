/// How what the gateway keeps on disk is encrypted.
package struct EncryptionConfiguration: Sendable, Equatable {
    package struct Key: Sendable, Equatable {
        /// Stands in what it encrypts.
        package var id: String
        package var secret: Secret

        package init(id: String, secret: Secret) {
            self.id = id
            self.secret = secret
        }
    }

    package enum Form: String, Sendable, CaseIterable {
        case sealed
        /// What is encrypted is read, and written as if there were no encryption.
        case plain
    }

    /// What is written is encrypted with the first one.
    package var keys: [Key]
    package var write: Form

    package init(keys: [Key], write: Form = .sealed) {
        self.keys = keys
        self.write = write
    }
}
