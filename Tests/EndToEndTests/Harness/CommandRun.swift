import Foundation

/// One run of the program to its end.
struct CommandRun {
    var status: Int32
    var output: String
    var errors: String

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = GatewayFixture.program
        process.arguments = arguments
        var variables = ProcessInfo.processInfo.environment
        variables["SLUICE_PLUGIN_PATH"] =
            GatewayFixture.pluginFolder + ":" + GatewayFixture.program.deletingLastPathComponent().path
        variables["SWIFT_BACKTRACE"] = "enable=no"
        variables.merge(environment) { $1 }
        process.environment = variables
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // What these commands write fits a pipe.
        process.waitUntilExit()
        status = process.terminationStatus
        self.output = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.errors = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }
}
