internal import Foundation

/// Cuts text into words as BERT does: at spaces, around punctuation, and around Chinese characters.
struct WordCutter {
    let isLowercased: Bool

    /// The words, each as its characters.
    func words(of text: String) -> [[Unicode.Scalar]] {
        var words: [[Unicode.Scalar]] = []
        var word: [Unicode.Scalar] = []
        func finish() {
            if !word.isEmpty { words.append(word) }
            word.removeAll(keepingCapacity: true)
        }
        for scalar in normalised(text) {
            if Self.isSpace(scalar) {
                finish()
            } else if Self.isPunctuation(scalar) {
                finish()
                words.append([scalar])
            } else {
                word.append(scalar)
            }
        }
        finish()
        return words
    }

    private func normalised(_ text: String) -> String.UnicodeScalarView {
        var cleaned = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.value == 0 || scalar.value == 0xFFFD || Self.isControl(scalar) { continue }
            if Self.isSpace(scalar) {
                cleaned.append(" ")
            } else if Self.isChinese(scalar) {
                cleaned.append(contentsOf: [" ", scalar, " "])
            } else {
                cleaned.append(scalar)
            }
        }
        guard isLowercased else { return cleaned }
        // Accents stand by themselves in the decomposed form, where they are left out.
        let isPlain = cleaned.allSatisfy(\.isASCII)
        let decomposed = isPlain ? cleaned : String(cleaned).decomposedStringWithCanonicalMapping.unicodeScalars
        var lowered = String.UnicodeScalarView()
        for scalar in decomposed where scalar.properties.generalCategory != .nonspacingMark {
            lowered.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        }
        return lowered
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? scalar == " " || (0x09...0x0D).contains(scalar.value) : scalar.properties.isWhitespace
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\t" || scalar == "\n" || scalar == "\r" { return false }
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        return switch scalar.properties.generalCategory {
        case .control, .format, .unassigned, .privateUse, .surrogate: true
        default: false
        }
    }

    /// ASCII's signs count, though some of them are symbols to Unicode.
    private static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return switch scalar.value {
            case 33...47, 58...64, 91...96, 123...126: true
            default: false
            }
        }
        return switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            true
        default: false
        }
    }

    /// The blocks of ideographs that BERT takes for words of their own.
    private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
            0x2B820...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
