/// One shared object that models are loaded through.
package struct PluginConfiguration: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        /// Found by its name in the plugin folders: `libsluice_<name>.so`.
        case name(String)
        /// An absolute path.
        case path(String)
    }

    package var name: String
    package var source: Source
    /// 64 lower-case hexadecimal digits that the file's SHA-256 must equal.
    package var sha256: String?
    /// Where it runs, unless a model says otherwise.
    package var isolation: Isolation
    /// How its own process is locked up, where it has one.
    package var runner = RunnerConfiguration()
    package var location: SourceLocation

    package init(name: String, source: Source, sha256: String? = nil, location: SourceLocation) {
        self.name = name
        self.source = source
        self.isolation = source.usualIsolation
        self.sha256 = sha256
        self.location = location
    }
}

extension PluginConfiguration.Source {
    /// Where a plugin runs of which the file doesn't say it: those of ours that run code of which nobody knows how well it
    /// keeps to itself, or read what anybody sends, have a process of their own.
    package var usualIsolation: Isolation {
        switch self {
        case .name("ffi"), .name("python"), .name("media"): .process
        default: .inProcess
        }
    }
}
