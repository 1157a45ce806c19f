import Foundation
import Glibc

extension GatewayFixture {
    /// The file that it serves.
    var file: URL { folder.appendingPathComponent("gateway.yaml") }

    /// Puts another text in the place of the file, at once, as an editor or a deployment does.
    func write(_ yaml: String) throws {
        let text = yaml.replacingOccurrences(of: "LISTENER", with: "\"127.0.0.1:0\"")
            .replacingOccurrences(of: "MODELS", with: Self.modelFolder)
            .replacingOccurrences(of: "FOLDER", with: folder.path)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    func signal(_ number: Int32) { kill(processID, number) }

    /// The lines of the log with that message.
    func logLines(_ message: String) -> [[String: Any]] {
        log.split(separator: "\n").compactMap { line in
            guard line.contains("\"message\":\"\(message)\"") else { return nil }
            return try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        }
    }

    /// Waits until the log has so many lines with that message; the last of them.
    func waitForLog(_ message: String, count: Int = 1) throws -> [String: Any] {
        let deadline = Date().addingTimeInterval(60)
        while Date() < deadline, isRunning {
            let lines = logLines(message)
            if lines.count >= count { return lines[count - 1] }
            // Polling a file is the one way to learn what an unrelated process did.
            usleep(2000)
        }
        throw StartFailure(description: "no \"\(message)\" in time; the log says:\n\(log)")
    }

    /// Sends SIGHUP and waits for what comes of it.
    func hangUp(serves count: Int) throws -> [String: Any] {
        signal(SIGHUP)
        return try waitForLog("revision serves", count: count)
    }
}
