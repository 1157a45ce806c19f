/// `admin`: who may look into the gateway and change it while it runs.
enum AdminBlock {
    static let keys = Key.required(
        "keys", ValueType.mappings(),
        "Keys for listeners that serve `admin` or `repository`, by their hashes; sent as `authorization: Bearer KEY`.")

    static let block = Block("admin", [keys.description])

    static func read(
        _ node: YAMLNode, span: SourceSpan, _ reading: Reading
    ) -> (admin: AdminConfiguration, keys: [ConsumerKeyBlock.Result])? {
        guard let reader = MappingReader(node, block, name: "admin", span: span, reading) else { return nil }
        let keys = (reader.value(keys) ?? []).compactMap { ConsumerKeyBlock.read($0, owner: "admin", reading) }
        return (AdminConfiguration(keys: keys.map(\.key)), keys)
    }

    /// Refuses listeners through which anybody elsewhere could change the gateway, and keys that open nothing.
    static func check(
        _ admin: AdminConfiguration?, span: SourceSpan, listeners: [Placed<ListenerConfiguration>], _ reading: Reading
    ) {
        let serving = listeners.filter { $0.value.isAdministrative }
        if admin != nil, serving.isEmpty, !listeners.isEmpty {
            reading.error(
                "admin has keys, but no listener serves admin or repository", at: span,
                "write serves: [admin] at one of them, or remove admin")
        }
        guard admin == nil else { return }
        for listener in serving where !AddressText.isLoopback(listener.value.host) {
            let what = listener.value.serves.contains(.admin) ? "admin" : "repository"
            reading.error(
                """
                listener \(quoted(listener.value.name)) lets everybody change the gateway who can reach \
                \(listener.value.host): it serves \(what), and there are no admin.keys
                """, at: listener.span,
                "listen on 127.0.0.1, or write admin: { keys: [{ id: ops, hash: \"sha256:…\" }] }")
        }
    }
}
