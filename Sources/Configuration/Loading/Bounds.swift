/// How much of everything one file may hold, so that no file can keep the gateway busy or fill its memory.
enum Bounds {
    /// Enough for a hundred thousand keys.
    static let fileBytes = 16 << 20
    /// Mappings and lists within each other, aliases expanded.
    static let depth = 32
    /// Scalars, lists and mappings, aliases expanded: the answer to "billion laughs".
    static let values = 1_000_000
    /// Repeated keys that are found before reading stops.
    static let duplicateKeys = 16
    /// Errors, and as many warnings, that are kept.
    static let diagnostics = 1_000
    static let nameLength = 256
    static let listeners = 64
    static let plugins = 256
    static let models = 1_024
    static let consumers = 10_000
    static let limits = 1_024
    static let issuers = 64
    static let routes = 1_024
    static let columns = 65_536
    /// Items of any other list.
    static let items = 1_024
    /// Seconds that any wait may last.
    static let longestWait = Duration.seconds(24 * 3600)
}
