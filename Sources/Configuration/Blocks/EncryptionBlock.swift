/// `encryption`: how what the gateway keeps on disk is encrypted.
enum EncryptionBlock {
    static let keys = Key.required(
        "keys", ValueType.mappings(atMost: 16),
        "Keys by their ids. What is written is encrypted with the first one, and with the others what was written before is "
            + "read.")
    static let write = Key.optional(
        "write", ValueType<EncryptionConfiguration.Form>.choice, default: "sealed",
        "`sealed`; or `plain`, to go back to files that are not encrypted.")

    static let block = Block("encryption", [keys.description, write.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> Placed<EncryptionConfiguration>? {
        guard let reader = MappingReader(node, block, name: "encryption", span: span, reading) else { return nil }
        let (nodes, write) = (reader.value(keys), reader.value(write))
        guard let nodes else { return nil }
        let keys = nodes.compactMap { EncryptionKeyBlock.read($0, reading) }
        for (index, key) in keys.enumerated() {
            if keys[..<index].contains(where: { $0.value.id == key.value.id }) {
                reading.error("two keys have the id \(quoted(key.value.id))", at: key.span, "a new key has a new id")
            } else if keys[..<index].contains(where: { $0.value.secret.bytes == key.value.secret.bytes }) {
                reading.error("key \(quoted(key.value.id)) has the secret of another one", at: key.span)
            }
        }
        return Placed(value: EncryptionConfiguration(keys: keys.map(\.value), write: write ?? .sealed), span: span)
    }

    /// Doubts an encryption of nothing.
    static func check(
        _ encryption: Placed<EncryptionConfiguration>?, stores: [StoreConfiguration], models: [ModelConfiguration],
        _ reading: Reading
    ) {
        guard let encryption else { return }
        let isUsed =
            models.contains { $0.state != nil } || stores.contains { if case .sqlite = $0.kind { true } else { false } }
        if !isUsed {
            reading.warning(
                "nothing that the file names is encrypted: no store is of kind sqlite, and no model has a state",
                at: encryption.span)
        }
    }
}

/// An entry of `encryption.keys`.
enum EncryptionKeyBlock {
    static let id = Key.required(
        "id", ValueType.name(of: "key", example: "disk-2026"), "Stands in what the key encrypts; never given twice.")
    static let key = Key.required(
        "key", SecretText.type(atLeast: 32, example: "SLUICE_DISK_KEY"), "The secret: `env:NAME` or `file:PATH`.")

    static let block = Block("encryption.keys", [id.description, key.description])

    static func read(_ node: YAMLNode, _ reading: Reading) -> Placed<EncryptionConfiguration.Key>? {
        guard let reader = MappingReader(node, block, name: "a key", span: node.span, reading) else { return nil }
        let (id, key) = (reader.value(id), reader.value(key))
        guard let id, let key else { return nil }
        guard id.utf8.count <= 64 else {
            reading.error("the id of a key has at most 64 bytes", at: reader.span(of: Self.id))
            return nil
        }
        return Placed(value: EncryptionConfiguration.Key(id: id, secret: key), span: reader.span(of: Self.id))
    }
}
