/// One caller that the file names.
package struct ConsumerConfiguration: Sendable, Equatable {
    package struct Key: Sendable, Equatable {
        package enum Scheme: String, Sendable, CaseIterable {
            /// SHA-256 of the key.
            case plain = "sha256:"
            /// HMAC-SHA-256 of the key with the file's pepper.
            case peppered = "hmac-sha256:"
        }

        package var id: String
        /// How the hash is made of the key.
        package var scheme: Scheme = .plain
        /// 64 lower-case hexadecimal digits: the hash of the whole key.
        package var sha256: String
        /// Seconds since 1970 from which on the key is refused.
        package var expires: Int64?

        package init(id: String, sha256: String, expires: Int64? = nil) {
            self.id = id
            self.sha256 = sha256
            self.expires = expires
        }
    }

    /// The name under which callers without a key act where `auth` is `none`.
    package static let anonymous = "anonymous"

    package var name: String
    package var keys: [Key]
    /// Names of certificates that are as good as a key: `dns:`, `uri:`, `email:` or `cn:` and the name.
    package var certificates: [String] = []
    /// What it may do besides what its groups may; nothing else is allowed.
    package var allow: [AccessRule]
    /// What it may not do, whatever allows it.
    package var deny: [AccessRule] = []
    /// Names of entries of `limits`.
    package var limits: [String]
    /// Names of entries of `groups`.
    package var groups: [String] = []
    package var location: SourceLocation

    package init(name: String, keys: [Key], allow: [AccessRule], limits: [String], location: SourceLocation) {
        self.name = name
        self.keys = keys
        self.allow = allow
        self.limits = limits
        self.location = location
    }
}

extension ConsumerConfiguration {
    /// A consumer that may use models of these names, always and from anywhere.
    package init(name: String, keys: [Key], allowedModels: [String], limits: [String], location: SourceLocation) {
        self.init(
            name: name, keys: keys,
            allow: allowedModels.isEmpty ? [] : [AccessRule(models: allowedModels, location: location)], limits: limits,
            location: location)
    }
}

extension ConsumerConfiguration.Key {
    /// Until when it is taken, as the file writes it; `never` for no end.
    package var expiryText: String { expires.map { DateText.text($0) } ?? "never" }

    /// A moment as the file writes it.
    package static func dateText(_ seconds: Int64) -> String { DateText.text(seconds) }

    /// Whether a text is a date as the file writes them.
    package static func isDate(_ text: String) -> Bool { seconds(of: text) != nil }

    /// Seconds since 1970 of a date as the file writes them; `nil` where the text is none.
    package static func seconds(of text: String) -> Int64? { DateText.parse(text) }
}
