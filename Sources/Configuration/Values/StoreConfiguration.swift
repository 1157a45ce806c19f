/// Where counts of quotas are kept beyond the gateway's memory.
package struct StoreConfiguration: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case sqlite(SQLite)
        case redis(Redis)
    }

    /// A file of this gateway's own.
    package struct SQLite: Sendable, Equatable {
        /// Absolute.
        package var path: String
        /// How long a count may be in memory alone.
        package var flush = Duration.milliseconds(50)

        package init(path: String) {
            self.path = path
        }
    }

    /// A server that several gateways count with.
    package struct Redis: Sendable, Equatable {
        /// What to do with a request while the server can't be asked.
        package enum IfDown: String, Sendable, CaseIterable {
            /// Each gateway counts by itself.
            case local
            case deny
            case allow
        }

        /// Whether it is reached by TLS.
        package var isSecure = false
        /// A file with the certificates of who may vouch for it; `nil` for the system's. Absolute.
        package var authority: String?
        package var host: String
        package var port: Int
        package var database = 0
        package var username: String?
        package var password: Secret?
        /// Longest time that a request waits for the server.
        package var timeout = Duration.milliseconds(50)
        package var ifDown = IfDown.local
        /// The part of a quota, in hundredths, that one gateway may hold ready.
        package var lease = 5
        /// What all keys start with.
        package var prefix = "sluice"

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    package var name: String
    package var kind: Kind

    package init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }
}
