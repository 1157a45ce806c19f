/// `stores.NAME`: where counts of quotas are kept beyond the gateway's memory.
enum StoreBlock {
    static let kind = Key.required(
        "kind", ValueType<Kind>.choice,
        "`sqlite`, a file of this gateway's own; or `redis`, shared by several gateways.")
    static let path = Key.optional(
        "path", ValueType.text("a path", example: "./quotas.db").placed,
        "The file of a `sqlite` store, made where it isn't there.")
    static let flush = Key.optional(
        "flush", ValueType.duration(.milliseconds(1)...Duration.milliseconds(100), example: "50ms"), default: "50ms",
        "The longest that a count is in memory alone; for `sqlite`.")
    static let url = Key.optional(
        "url", RedisURLText.type, "Where the `redis` server is: `redis://HOST:PORT/DATABASE`, or `rediss://…` for TLS.")
    static let authority = Key.optional(
        "ca", ValueType.text("a path", example: "./tls/redis-ca.pem").placed, default: "the system's",
        "Certificates (PEM) of who may vouch for a `rediss://` server.")
    static let username = Key.optional(
        "username", ValueType.text("a name", example: "sluice"), default: "none", "Whom to log in as; for `redis`.")
    static let password = Key.optional(
        "password", SecretText.type(example: "REDIS_PASSWORD"), default: "none",
        "Where the server's password is to be found: `env:NAME` or `file:PATH`; for `redis`.")
    static let timeout = Key.optional(
        "timeout", ValueType.duration(.milliseconds(1)...Duration.seconds(10), example: "50ms"), default: "50ms",
        "The longest that a request waits for the server; for `redis`.")
    static let ifDown = Key.optional(
        "if_down", ValueType<StoreConfiguration.Redis.IfDown>.choice, default: "local",
        """
        What holds while the server doesn't answer: `local`, each gateway counts by itself; `deny`, requests are turned \
        away (503); `allow`, they are let through.
        """)
    static let lease = Key.optional(
        "lease", leaseType, default: "5%",
        "The part of a quota that a gateway may hold ready, so that most requests needn't ask; for `redis`.")
    static let prefix = Key.optional(
        "prefix", ValueType.name(of: "prefix", example: "sluice"), default: "sluice",
        "What the server's keys start with; the same for gateways that count together.")

    static let block = Block(
        "stores.NAME",
        [
            kind.description, path.description, flush.description, url.description, authority.description,
            username.description, password.description, timeout.description, ifDown.description, lease.description,
            prefix.description,
        ])

    enum Kind: String, Sendable, CaseIterable {
        case sqlite
        case redis
    }

    private static let leaseType = ValueType<Int>("a percentage", example: "5%", form: .written("^[0-9]+%$")) {
        node, what, reading in
        let type = ValueType<String>.text("a percentage", example: "5%")
        guard let text = type.read(node, what, reading) else { return nil }
        if let (number, unit) = NumberWithUnit.split(text), unit == "%", (0...50).contains(number) {
            return Int(number)
        }
        reading.error("\(what): \(quoted(text)) is not a percentage from 0% to 50%", at: node.span, "write e.g. 5%")
        return nil
    }

    static func read(_ entry: NamedNode, _ reading: Reading) -> StoreConfiguration? {
        let name = "store \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        guard let kind = reader.value(kind) else { return nil }
        switch kind {
        case .sqlite:
            refuse([url.name: reader.has(url) ? reader.keySpan(of: url) : nil], of: kind, reading)
            refuse(
                [
                    authority.name: reader.has(authority) ? reader.keySpan(of: authority) : nil,
                    username.name: reader.has(username) ? reader.keySpan(of: username) : nil,
                    password.name: reader.has(password) ? reader.keySpan(of: password) : nil,
                    timeout.name: reader.has(timeout) ? reader.keySpan(of: timeout) : nil,
                    ifDown.name: reader.has(ifDown) ? reader.keySpan(of: ifDown) : nil,
                    lease.name: reader.has(lease) ? reader.keySpan(of: lease) : nil,
                    prefix.name: reader.has(prefix) ? reader.keySpan(of: prefix) : nil,
                ], of: kind, reading)
            return readSQLite(entry, reader, reading)
        case .redis:
            refuse(
                [
                    path.name: reader.has(path) ? reader.keySpan(of: path) : nil,
                    flush.name: reader.has(flush) ? reader.keySpan(of: flush) : nil,
                ], of: kind, reading)
            return readRedis(entry, reader, reading)
        }
    }

