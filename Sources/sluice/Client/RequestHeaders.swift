internal import ArgumentParser
internal import Foundation

/// The header fields that a command sends to a gateway.
enum RequestHeaders {
    /// The headers given, and the key out of the environment: a command line can be read by others.
    static func all(_ headers: [String]) throws -> [(name: String, value: String)] {
        var all: [(name: String, value: String)] = []
        if let key = ProcessInfo.processInfo.environment["SLUICE_KEY"], !key.isEmpty {
            all.append(("Authorization", "Bearer \(key)"))
        }
        for text in headers {
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, !parts[0].isEmpty, !text.utf8.contains(where: { $0 < 0x20 }) else {
                throw ValidationError("--header \(text): write e.g. 'X-Team: blue'")
            }
            all.append((String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces)))
        }
        return all
    }
}
