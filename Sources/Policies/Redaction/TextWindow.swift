internal import Configuration

/// One text that comes in parts, looked at by one rule as if it were whole: what may begin something that the next part ends is
/// held back. A plain state machine; its memory is bounded.
package struct TextWindow: Sendable {
    /// Bytes at the end that are held back, and further back to the blank before them.
    static let held = 128
    /// However long a word, or something that was found, is: more isn't held back.
    static let longest = 8 << 10
    /// Bytes before those, which tell where words begin.
    private static let context = 64

    package let redactor: TextRedactor
    /// What was given already, as far as it is context, and what is held back.
    private var text: [UInt8] = []
    private var given = 0

    package init(_ redactor: TextRedactor) {
        self.redactor = redactor
    }

    /// Takes the next part.
    ///
    /// - Parameter found: told once of everything that is found.
    /// - Returns: what may go on; at the end all that is left.
    package mutating func take(_ part: [UInt8], isFinal: Bool, found: (TextRedactor.Finding) -> Void) -> [UInt8] {
        text += part
        let findings = redactor.findings(in: text.span).filter { $0.range.upperBound > given }
        let end = isFinal ? text.count : end(before: findings)
        guard end > given else { return [] }
        var ready: [UInt8] = []
        var place = given
        for finding in findings where finding.range.lowerBound < end {
            // One that goes on past the end was too long to be held back: the rest of it comes as a finding of its own.
            let range = max(finding.range.lowerBound, given)..<min(finding.range.upperBound, end)
            found(finding)
            guard redactor.action == .mask else { continue }
            ready += text[place..<range.lowerBound]
            ready += "[\(finding.kind)]".utf8
            place = range.upperBound
        }
        ready += text[place..<end]
        let start = max(0, end - Self.context)
        text.removeFirst(start)
        given = end - start
        return ready
    }

    /// Up to where nothing depends on what comes.
    private func end(before findings: [TextRedactor.Finding]) -> Int {
        var end = max(given, text.count - Self.held)
        let floor = max(given, text.count - Self.longest)
        // Words aren't cut: a token of a thousand characters is one.
        var blank = end
        while blank > floor, !Self.isBlank(text[blank - 1]) { blank -= 1 }
        if blank > floor || floor == given { end = blank }
        for finding in findings where finding.range.upperBound > end {
            // What was found may go on.
            if finding.range.lowerBound < end { end = max(floor, finding.range.lowerBound) }
        }
        while end > given, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
            || byte == UInt8(ascii: "\r")
    }
}
