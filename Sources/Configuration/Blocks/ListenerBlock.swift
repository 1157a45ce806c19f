/// `listeners.NAME`: one socket.
enum ListenerBlock {
    static let address = Key.required(
        "address", addressType.placed,
        "Where to listen: IPv4 address or host name, or IPv6 address in brackets, and a port; port 0 takes a free one.")
    static let serves = Key.optional(
        "serves", ValueType<ListenerConfiguration.Service>.choice.oneOrList(), default: "[inference, metrics]",
        "What is answered here: `inference` is `/v1`, `/v2` and health, `metrics` is `/metrics`, `admin` is `/admin`, "
            + "`repository` is `/v2/repository`.")
    static let maxBody = Key.optional(
        "max_body", ValueType.size(1...(1 << 40), example: "64MiB"), default: "64MiB", "Largest body of a request.")
    static let maxHeaders = Key.optional(
        "max_headers", ValueType.size(1_024...(1 << 20), example: "32KiB"), default: "32KiB",
        "Most bytes of a request's line and headers together.")
    static let maxConnections = Key.optional(
        "max_connections", ValueType.integer(1...1_000_000, example: "10000"), default: "10000",
        "Connections that may be open at once.")
    static let timeouts = Key.optional("timeouts", ValueType.mapping, "How long a client may take.")
    static let origins = Key.optional(
        "origins",
        ValueType.parsed("an origin", example: "\"https://app.example\"", parse: OriginText.parse).oneOrList(),
        default: "the gateway's own",
        "Where web pages come from that may open sessions (WebSocket); `*` is anywhere.")
    static let firewall = Key.optional(
        "firewall", ValueType.mapping, default: "everybody may connect", "Which addresses may connect.")
    static let tls = Key.optional("tls", ValueType.mapping, "Certificates; without them nothing is encrypted.")

    static let block = Block(
        "listeners.NAME",
        [
            address.description, serves.description, maxBody.description, maxHeaders.description,
            maxConnections.description, timeouts.description, origins.description, tls.description,
            firewall.description,
        ])

    private static let addressType = ValueType<AddressText>("an address", example: "\"127.0.0.1:8080\"") {
        node, what, reading in
        guard
            let text = ValueType<String>.text("an address", example: "\"127.0.0.1:8080\"").read(node, what, reading)
        else { return nil }
        do throws(AddressText.Mistake) {
            return try AddressText(text)
        } catch {
            reading.error("\(what): \(error.message)", at: node.span, error.advice)
            return nil
        }
    }

    /// The listener and the place of its address.
    static func read(_ entry: NamedNode, _ reading: Reading) -> Placed<ListenerConfiguration>? {
        let name = "listener \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        let address = reader.value(address)
        var listener = ListenerConfiguration(
            name: entry.name, host: address?.value.host ?? "", port: address?.value.port ?? 0)
        if let services = reader.value(serves) {
            listener.serves = Set(services)
            if listener.serves.count < services.count {
                reading.error("serves names something twice", at: reader.span(of: serves))
            }
        }
        if let size = reader.value(maxBody) { listener.maxBody = size }
        if let size = reader.value(maxHeaders) { listener.maxHeaders = size }
        if let count = reader.value(maxConnections) { listener.maxConnections = count }
        if let node = reader.value(timeouts) {
            TimeoutsBlock.read(node, into: &listener, span: reader.keySpan(of: timeouts), reading)
        }
        if let origins = reader.value(origins) { listener.origins = origins }
        if let node = reader.value(tls) {
            listener.tls = TLSBlock.read(node, span: reader.keySpan(of: tls), reading)
        }
        if let node = reader.value(firewall) {
            listener.firewall = FirewallBlock.read(node, span: reader.keySpan(of: firewall), reading)
        }
        return address.map { Placed(value: listener, span: $0.span) }
    }

    /// Reports listeners that would need the same socket, and a file in which no listener serves inference.
    static func check(_ listeners: [Placed<ListenerConfiguration>], span: SourceSpan, _ reading: Reading) {
        for (index, listener) in listeners.enumerated() where listener.value.port != 0 {
            let (host, port) = (listener.value.host, listener.value.port)
            let first = listeners[..<index].first { $0.value.host == host && $0.value.port == port }
            guard let first else { continue }
            reading.error(
                "listener \(quoted(listener.value.name)) has the address of listener \(quoted(first.value.name))",
                at: listener.span, "first given in line \(first.span.location.line)")
        }
        if !listeners.isEmpty, !listeners.contains(where: { $0.value.serves.contains(.inference) }) {
            reading.error("no listener serves inference", at: span, "write serves: [inference] at one of them")
        }
    }
}

/// `listeners.NAME.timeouts`.
enum TimeoutsBlock {
    static let headers = Key.optional(
        "headers", ValueType.wait(example: "10s"), default: "10s",
        "From a request's first byte to the end of its headers.")
    static let body = Key.optional(
        "body", ValueType.wait(example: "30s"), default: "30s",
        "Longest silence inside a body, and longest wait for a client to take its answer.")
    static let idle = Key.optional(
        "idle", ValueType.wait(example: "75s"), default: "75s", "Longest silence between two requests of a connection.")

    static let block = Block("listeners.NAME.timeouts", [headers.description, body.description, idle.description])

    static func read(
        _ node: YAMLNode, into listener: inout ListenerConfiguration, span: SourceSpan, _ reading: Reading
    ) {
        guard let reader = MappingReader(node, block, name: "timeouts", span: span, reading) else { return }
        if let time = reader.value(headers) { listener.headerTimeout = time }
        if let time = reader.value(body) { listener.bodyTimeout = time }
        if let time = reader.value(idle) { listener.idleTimeout = time }
    }
}
