internal import Tensors

/// The `Accept` header: media ranges, each with a weight (RFC 9110, 12.5.1).
struct AcceptHeader: Sendable, Equatable {
    /// One member of the list.
    struct Range: Sendable, Equatable {
        /// In lower case, or `*`.
        var type: String
        /// In lower case, or `*`.
        var subtype: String
        /// The weight in thousandths: 1000 is 1.0, 0 is "not that one".
        var quality: Int

        /// How exactly the range speaks of a type: 0 for `*/*`, 1 for `text/*`, 2 for `text/csv`.
        var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }

        func matches(type: String, subtype: String) -> Bool {
            (self.type == "*" || self.type == type) && (self.subtype == "*" || self.subtype == subtype)
        }
    }

    /// More ranges are refused.
    static let maximumRanges = 64

    var ranges: [Range] = []

    /// - Throws: `malformed_request` where the header isn't written as RFC 9110 says, or is too long.
    init(_ value: String) throws(SluiceError) {
        var scanner = try HeaderScanner(value, header: "Accept")
        while scanner.nextListMember() {
            let mediaType = try scanner.mediaType()
            guard scanner.isAtListBoundary else { throw scanner.unexpected() }
            if mediaType.type == "*" && mediaType.subtype != "*" {
                throw SluiceError(
                    .malformedRequest, "the Accept header has the range \(Quote.text(mediaType.essence)); write */*")
            }
            var quality = 1000
            if let weight = mediaType.parameter("q") {
                guard let parsed = Self.quality(weight) else {
                    throw SluiceError(
                        .malformedRequest,
                        "the Accept header has q=\(Quote.text(weight)); a weight is 0 to 1 with at most three decimals")
                }
                quality = parsed
            }
            guard ranges.count < Self.maximumRanges else {
                throw SluiceError(
                    .malformedRequest, "the Accept header has more than \(Self.maximumRanges) media ranges")
            }
            ranges.append(Range(type: mediaType.type, subtype: mediaType.subtype, quality: quality))
        }
    }

    /// The format that the client likes best; `nil` where it takes none of them.
    ///
    /// The most specific range that matches a format gives its weight. Among equal weights the more specific range wins,
    /// then the one listed first, then the order of `formats`.
    func preferred(among formats: [AnswerFormat]) -> AnswerFormat? {
        bestIndex(among: formats.map(\.acceptedNames)).map { formats[$0] }
    }

    /// The same of any types: the index of the one that the client likes best, each of them given by its names.
    func bestIndex(among types: [[(type: String, subtype: String)]]) -> Int? {
        var best: (index: Int, quality: Int, specificity: Int, position: Int)?
        for (index, names) in types.enumerated() {
            guard let (position, range) = bestMatch(of: names), range.quality > 0 else { continue }
            let candidate = (index, range.quality, range.specificity, position)
            guard let current = best else {
                best = candidate
                continue
            }
            if (candidate.1, candidate.2, -candidate.3) > (current.quality, current.specificity, -current.position) {
                best = candidate
            }
        }
        return best?.index
    }

    /// Whether a picture or a sound would do.
    var takesMedia: Bool { ranges.contains { $0.quality > 0 && ["image", "audio"].contains($0.type) } }

    private func bestMatch(of names: [(type: String, subtype: String)]) -> (position: Int, range: Range)? {
        var best: (position: Int, range: Range)?
        for (position, range) in ranges.enumerated() {
            let matches = names.contains { range.matches(type: $0.type, subtype: $0.subtype) }
            if matches, best.map({ range.specificity > $0.range.specificity }) ?? true { best = (position, range) }
        }
        return best
    }

    /// `1`, `1.0`, `0.25`: RFC 9110's `qvalue`, in thousandths.
    private static func quality(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard let whole = bytes.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1") else { return nil }
        guard bytes.count <= 5, bytes.count == 1 || bytes[1] == UInt8(ascii: ".") else { return nil }
        var value = whole == UInt8(ascii: "1") ? 1000 : 0
        var unit = 100
        for digit in bytes.dropFirst(2) {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value += Int(digit - UInt8(ascii: "0")) * unit
            unit /= 10
        }
        return value <= 1000 ? value : nil
    }
}

extension AnswerFormat {
    /// The names by which a client may ask for the format.
    var acceptedNames: [(type: String, subtype: String)] {
        switch self {
        case .json: [("application", "json")]
        case .csv: [("text", "csv")]
        case .tsv: [("text", "tab-separated-values")]
        case .xml: [("application", "xml"), ("text", "xml")]
        case .npy: [("application", "x-npy"), ("application", "npy"), ("application", "vnd.numpy")]
        case .npz: [("application", "x-npz"), ("application", "npz"), ("application", "zip")]
        case .safetensors: [("application", "x-safetensors"), ("application", "safetensors")]
        case .protobuf: [("application", "x-protobuf"), ("application", "protobuf")]
        case .arrow: [("application", "vnd.apache.arrow.stream")]
        case .ndjson: [("application", "x-ndjson"), ("application", "ndjson")]
        case .eventStream: [("text", "event-stream")]
        }
    }
}
