internal import Foundation
package import Logging

/// Writes the gateway's own log: one JSON object a line, metadata as keys of their own.
///
/// Messages are constant texts; what varies is metadata, so that a log can be searched by both.
package struct JSONLogHandler: LogHandler {
    /// Keys that metadata can't take; a metadata key of that name gets a `_` in front.
    private static let reservedKeys: Set<String> = ["time", "level", "logger", "message", "error"]
    /// Longer values are cut.
    private static let longestValue = 4_096
    /// Metadata nested deeper is written as its description.
    private static let deepestNesting = 8

    package var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    /// What one logger was set to, whatever the threshold of all says.
    private var ownLevel: Logger.Level?
    private let threshold: LogThreshold
    private let label: String
    private let output: LogOutput
    private let mask: LogMask?
    private let unixMilliseconds: @Sendable () -> Int64

    /// - Parameters:
    ///   - label: which part of the gateway speaks.
    ///   - threshold: the least that is logged.
    ///   - mask: what becomes of texts on their way out.
    ///   - unixMilliseconds: the present moment; tests give their own.
    package init(
        label: String, threshold: LogThreshold, output: LogOutput = .standardError, mask: LogMask? = nil,
        unixMilliseconds: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) {
        self.label = label
        self.output = output
        self.mask = mask
        self.unixMilliseconds = unixMilliseconds
        self.threshold = threshold
    }

    /// A handler with a threshold of its own.
    package init(
        label: String, level: Logger.Level, output: LogOutput = .standardError,
        unixMilliseconds: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) {
        self.init(label: label, threshold: LogThreshold(level), output: output, unixMilliseconds: unixMilliseconds)
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = Array("{\"time\":\"".utf8)
        var timestamp = Timestamp()
        timestamp.append(milliseconds: unixMilliseconds(), to: &line)
        line.append(contentsOf: "\",\"level\":\"\(event.level.rawValue)\",\"logger\":".utf8)
        JSONText.append(label, to: &line)
        line.append(contentsOf: ",\"message\":".utf8)
        JSONText.append(event.message.description, to: &line, limit: Self.longestValue)
        if let error = event.error {
            line.append(contentsOf: ",\"error\":".utf8)
            append("\(error)", to: &line)
        }

        var all = metadataProvider?.get() ?? [:]
        all.merge(metadata) { $1 }
        all.merge(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line.append(UInt8(ascii: ","))
            JSONText.append(Self.reservedKeys.contains(key) ? "_" + key : key, to: &line)
            line.append(UInt8(ascii: ":"))
            append(value, depth: 0, to: &line)
        }
        line.append(contentsOf: "}\n".utf8)
        // There is nowhere left to say that the log itself can't be written.
        try? output.write(line)
    }

    private func append(_ text: String, to line: inout [UInt8]) {
        JSONText.append(mask?.masked(text) ?? text, to: &line, limit: Self.longestValue)
    }

    private func append(_ value: Logger.MetadataValue, depth: Int, to line: inout [UInt8]) {
        switch value {
        case .string(let text): append(text, to: &line)
        case .stringConvertible(let value as any BinaryInteger): line.append(contentsOf: "\(value)".utf8)
        case .stringConvertible(let value as Bool): line.append(contentsOf: "\(value)".utf8)
        case .stringConvertible(let value): append(value.description, to: &line)
        case .array(let values):
            guard depth < Self.deepestNesting else {
                return append(.string(value.description), depth: depth, to: &line)
            }
            line.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                append(value, depth: depth + 1, to: &line)
            }
            line.append(UInt8(ascii: "]"))
        case .dictionary(let values):
            guard depth < Self.deepestNesting else {
                return append(.string(value.description), depth: depth, to: &line)
            }
            line.append(UInt8(ascii: "{"))
            for (index, entry) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                JSONText.append(entry.key, to: &line)
                line.append(UInt8(ascii: ":"))
                append(entry.value, depth: depth + 1, to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
    }
}
