package import Configuration

/// Finds e-mail addresses, card numbers, IBANs, phone numbers and secrets, each in one walk over the text: what is looked at
/// around a place is bounded, and what was looked at isn't looked at again.
package enum TextDetectors {
    /// Where a detector finds something, in order and apart.
    ///
    /// - Parameter steps: counts the bytes that were looked at.
    package static func spans(
        of detector: RedactionConfiguration.Detector, in bytes: Span<UInt8>, steps: inout Int
    ) -> [Range<Int>] {
        switch detector {
        case .email: EmailDetector.spans(in: bytes, steps: &steps)
        case .card: CardDetector.spans(in: bytes, steps: &steps)
        case .iban: IBANDetector.spans(in: bytes, steps: &steps)
        case .phone: PhoneDetector.spans(in: bytes, steps: &steps)
        case .secret: SecretDetector.spans(in: bytes, steps: &steps)
        }
    }
}

/// `local@domain.tld` (RFC 5321's lengths; no quoted local parts).
enum EmailDetector {
    private static let longestLocal = 64
    private static let longestDomain = 255

    static func spans(in bytes: Span<UInt8>, steps: inout Int) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var place = 0
        while place < bytes.count {
            steps += 1
            guard bytes[place] == UInt8(ascii: "@") else {
                place += 1
                continue
            }
            let floor = max(spans.last?.upperBound ?? 0, place - longestLocal)
            var start = place
            while start > floor, isLocal(bytes[start - 1]) {
                start -= 1
                steps += 1
            }
            while start < place, bytes[start] == UInt8(ascii: ".") { start += 1 }
            let end = domainEnd(bytes, from: place + 1, steps: &steps)
            if start < place, bytes[place - 1] != UInt8(ascii: "."), let end {
                spans.append(start..<end)
                place = end
            } else {
                place += 1
            }
        }
        return spans
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || byte >= 0x80
            || [
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "'"), UInt8(ascii: "&"), UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "#"),
            ].contains(byte)
    }

    /// Behind the last label that is a top-level domain; `nil` where there is none.
    private static func domainEnd(_ bytes: Span<UInt8>, from start: Int, steps: inout Int) -> Int? {
        var place = start
        var label = start
        var end: Int?
        var dots = 0
        while place <= min(bytes.count, start + longestDomain) {
            steps += 1
            let byte = place < bytes.count ? bytes[place] : 0
            if place < bytes.count, byte.isLetter || byte.isDigit || byte == UInt8(ascii: "-") || byte >= 0x80 {
                place += 1
                continue
            }
            guard place > label else { break }
            if dots > 0, isTop(bytes.extracting(label..<place)) { end = place }
            guard place < bytes.count, byte == UInt8(ascii: ".") else { break }
            dots += 1
            place += 1
            label = place
        }
        return end
    }

    private static func isTop(_ label: Span<UInt8>) -> Bool {
        guard label.count >= 2 else { return false }
        for index in label.indices where !(label[index].isLetter || label[index] >= 0x80) {
            // Names of other scripts in ASCII: xn--…
            return label.count > 4 && label[0] | 0x20 == UInt8(ascii: "x") && label[1] | 0x20 == UInt8(ascii: "n")
        }
        return true
    }
}

/// 13 to 19 digits, in groups or not, that pass Luhn's check and begin as cards do.
enum CardDetector {
    static func spans(in bytes: Span<UInt8>, steps: inout Int) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var place = 0
        while place < bytes.count {
            steps += 1
            guard bytes[place].isDigit else {
                place += 1
                continue
            }
            // What follows a letter, a dot or a + is a part of something else: a name, a fraction, a telephone number.
            let isFree =
                place == 0
                || !(bytes[place - 1].isLetter || bytes[place - 1] == UInt8(ascii: ".")
                    || bytes[place - 1] == UInt8(ascii: "+"))
            var digits: [UInt8] = []
            var end = place
            var next = place
            // One run of digits with single spaces or dashes in it, however long.
            while next < bytes.count {
                steps += 1
                if bytes[next].isDigit {
                    if digits.count < 20 { digits.append(bytes[next] - UInt8(ascii: "0")) }
                    next += 1
                    end = next
                } else if next == end, bytes[next] == UInt8(ascii: " ") || bytes[next] == UInt8(ascii: "-") {
                    next += 1
                } else {
                    break
                }
            }
            let isClosed = end == bytes.count || !bytes[end].isLetter
            if isFree, isClosed, isCard(digits) { spans.append(place..<end) }
            place = end
        }
        return spans
    }

    private static func isCard(_ digits: [UInt8]) -> Bool {
        guard (13...19).contains(digits.count), (2...6).contains(digits[0]), Set(digits).count > 1 else { return false }
        var sum = 0
        for (index, digit) in digits.reversed().enumerated() {
            let value = Int(digit) * (index % 2 == 1 ? 2 : 1)
            sum += value > 9 ? value - 9 : value
        }
        return sum % 10 == 0
    }
}

