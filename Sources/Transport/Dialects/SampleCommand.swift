internal import Codecs
internal import Foundation
internal import Tensors

/// The command of a shell that sends a sample.
struct SampleCommand {
    /// What the command's reader has to see on a screen.
    private static let mostText = 4096
    private static let mostBase64 = 8192

    /// The sample itself, where it is a text to be shown.
    let text: String?
    let curl: String

    /// - Parameters:
    ///   - url: where it goes.
    ///   - input: the input that it is, where that has to be said.
    init(_ bytes: [UInt8], mediaType: String, url: String, input: String? = nil) {
        let type = Self.fields(mediaType, input: input)
        text = Self.shown(bytes)
        if let text, !text.hasPrefix("@") {
            curl = "curl \(type) --data-binary '\(text.shellQuoted)' '\(url)'"
        } else if let packed = Self.packed(bytes) {
            let coding = packed.isCompressed ? " -H 'Content-Encoding: gzip'" : ""
            curl = "printf %s \(packed.base64) | base64 -d | curl \(type)\(coding) --data-binary @- '\(url)'"
        } else {
            curl = Self.ofFile(mediaType, url: url, input: input)
        }
    }

    /// The command for a file that the caller must have.
    static func ofFile(_ mediaType: String, url: String, input: String? = nil) -> String {
        "curl \(fields(mediaType, input: input)) --data-binary @FILE '\(url)'"
    }

    private static func fields(_ mediaType: String, input: String?) -> String {
        "-H 'Content-Type: \(mediaType)'" + (input.map { " -H 'Sluice-Input: \($0.shellQuoted)'" } ?? "")
    }

    /// The bytes as a text of a few lines; `nil` where they are none.
    static func shown(_ bytes: [UInt8]) -> String? {
        let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        guard bytes.count <= mostText, isPlain else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// What prints the bytes, without a line's end; `nil` where they are too many for a command.
    static func printing(_ bytes: [UInt8]) -> String? {
        packed(bytes).map { "printf %s \($0.base64) | base64 -d\($0.isCompressed ? " | gunzip" : "")" }
    }

    /// The bytes in base64, compressed where that is shorter; `nil` where they are too many for a command.
    static func packed(_ bytes: [UInt8]) -> (base64: String, isCompressed: Bool)? {
        guard bytes.count > 512 else { return (Data(bytes).base64EncodedString(), false) }
        guard let compressed = Deflater.compress([.bytes(bytes)], .gzip), compressed.count < bytes.count,
            compressed.count * 4 / 3 <= mostBase64
        else { return nil }
        return (Data(compressed).base64EncodedString(), true)
    }
}

extension String {
    /// The text as it stands between single quotes of a shell.
    var shellQuoted: String {
        split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    }
}
