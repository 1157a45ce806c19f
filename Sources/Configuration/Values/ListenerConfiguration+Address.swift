extension ListenerConfiguration {
    /// The parts of `127.0.0.1:8080` or `[::1]:8080`; `nil` where the text is no address with a port.
    package static func hostAndPort(_ text: String) -> (host: String, port: Int)? {
        (try? AddressText(text)).map { ($0.host, $0.port) }
    }
}
