internal import FoundationEssentials

/// Finds the program that runs plugins in processes of their own, and says what environment it gets.
package struct RunnerFinder: Sendable {
    /// What a runner gets of the gateway's environment without being granted it: language, zone, threads.
    private static let harmless = ["LANG", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "TZ", "OMP_NUM_THREADS"]

    private let variables: [String: String]
    private let candidates: [String]

    /// - Parameter executable: the gateway's own program; the runner lies beside it unless `SLUICE_RUNNER` says where.
    package init(environment: [String: String], executable: String) {
        variables = environment
        if let given = environment["SLUICE_RUNNER"], !given.isEmpty {
            candidates = [given]
        } else {
            let folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
            candidates = [
                folder.appendingPathComponent("sluice-runner").path,
                folder.deletingLastPathComponent().appendingPathComponent("libexec/sluice/sluice-runner").path,
            ]
        }
    }

    /// The program's path.
    package func program() throws(PluginLoadError) -> String {
        for candidate in candidates where FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        throw PluginLoadError(
            .notFound,
            "there is no sluice-runner (looked for \(candidates.joined(separator: ", "))); set SLUICE_RUNNER to its path"
        )
    }

    /// All of a runner's environment: what is harmless, what it is granted by name, and nothing else.
    package func environment(granting names: [String]) -> [String] {
        let passed = (Self.harmless + names).compactMap { name in variables[name].map { "\(name)=\($0)" } }
        // Swift's own crash report takes long, and holds up the news of the crash.
        return passed + ["SWIFT_BACKTRACE=enable=no"]
    }
}
