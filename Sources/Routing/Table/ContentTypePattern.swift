/// A media type as a route names it: `application/json`, `image/*` or `*/*`.
package struct ContentTypePattern: Sendable, Equatable {
    /// The pattern as it is written.
    package let text: String
    /// What matching types start with, up to and with the `/`; `nil` where the pattern is one exact type.
    private let prefix: String?

    package init(_ text: String) {
        self.text = text
        prefix = text == "*/*" || text == "*" ? "" : text.hasSuffix("/*") ? String(text.dropLast()) : nil
    }

    /// Whether `mediaType`, in lower case and without parameters, is one that the pattern means.
    package func matches(_ mediaType: String) -> Bool {
        guard let prefix else { return mediaType == text }
        return mediaType.utf8.starts(with: prefix.utf8)
    }

    /// The media type of a `Content-Type` value: in lower case, without parameters and blanks around it.
    package static func mediaType(of contentType: String) -> String {
        // Most clients send it bare and in lower case: then there is nothing to make.
        if contentType.utf8.allSatisfy(isPlain) { return contentType }
        let bytes = contentType.utf8.prefix { $0 != UInt8(ascii: ";") }
        return String(decoding: bytes, as: UTF8.self).lowercased().trimmingBlanks()
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"), 0x80...:
            false
        default: true
        }
    }
}

extension String {
    fileprivate func trimmingBlanks() -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
