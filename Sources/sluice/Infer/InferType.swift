internal import ArgumentParser
internal import Codecs
internal import Foundation

/// What a file is, as its name tells or somebody says.
enum InferType {
    private static let known: [String: String] = [
        "csv": "text/csv", "ndjson": "application/x-ndjson", "jsonl": "application/x-ndjson",
        "json": "application/json", "xml": "application/xml", "npy": "application/x-npy",
        "tsv": "text/tab-separated-values", "tab": "text/tab-separated-values", "npz": "application/x-npz",
        "safetensors": "application/x-safetensors", "arrow": "application/vnd.apache.arrow.stream",
        "arrows": "application/vnd.apache.arrow.stream", "feather": "application/vnd.apache.arrow.file",
        "bin": "application/octet-stream", "raw": "application/octet-stream", "png": "image/png", "jpg": "image/jpeg",
        "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "bmp": "image/bmp", "tif": "image/tiff",
        "tiff": "image/tiff", "wav": "audio/wav", "flac": "audio/flac", "mp3": "audio/mpeg", "ogg": "audio/ogg",
        "opus": "audio/ogg", "aac": "audio/aac", "m4a": "audio/mp4", "mp4": "video/mp4", "mov": "video/quicktime",
        "webm": "video/webm", "mkv": "video/x-matroska",
    ]
    /// Types whose rows are cut into batches.
    private static let rows = Set(RowFormat.mediaTypes)

    /// The media type of what is read; `nil` leaves it to the gateway.
    ///
    /// - Parameter said: a media type, or the ending that names of such files have.
    static func mediaType(of path: String, said: String?) throws -> String? {
        if let said {
            if said.contains("/") { return said }
            guard let type = known[said.lowercased()] else {
                throw ValidationError("--type \(said): write a media type, or an ending like csv, ndjson, json or npy")
            }
            return type
        }
        if path == "-" { return nil }
        let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
        guard let type = known[ending] else {
            throw ValidationError("what \(path) is, its name doesn't tell: say so by --type, e.g. --type csv")
        }
        return type
    }

    /// Whether such a file's rows are cut into batches; what isn't known is taken for rows.
    static func hasRows(_ mediaType: String?) -> Bool {
        guard let mediaType else { return true }
        return rows.contains(mediaType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased())
    }
}
