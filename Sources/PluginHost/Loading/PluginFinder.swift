internal import FoundationEssentials

/// Finds plugins by name in an ordered list of folders.
///
/// A plugin named `iris` is a file `libsluice_iris.so`; the first folder that has it wins.
package struct PluginFinder: Sendable {
    /// Folders in the order in which they are searched.
    package let folders: [String]

    package init(folders: [String]) {
        self.folders = folders
    }

    /// The folders of `SLUICE_PLUGIN_PATH` (colon-separated), then those beside and above the program itself, then
    /// `build/plugins` below the working directory.
    package static func standard(environment: [String: String], executable: String) -> PluginFinder {
        var folders = (environment["SLUICE_PLUGIN_PATH"] ?? "").split(separator: ":").map(String.init)
        let program = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
        folders.append(program.appendingPathComponent("plugins").path)
        folders.append(program.deletingLastPathComponent().appendingPathComponent("lib/sluice/plugins").path)
        folders.append(
            URL(fileURLWithPath: FileManager.default.currentDirectoryPath).appendingPathComponent("build/plugins").path)
        return PluginFinder(folders: folders)
    }

    /// Names of all plugins that are there.
    package func installedPlugins() -> Set<String> {
        var names: Set<String> = []
        for folder in folders {
            for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            where file.hasPrefix(Self.prefix) && file.hasSuffix(Self.suffix) {
                names.insert(String(file.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)))
            }
        }
        return names
    }

    /// The file of a plugin; `nil` where no folder has it.
    package func path(ofPluginNamed name: String) -> String? {
        guard !name.contains("/") else { return nil }
        for folder in folders {
            let path = "\(folder)/\(Self.prefix)\(name)\(Self.suffix)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        return nil
    }

    private static let prefix = "libsluice_"
    private static let suffix = ".so"
}
