package import Configuration

/// One rule of redaction, compiled. What it finds is never kept or shown, only its kind.
package struct TextRedactor: Sendable {
    /// Something that was found.
    package struct Finding: Sendable, Equatable {
        /// The detector's or the pattern's name.
        package var kind: String
        package var range: Range<Int>
    }

    package let name: String
    package let action: RedactionConfiguration.Action
    package let places: Set<RedactionConfiguration.Place>
    private let detectors: [RedactionConfiguration.Detector]
    private let patterns: [(name: String, pattern: TextPattern)]

    /// - Throws: why one of its patterns is none; a validated configuration has no such.
    package init(_ rule: RedactionConfiguration) throws(TextPattern.Mistake) {
        name = rule.name
        action = rule.action
        places = rule.places
        detectors = rule.detectors
        var patterns: [(name: String, pattern: TextPattern)] = []
        for pattern in rule.patterns { patterns.append((pattern.name, try TextPattern(pattern.text))) }
        self.patterns = patterns
    }

    /// All that there is of what the rule looks for, in the order of the text; where two things overlap, the one that begins
    /// first, and of those the longer one.
    package func findings(in bytes: Span<UInt8>) -> [Finding] {
        var steps = 0
        var all: [Finding] = []
        for detector in detectors {
            for range in TextDetectors.spans(of: detector, in: bytes, steps: &steps) {
                all.append(Finding(kind: detector.rawValue, range: range))
            }
        }
        for (name, pattern) in patterns {
            for range in pattern.spans(in: bytes, steps: &steps) {
                all.append(Finding(kind: name, range: Self.whole(range, in: bytes)))
            }
        }
        guard all.count > 1 else { return all }
        all.sort { ($0.range.lowerBound, $1.range.upperBound) < ($1.range.lowerBound, $0.range.upperBound) }
        var apart: [Finding] = []
        for finding in all {
            if let last = apart.last, last.range.upperBound > finding.range.lowerBound {
                // The rest of what sticks out must not stay either.
                apart[apart.count - 1].range =
                    last.range.lowerBound..<max(last.range.upperBound, finding.range.upperBound)
            } else {
                apart.append(finding)
            }
        }
        return apart
    }

    /// The text with `[kind]` in the place of each finding.
    package static func masked(_ bytes: Span<UInt8>, _ findings: [Finding]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var place = 0
        for finding in findings {
            for index in place..<finding.range.lowerBound { text.append(bytes[index]) }
            text.append(UInt8(ascii: "["))
            text.append(contentsOf: finding.kind.utf8)
            text.append(UInt8(ascii: "]"))
            place = finding.range.upperBound
        }
        for index in place..<bytes.count { text.append(bytes[index]) }
        return text
    }

    /// The range with the whole of characters that it begins or ends in.
    private static func whole(_ range: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return start..<end
    }
}
