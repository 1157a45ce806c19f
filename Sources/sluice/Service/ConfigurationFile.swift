internal import ArgumentParser
internal import Configuration
internal import Crypto
internal import Foundation
internal import Gateway
internal import IssuerKeys
internal import PluginHost
internal import Tensors
internal import Transport

/// A gateway.yaml on disk.
struct ConfigurationFile {
    /// The path as the user gave it, for messages.
    var shownPath: String
    /// Absolute folder; relative paths in the file start here.
    var folder: String
    var bytes: [UInt8]

    /// The text for messages; what isn't UTF-8 is an error of its own.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Where plugins are looked for.
    static var pluginFinder: PluginFinder {
        .standard(environment: ProcessInfo.processInfo.environment, executable: ownProgram)
    }

    /// Where the program is looked for that runs plugins in processes of their own.
    static var runnerFinder: RunnerFinder {
        RunnerFinder(environment: ProcessInfo.processInfo.environment, executable: ownProgram)
    }

    private static var ownProgram: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    }

    /// Reads the file, unchecked.
    static func read(_ path: String) throws -> ConfigurationFile {
        let url = URL(fileURLWithPath: path)
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw ValidationError("can't read \(path): \((error as NSError).localizedDescription)")
        }
        return ConfigurationFile(
            shownPath: path, folder: url.standardizedFileURL.deletingLastPathComponent().path, bytes: Array(data))
    }

    /// Everything that is wrong with it, or its values.
    static func check(_ file: ConfigurationFile) -> ConfigurationLoader.Outcome {
        ConfigurationLoader().load(file.bytes, context: context(folder: file.folder))
    }

    /// What a configuration in that folder may refer to.
    static func context(folder: String) -> ConfigurationLoader.Context {
        var context = ConfigurationLoader.Context(
            folder: folder, environment: ProcessInfo.processInfo.environment,
            installedPlugins: pluginFinder.installedPlugins(),
            fileExists: { FileManager.default.fileExists(atPath: $0) }, nowSeconds: Int64(WallClock.secondsSince1970),
            tlsFault: TLSFiles.fault(in:))
        context.readFile = smallFile
        context.keySetFault = KeySetDocument.fault(in:algorithms:)
        return context
    }

    /// What is read of each kind of file bounds itself.
    private static let largestFile = 1 << 20

    /// Bytes of a file with a secret, a key set or labels; `nil` where it can't be read or is too large to be one.
    private static func smallFile(_ path: String) -> [UInt8]? {
        guard let file = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)),
            let data = try? file.read(upToCount: largestFile + 1),
            data.count <= largestFile
        else { return nil }
        return Array(data)
    }

    /// A checked file.
    struct Loaded {
        var file: ConfigurationFile
        var configuration: GatewayConfiguration
    }

    /// Reads and checks; prints what is wrong and ends with 1 if there is an error.
    static func load(_ path: String) throws -> Loaded {
        let file = try read(path)
        let outcome = check(file)
        file.report(outcome.diagnostics)
        guard let configuration = outcome.configuration else { throw ExitCode(1) }
        return Loaded(file: file, configuration: configuration)
    }

    /// Reads the file for a running gateway, which says what is wrong instead of ending.
    static func readForReload(_ path: String) throws(ReloadFailure) -> ConfigurationFile {
        do {
            return try read(path)
        } catch {
            throw ReloadFailure(.read, "\(error)")
        }
    }

    /// Its values for a running gateway.
    func candidate() throws(ReloadFailure) -> Gatekeeper.Candidate {
        let outcome = Self.check(self)
        guard let configuration = outcome.configuration else {
            let first = outcome.diagnostics.first { $0.severity == .error }
            let place = first.map { ":\($0.location.line):\($0.location.column): \($0.message)" } ?? ""
            throw ReloadFailure(
                .check, "\(shownPath)\(place) (\(Diagnostic.summary(outcome.diagnostics)))",
                diagnostics: outcome.diagnostics)
        }
        return Gatekeeper.Candidate(configuration: configuration, hash: hash)
    }

    /// The first twelve digits of the text's SHA-256.
    var hash: String {
        let digits = Array("0123456789abcdef")
        return String(SHA256.hash(data: bytes).prefix(6).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// Prints diagnostics to the standard error.
    func report(_ diagnostics: [Diagnostic]) {
        for diagnostic in diagnostics {
            FileHandle.standardError.write(
                Data((diagnostic.rendered(file: shownPath, source: text) + "\n").utf8))
        }
    }
}
