/// `listeners.NAME.tls`.
enum TLSBlock {
    static let certificate = Key.required(
        "cert", ValueType.text("a path", example: "./tls/server.pem").placed,
        "The listener's certificate in PEM, followed by those that lead to its root.")
    static let key = Key.required(
        "key", ValueType.text("a path", example: "./tls/server.key").placed,
        "The private key of that certificate in PEM.")
    static let clientCA = Key.optional(
        "client_ca", ValueType.text("a path", example: "./tls/clients.pem").placed,
        "Roots in PEM that clients' certificates must lead to; clients without one are refused then.")
    static let plain = Key.optional(
        "plain", ValueType<ListenerTLS.Plain>.choice, default: "refuse",
        "What happens to clients that speak without TLS on the same port.")

    static let block = Block(
        "listeners.NAME.tls",
        [certificate.description, key.description, clientCA.description, plain.description])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> ListenerTLS? {
        guard let reader = MappingReader(node, block, name: "tls", span: span, reading) else { return nil }
        let certificate = reader.value(certificate).flatMap { file($0, reading) }
        let key = reader.value(key).flatMap { file($0, reading) }
        let clientCA = reader.value(clientCA).flatMap { file($0, reading) }
        let plain = reader.value(plain) ?? .refuse
        if reader.has(Self.clientCA), clientCA == nil { return nil }
        guard let certificate, let key else { return nil }
        let tls = ListenerTLS(
            certificate: certificate, key: key, clientCA: clientCA, plain: plain)
        guard let fault = reading.context.tlsFault(tls) else { return tls }
        let place =
            switch fault.file {
            case .certificate: reader.span(of: Self.certificate)
            case .key: reader.span(of: Self.key)
            case .clientCA: reader.span(of: Self.clientCA)
            }
        reading.error("this file \(fault.message)", at: place)
        return nil
    }

    /// The absolute path of a file that is there.
    private static func file(_ path: Placed<String>, _ reading: Reading) -> String? {
        let absolute = reading.absolutePath(path.value)
        guard reading.context.fileExists(absolute) else {
            reading.error("there is no file \(quoted(absolute))", at: path.span)
            return nil
        }
        return absolute
    }
}