    /// Keys that mean nothing to this kind of store would be accepted and not applied.
    private static func refuse(_ keys: [String: SourceSpan?], of kind: Kind, _ reading: Reading) {
        for (key, span) in keys {
            guard let span else { continue }
            reading.error("\(key) is not for a store of kind \(kind.rawValue)", at: span, "remove it")
        }
    }

    private static func readSQLite(
        _ entry: NamedNode, _ reader: MappingReader, _ reading: Reading
    ) -> StoreConfiguration? {
        let flush = reader.value(flush)
        guard let path = reader.value(path) else {
            if !reader.has(Self.path) {
                reading.error("store \(quoted(entry.name)) has no path", at: entry.span, "write e.g. path: ./quotas.db")
            }
            return nil
        }
        let absolute = reading.absolutePath(path.value)
        let folder = String(absolute[..<(absolute.lastIndex(of: "/") ?? absolute.startIndex)])
        if !reading.context.fileExists(folder.isEmpty ? "/" : folder) {
            reading.error("there is no folder \(quoted(folder)) for the store", at: path.span)
        }
        var sqlite = StoreConfiguration.SQLite(path: absolute)
        if let flush { sqlite.flush = flush }
        return StoreConfiguration(name: entry.name, kind: .sqlite(sqlite))
    }

    private static func readRedis(
        _ entry: NamedNode, _ reader: MappingReader, _ reading: Reading
    ) -> StoreConfiguration? {
        let (username, password) = (reader.value(username), reader.value(password))
        let (timeout, ifDown) = (reader.value(timeout), reader.value(ifDown))
        let (lease, prefix) = (reader.value(lease), reader.value(prefix))
        guard let url = reader.value(url) else {
            if !reader.has(Self.url) {
                reading.error(
                    "store \(quoted(entry.name)) has no url", at: entry.span, "write e.g. url: redis://127.0.0.1:6379")
            }
            return nil
        }
        if username != nil, !reader.has(Self.password) {
            reading.error(
                "store \(quoted(entry.name)) has a username and no password", at: reader.keySpan(of: Self.username),
                "write password: env:NAME or file:PATH")
        }
        var redis = StoreConfiguration.Redis(host: url.host, port: url.port)
        redis.isSecure = url.isSecure
        if reader.has(Self.authority), !url.isSecure {
            reading.error(
                "ca is for a server that is reached by TLS", at: reader.keySpan(of: Self.authority),
                "write url: rediss://…, or leave it out")
        } else if let path = reader.value(Self.authority) {
            let absolute = reading.absolutePath(path.value)
            if !reading.context.fileExists(absolute) {
                reading.error("there is no file \(quoted(absolute))", at: path.span)
            }
            redis.authority = absolute
        }
        redis.database = url.database
        redis.username = username
        redis.password = password
        if let timeout { redis.timeout = timeout }
        if let ifDown { redis.ifDown = ifDown }
        if let lease { redis.lease = lease }
        if let prefix { redis.prefix = prefix }
        return StoreConfiguration(name: entry.name, kind: .redis(redis))
    }

    /// Reports files and servers that two stores would share.
    static func check(_ stores: [StoreConfiguration], names: NameTable, spans: [String: SourceSpan], _ reading: Reading)
    {
        var known: [String: String] = [:]
        for store in stores {
            guard case .sqlite(let sqlite) = store.kind, let span = spans[store.name] else { continue }
            if let other = known[sqlite.path] {
                reading.error(
                    "store \(quoted(store.name)) has the file of store \(quoted(other))", at: span,
                    "one store can keep the counts of all limits")
            } else {
                known[sqlite.path] = store.name
            }
        }
        for store in names.unused {
            reading.error("no limit uses store \(quoted(store.value))", at: store.span, "use it or remove it")
        }
    }
}