/// Country, check digits and 11 to 30 letters or digits, in groups of four or not, that are right modulo 97 (ISO 13616).
enum IBANDetector {
    private static let longest = 34

    static func spans(in bytes: Span<UInt8>, steps: inout Int) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var place = 0
        while place < bytes.count {
            steps += 1
            let begins = place == 0 || !(bytes[place - 1].isLetter || bytes[place - 1].isDigit)
            if begins, let end = end(bytes, from: place, steps: &steps) {
                spans.append(place..<end)
                place = end
            } else {
                place += 1
            }
        }
        return spans
    }

    private static func end(_ bytes: Span<UInt8>, from start: Int, steps: inout Int) -> Int? {
        guard start + 15 <= bytes.count, bytes[start].isLetter, bytes[start + 1].isLetter, bytes[start + 2].isDigit,
            bytes[start + 3].isDigit
        else { return nil }
        var text: [UInt8] = []
        var place = start
        var end: Int?
        while place < bytes.count, text.count <= longest {
            steps += 1
            let byte = bytes[place]
            if byte.isLetter || byte.isDigit {
                text.append(byte)
                place += 1
            } else {
                // What stands before a blank may be all of it.
                if isRight(text) { end = place }
                guard byte == UInt8(ascii: " "), text.count % 4 == 0 else { return end }
                place += 1
                guard place < bytes.count, bytes[place].isLetter || bytes[place].isDigit else { return end }
            }
        }
        return place == bytes.count && isRight(text) ? place : end
    }

    private static func isRight(_ text: [UInt8]) -> Bool {
        guard (15...longest).contains(text.count) else { return false }
        var rest = 0
        for byte in text[4...] + text[..<4] {
            if byte.isDigit {
                rest = (rest * 10 + Int(byte - UInt8(ascii: "0"))) % 97
            } else {
                rest = (rest * 100 + Int((byte | 0x20) - UInt8(ascii: "a")) + 10) % 97
            }
        }
        return rest == 1
    }
}

/// `+` or `00` and 8 to 15 digits, with blanks, dots, dashes, slashes and one pair of brackets in it; and `555-123-4567`.
enum PhoneDetector {
    static func spans(in bytes: Span<UInt8>, steps: inout Int) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var place = 0
        while place < bytes.count {
            steps += 1
            let byte = bytes[place]
            guard byte == UInt8(ascii: "+") || byte == UInt8(ascii: "(") || byte.isDigit else {
                place += 1
                continue
            }
            let isFree = place == 0 || !(bytes[place - 1].isOfWord || bytes[place - 1] == UInt8(ascii: "."))
            var groups: [Int] = []
            var digits = 0
            var first: [UInt8] = []
            var end = place
            var next = byte == UInt8(ascii: "+") ? place + 1 : place
            var sinceDigit = 0
            while next < bytes.count {
                steps += 1
                if bytes[next].isDigit {
                    if sinceDigit > 0 || groups.isEmpty { groups.append(0) }
                    groups[groups.count - 1] += 1
                    if first.count < 2 { first.append(bytes[next]) }
                    digits += 1
                    sinceDigit = 0
                    next += 1
                    end = next
                } else if sinceDigit < 2, isSeparator(bytes[next]), next > place || bytes[next] == UInt8(ascii: "(") {
                    sinceDigit += 1
                    next += 1
                } else {
                    break
                }
            }
            let isClosed = end == bytes.count || !bytes[end].isOfWord
            let isInternational =
                byte == UInt8(ascii: "+") && (8...15).contains(digits)
                || first == [0x30, 0x30] && byte.isDigit && (10...17).contains(digits) && groups.count > 1
            if isFree, isClosed, isInternational || groups == [3, 3, 4] { spans.append(place..<end) }
            place = max(end, place + 1)
        }
        return spans
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "("),
            UInt8(ascii: ")"):
            true
        default: false
        }
    }
}

