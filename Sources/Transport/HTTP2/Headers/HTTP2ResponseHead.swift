internal import Codecs
internal import Gateway
internal import Policies

/// Writes a response's header fields, or its trailers, as HTTP/2 carries them (RFC 7541), into the bytes that go to the
/// socket.
///
/// Nothing is put into the client's table: every field is a literal, so that a response is a copy of texts, and no response
/// depends on another. Values are the gate's own texts: configured names, numbers, and request ids that were checked to be
/// visible ASCII.
struct HTTP2ResponseHead: ~Copyable {
    private var bytes: [UInt8]
    private let start: Int

    /// Begins a block of header fields in a frame of its own.
    ///
    /// - Parameters:
    ///   - bytes: where it is written, behind what is there.
    ///   - saysTableSize: the client has to be told that its table isn't used.
    init(status: Int, into bytes: consuming [UInt8], saysTableSize: Bool = false) {
        start = bytes.beginHeaderBlock()
        self.bytes = consume bytes
        if saysTableSize { self.bytes.append(0x20) }
        switch status {
        case 200: self.bytes.append(0x88)
        case 204: self.bytes.append(0x89)
        case 400: self.bytes.append(0x8C)
        case 404: self.bytes.append(0x8D)
        case 500: self.bytes.append(0x8E)
        default:
            self.bytes.append(0x08)
            append(String(status))
        }
    }

    /// Begins a block of trailers, which have no status, without a frame.
    init() {
        start = 0
        bytes = []
    }

    /// A field that was encoded before.
    mutating func field(_ field: EncodedField) {
        bytes.append(contentsOf: field.bytes)
    }

    /// A field whose name was encoded before.
    mutating func field(_ name: EncodedName, _ value: String) {
        bytes.append(contentsOf: name.bytes)
        append(value)
    }

    mutating func field(_ name: StaticString, _ value: String) {
        bytes.append(0)
        unsafe append(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        append(value)
    }

    mutating func field(named name: String, _ value: String) {
        bytes.append(0)
        append(name)
        append(value)
    }

    /// A field whose name stands in the table that everybody has (RFC 7541, appendix A).
    mutating func field(_ name: StaticName, _ value: String) {
        bytes.appendInteger(name.rawValue, prefix: 4)
        append(value)
    }

    mutating func field(_ name: StaticName, _ number: Int) {
        bytes.appendInteger(name.rawValue, prefix: 4)
        append(String(number))
    }

    /// How the answer came about.
    mutating func add(_ summary: Answer.Summary) {
        if let model = summary.model { field(EncodedName.model, model) }
        if !summary.failedAttempts.isEmpty {
            field("sluice-fallback", summary.failedAttempts.joined(separator: ", "))
        }
        if let rung = summary.rung { field("sluice-rung", String(rung)) }
        if let cache = summary.cache { field("sluice-cache", cache) }
        if let age = summary.ageSeconds { field("age", String(age)) }
        if let quota = summary.quota {
            field(EncodedName.rateLimitPolicy, quota.policyHeader)
            rateLimit(quota)
        }
    }

    /// What is left of a quota: `quota.header`, without making a text of it.
    private mutating func rateLimit(_ quota: RateLimitStatus) {
        let name = quota.quotedName.utf8
        let (remaining, seconds) = (Int(clamping: quota.shownRemaining), Int(clamping: quota.shownSeconds))
        bytes.append(contentsOf: EncodedName.rateLimit.bytes)
        bytes.appendInteger(name.count + 6 + Self.digits(of: remaining) + Self.digits(of: seconds), prefix: 7)
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: [UInt8(ascii: ";"), UInt8(ascii: "r"), UInt8(ascii: "=")])
        bytes.appendNumber(remaining)
        bytes.append(contentsOf: [UInt8(ascii: ";"), UInt8(ascii: "t"), UInt8(ascii: "=")])
        bytes.appendNumber(seconds)
    }

    /// How many digits a number has that isn't negative.
    private static func digits(of number: Int) -> Int {
        var (count, rest) = (1, number)
        while rest >= 10 {
            count += 1
            rest /= 10
        }
        return count
    }

    private mutating func append(_ text: String) {
        bytes.appendInteger(text.utf8.count, prefix: 7)
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.appendInteger(text.count, prefix: 7)
        unsafe bytes.append(contentsOf: text)
    }

    /// Ends the block and its frame, or frames.
    consuming func finish(on stream: HTTP2StreamID, endsStream: Bool, largestFrame: Int) -> [UInt8] {
        bytes.endHeaderBlock(from: start, stream: stream, endsStream: endsStream, largestFrame: largestFrame)
        return bytes
    }

    /// The block of trailers.
    consuming func finish() -> [UInt8] { bytes }

    /// Names that stand in everybody's table.
    enum StaticName: Int {
        case contentLength = 28
        case contentType = 31
        case date = 33
    }

    /// A name as it is sent, for fields that most responses have.
    struct EncodedName: Sendable {
        let bytes: [UInt8]

        static let requestID = EncodedName("x-request-id")
        static let model = EncodedName("sluice-model")
        static let rateLimitPolicy = EncodedName("ratelimit-policy")
        static let rateLimit = EncodedName("ratelimit")

        private init(_ name: String) {
            var bytes: [UInt8] = [0]
            bytes.appendInteger(name.utf8.count, prefix: 7)
            bytes.append(contentsOf: name.utf8)
            self.bytes = bytes
        }
    }

    /// A field as it is sent, for those that are always the same.
    struct EncodedField: Sendable {
        let bytes: [UInt8]

        init(_ name: StaticName, _ value: String) {
            var head = HTTP2ResponseHead()
            head.field(name, value)
            bytes = head.finish()
        }
    }
}

extension [UInt8] {
    /// An integer whose first byte has nothing else in it (RFC 7541, section 5.1).
    fileprivate mutating func appendInteger(_ value: Int, prefix: Int) {
        let most = 1 << prefix - 1
        guard value >= most else { return append(UInt8(truncatingIfNeeded: value)) }
        append(UInt8(truncatingIfNeeded: most))
        var rest = value - most
        while rest >= 128 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}
