internal import NIOConcurrencyHelpers

/// The plugins that this process has opened: each build of a file once, whoever asks for it and however often.
package final class PluginLibraries: Sendable {
    private let services: PluginServices
    /// Held while a file is opened: an entry function runs once per process.
    private let opened = NIOLockedValueBox<[FileIdentity: PluginLibrary]>([:])

    package init(services: PluginServices) {
        self.services = services
    }

    /// The library of the file that stands at `path` now.
    ///
    /// A file that was replaced since is opened beside the old one; one that was replaced by the same bytes is the old.
    ///
    /// - Returns: the library, and whether this call loaded it.
    package func open(path: String, sha256: String?) throws(PluginLoadError) -> (library: PluginLibrary, isNew: Bool) {
        let result = opened.withLockedValue {
            opened -> Result<(library: PluginLibrary, isNew: Bool), PluginLoadError> in
            Result { () throws(PluginLoadError) in
                if let identity = FileIdentity(path: path), let known = opened[identity],
                    sha256 == nil || known.sha256 == sha256
                {
                    return (known, false)
                }
                let file = try PluginFile(path: path)
                try PluginLibrary.check(file, against: sha256)
                if let same = opened.values.first(where: { $0.path == path && $0.sha256 == file.sha256 }) {
                    opened[file.identity] = same
                    return (same, false)
                }
                let library = try PluginLibrary.open(file, isPinned: sha256 != nil, services: services)
                opened[file.identity] = library
                return (library, true)
            }
        }
        return try result.get()
    }
}