/// Keys by their prefixes, tokens of three parts (JWT), and what PEM encloses as a private key.
enum SecretDetector {
    /// What keys begin with, and how many characters follow at least.
    private static let prefixes: [(text: [UInt8], least: Int)] = [
        ("slk_", 20), ("sk-", 20), ("sk_live_", 16), ("rk_live_", 16), ("ghp_", 30), ("gho_", 30), ("ghs_", 30),
        ("github_pat_", 30), ("glpat-", 18), ("xoxb-", 10), ("xoxp-", 10), ("xoxa-", 10), ("AKIA", 16), ("ASIA", 16),
        ("AIza", 30), ("hf_", 30), ("npm_", 30), ("pypi-", 30),
    ].map { (Array($0.0.utf8), $0.1) }
    private static let armour = Array("-----BEGIN ".utf8)
    private static let privateKey = Array("PRIVATE KEY-----".utf8)
    private static let closing = Array("-----END ".utf8)
    private static let tokenStart = Array("eyJ".utf8)

    static func spans(in bytes: Span<UInt8>, steps: inout Int) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var place = 0
        while place < bytes.count {
            steps += 1
            if let end = armoured(bytes, from: place, steps: &steps) {
                spans.append(place..<end)
                place = end
                continue
            }
            guard isOfKey(bytes[place]) else {
                place += 1
                continue
            }
            // A run of what keys are made of, looked at once.
            var end = place
            var dots: [Int] = []
            while end < bytes.count, isOfKey(bytes[end]) || bytes[end] == UInt8(ascii: ".") {
                steps += 1
                if bytes[end] == UInt8(ascii: ".") {
                    // A dot behind a token may end the sentence. Further than to a third dot nothing is looked at, so that
                    // no byte is looked at more than three times.
                    if end + 1 == bytes.count || !isOfKey(bytes[end + 1]) { break }
                    dots.append(end)
                    if dots.count == 3 { break }
                }
                end += 1
            }
            if isToken(bytes, place, dots, end) {
                spans.append(place..<end)
            } else {
                let stop = dots.first ?? end
                let isKey = prefixes.contains {
                    bytes.begins(with: $0.text, at: place) && stop - place >= $0.text.count + $0.least
                }
                if isKey { spans.append(place..<stop) }
            }
            // What follows a dot may begin a key as well.
            place = spans.last?.upperBound == end ? end : (dots.first ?? end) + 1
        }
        return spans
    }

    private static func isOfKey(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    /// `eyJ….….…`: three parts, the first of which is an object in base64url.
    private static func isToken(_ bytes: Span<UInt8>, _ start: Int, _ dots: [Int], _ end: Int) -> Bool {
        guard dots.count == 2, bytes.begins(with: tokenStart, at: start) else { return false }
        return dots[0] - start >= 10 && dots[1] - dots[0] >= 5 && end - dots[1] >= 2
    }

    /// Behind `-----BEGIN … PRIVATE KEY-----` and all up to the next line that ends it, or to the end of the text.
    private static func armoured(_ bytes: Span<UInt8>, from start: Int, steps: inout Int) -> Int? {
        guard bytes.begins(with: armour, at: start) else { return nil }
        var place = start + armour.count
        let last = min(bytes.count, place + 40)
        while place < last, !bytes.begins(with: privateKey, at: place) {
            place += 1
            steps += 1
        }
        guard place < last else { return nil }
        while place < bytes.count {
            steps += 1
            if bytes.begins(with: closing, at: place) {
                place += closing.count
                while place < bytes.count, bytes[place] != UInt8(ascii: "\n") {
                    place += 1
                    steps += 1
                }
                return place
            }
            place += 1
        }
        return place
    }
}

extension Span<UInt8> {
    /// Whether a text stands at a place.
    func begins(with text: [UInt8], at place: Int) -> Bool {
        guard place + text.count <= count else { return false }
        for index in text.indices where self[place + index] != text[index] { return false }
        return true
    }
}
