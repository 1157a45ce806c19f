/// `issuers.NAME.keys`: a JSON Web Key Set by its URL or file, or one secret.
enum IssuerKeysBlock {
    static let url = Key.optional(
        "url", ValueType.text("a URL", example: "https://login.example/keys.json").placed,
        "A JSON Web Key Set (RFC 7517) that is fetched at the start and then again and again.")
    static let authority = Key.optional(
        "ca", ValueType.text("a path", example: "./tls/login-ca.pem").placed, default: "the system's",
        "Roots in PEM that the certificate behind `url` must lead to.")
    static let file = Key.optional(
        "file", ValueType.text("a path", example: "./keys.json").placed, "A JSON Web Key Set in a file.")
    static let refresh = Key.optional(
        "refresh", ValueType.duration(Duration.seconds(10)...Bounds.longestWait, example: "5min"), default: "5min",
        "How often the set is read again; until that succeeds the last good one holds.")
    static let secret = Key.optional(
        "secret", SecretText.type(atLeast: 32, example: "LOGIN_SECRET"),
        "A key that both sides have, for HS256, HS384 and HS512.")

    static let block = Block(
        "issuers.NAME.keys",
        [url.description, authority.description, file.description, refresh.description, secret.description])

    struct Result {
        var keys: IssuerConfiguration.Keys
        var algorithms: [TokenAlgorithm]
        var refresh = IssuerConfiguration.standardRefresh
    }

    /// - Parameter written: the issuer's `algorithms`; empty where they aren't written.
    static func read(
        _ node: YAMLNode, algorithms written: [Placed<TokenAlgorithm>], span: SourceSpan, _ reading: Reading
    ) -> Result? {
        guard let reader = MappingReader(node, block, name: "keys", span: span, reading) else { return nil }
        let places = [
            reader.has(url) ? reader.keySpan(of: url) : nil, reader.has(file) ? reader.keySpan(of: file) : nil,
            reader.has(secret) ? reader.keySpan(of: secret) : nil,
        ].compactMap { $0 }
        guard !places.isEmpty else {
            reading.error("keys says nothing", at: node.span, "write url, file or secret")
            return nil
        }
        if places.count > 1 {
            reading.error("keys come from one place: url, file or secret", at: places[1], "leave the others out")
            return nil
        }
        let refresh = reader.value(refresh)
        if reader.has(secret) {
            for (has, key, span) in [
                (reader.has(Self.refresh), "refresh", reader.keySpan(of: Self.refresh)),
                (reader.has(authority), "ca", reader.keySpan(of: authority)),
            ] where has {
                reading.error("a secret has no \(key)", at: span, "leave it out")
            }
        } else if reader.has(file), reader.has(authority) {
            reading.error("a file has no ca", at: reader.keySpan(of: authority), "leave it out")
        }
        let algorithms = check(written, isSecret: reader.has(secret), reading)
        guard let keys = source(reader, algorithms: algorithms ?? [], reading) else { return nil }
        guard let algorithms else { return nil }
        if reader.has(Self.refresh), refresh == nil { return nil }
        return Result(
            keys: keys, algorithms: algorithms, refresh: refresh ?? IssuerConfiguration.standardRefresh)
    }

    /// Keys that everybody may see must not be taken for secrets: whoever has them could sign.
    private static func check(
        _ written: [Placed<TokenAlgorithm>], isSecret: Bool, _ reading: Reading
    ) -> [TokenAlgorithm]? {
        if written.isEmpty { return isSecret ? [.hs256] : [.rs256, .es256, .edDSA] }
        var isGood = true
        var seen: Set<TokenAlgorithm> = []
        for algorithm in written {
            if algorithm.value.isSymmetric != isSecret {
                let message =
                    isSecret
                    ? "\(algorithm.value.rawValue) needs a pair of keys, and this issuer has a secret"
                    : "\(algorithm.value.rawValue) needs a secret: whoever sees the keys of a set could sign with them"
                reading.error(
                    message, at: algorithm.span,
                    isSecret ? "write HS256, HS384 or HS512" : "write keys: { secret: env:NAME }, or another algorithm")
                isGood = false
            } else if !seen.insert(algorithm.value).inserted {
                reading.error("algorithms names \(algorithm.value.rawValue) twice", at: algorithm.span)
                isGood = false
            }
        }
        return isGood ? written.map(\.value) : nil
    }

    /// A secret is as long as the hash at least (RFC 7518, section 3.2).
    private static func readSecret(
        _ reader: MappingReader, algorithms: [TokenAlgorithm], _ reading: Reading
    ) -> IssuerConfiguration.Keys? {
        guard let secret = reader.value(secret) else { return nil }
        for (algorithm, length) in [(TokenAlgorithm.hs384, 48), (.hs512, 64)]
        where algorithms.contains(algorithm) && secret.bytes.count < length {
            reading.error(
                "secret has \(secret.bytes.count) bytes; \(algorithm.rawValue) needs at least \(length)",
                at: reader.span(of: Self.secret), "make one with: openssl rand -hex \(length)")
            return nil
        }
        return .secret(secret)
    }

    private static func source(
        _ reader: MappingReader, algorithms: [TokenAlgorithm], _ reading: Reading
    ) -> IssuerConfiguration.Keys? {
        if reader.has(secret) { return readSecret(reader, algorithms: algorithms, reading) }
        if let path = reader.value(file) {
            let absolute = reading.absolutePath(path.value)
            guard let bytes = reading.context.readFile(absolute) else {
                reading.error("there is no file \(quoted(absolute)) that can be read", at: path.span)
                return nil
            }
            if let fault = reading.context.keySetFault(bytes, algorithms) {
                reading.error("this file \(fault)", at: path.span)
                return nil
            }
            return .file(absolute)
        }
        guard let text = reader.value(url) else { return nil }
        let address: HTTPAddress
        do throws(HTTPAddress.Mistake) {
            address = try HTTPAddress(text.value)
        } catch {
            reading.error("url is no URL of a key set: \(error.message)", at: text.span, error.advice)
            return nil
        }
        guard address.isSecure || address.isLoopback else {
            reading.error(
                "keys that come without TLS can be replaced on their way", at: text.span, "write https://")
            return nil
        }
        guard let path = reader.value(authority) else {
            return reader.has(authority) ? nil : .url(address, authority: nil)
        }
        let absolute = reading.absolutePath(path.value)
        guard reading.context.fileExists(absolute) else {
            reading.error("there is no file \(quoted(absolute))", at: path.span)
            return nil
        }
        return .url(address, authority: absolute)
    }
}
