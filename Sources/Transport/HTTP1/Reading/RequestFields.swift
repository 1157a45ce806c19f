internal import NIOHTTP1
internal import Policies
internal import Tensors

/// The header fields of a request that the gate acts on, found in one pass.
///
/// Everything else is ignored. A field that may stand only once and stands twice is refused: two readers of one request
/// must not come to different conclusions.
struct RequestFields: Equatable {
    var contentType: String?
    var accept: String?
    var contentEncoding: String?
    var acceptEncoding: String?
    var contentLength: Int?
    var isChunked = false
    var expectsContinue = false
    var key: String?
    var inferenceHeaderLength: Int?
    var requestID: String?
    var traceparent: String?
    var input: String?
    var shape: String?
    var datatype: String?
    var byteCount = 0
    var hostCount = 0
    /// The `authorization` field, where API keys are in another one.
    var authorization: String?
    /// Whether `Host` is this machine's own name for itself.
    var namesLoopback = false
    /// Whether the request says that a web page made it.
    var isFromBrowser = false
    /// Those that routes look at, by their names in lower case.
    var routing: [String: String] = [:]
    /// Who is at the other end of the connection; no field says it.
    var peer = Peer.unknown

    init() {}

    /// - Parameter known: the fields that the file gives a meaning.
    init(_ headers: HTTPHeaders, known: KnownFields) throws(SluiceError) {
        for (name, value) in headers {
            try take(name.utf8.span, value.utf8.span, known: known)
        }
    }

    /// Takes one field: the one place where fields get their meaning, whoever parsed them.
    mutating func take(
        _ name: Span<UInt8>, _ value: Span<UInt8>, known: KnownFields
    ) throws(SluiceError) {
        byteCount += name.count + value.count
        let value = value.extracting(value.trimmedRange)
        if name.equalsIgnoringCase(known.key.span) {
            try Self.checkSecret(value)
            return try Self.once(&key, value, name: String(decoding: known.key, as: UTF8.self))
        }
        if !known.routing.isEmpty { note(name, value, known) }
        // The length tells most names apart, so that few are compared.
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            hostCount += 1
            namesLoopback = value.isLoopbackAuthority
            guard value.allSatisfy(Self.isOfHost) else {
                throw SluiceError(.malformedRequest, "the header field Host is no host and port")
            }
        case 6 where name.equalsIgnoringCase("origin"): isFromBrowser = true
        case 6 where name.equalsIgnoringCase("accept"):
            // A list field: several lines are one list (RFC 9110, section 5.3).
            accept = accept.map { "\($0), \(String(copying: value))" } ?? String(copying: value)
        case 6 where name.equalsIgnoringCase("expect"):
            guard value.equalsIgnoringCase("100-continue") else {
                throw SluiceError(.expectationFailed, "only \"Expect: 100-continue\" can be met")
            }
            expectsContinue = true
        case 11 where name.equalsIgnoringCase("traceparent"): traceparent = String(copying: value)
        case 12 where name.equalsIgnoringCase("content-type"):
            try Self.once(&contentType, value, name: "Content-Type")
        case 12 where name.equalsIgnoringCase("x-request-id"): requestID = String(copying: value)
        case 12 where name.equalsIgnoringCase("sluice-input"):
            try Self.once(&input, value, name: "Sluice-Input")
        case 12 where name.equalsIgnoringCase("sluice-shape"):
            try Self.once(&shape, value, name: "Sluice-Shape")
        case 13 where name.equalsIgnoringCase("authorization"):
            try Self.checkSecret(value)
            try Self.once(&authorization, value, name: "Authorization")
        case 14 where name.equalsIgnoringCase("sec-fetch-site"): isFromBrowser = true
        case 14 where name.equalsIgnoringCase("content-length"):
            guard let length = value.decimal else {
                throw SluiceError(.malformedRequest, "Content-Length is no number of bytes that there can be")
            }
            contentLength = length
        case 15 where name.equalsIgnoringCase("accept-encoding"):
            acceptEncoding = acceptEncoding.map { "\($0), \(String(copying: value))" } ?? String(copying: value)
        case 15 where name.equalsIgnoringCase("sluice-datatype"):
            try Self.once(&datatype, value, name: "Sluice-Datatype")
        case 16 where name.equalsIgnoringCase("content-encoding"):
            contentEncoding =
                contentEncoding.map { "\($0), \(String(copying: value))" } ?? String(copying: value)
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            // Whoever else reads this request may not undo the other codings, and see it end elsewhere.
            guard !isChunked && value.equalsIgnoringCase("chunked") else {
                throw SluiceError(.malformedRequest, "Transfer-Encoding can only be chunked, and only once")
            }
            isChunked = true
        case 31 where name.equalsIgnoringCase("inference-header-content-length"):
            guard inferenceHeaderLength == nil, let length = value.decimal else {
                throw SluiceError(.malformedRequest, "Inference-Header-Content-Length must be one number of bytes")
            }
            inferenceHeaderLength = length
        default: break
        }
    }

    /// Keeps a field that routes look at. Several lines are one list (RFC 9110, section 5.3).
    private mutating func note(_ name: Span<UInt8>, _ value: Span<UInt8>, _ known: KnownFields) {
        for wanted in known.routing where name.equalsIgnoringCase(wanted.span) {
            let text = String(copying: value)
            let key = String(decoding: wanted, as: UTF8.self)
            routing[key] = routing[key].map { "\($0), \(text)" } ?? text
        }
    }

    /// What may stand in a host and its port (RFC 3986, section 3.2).
    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    /// Keys and tokens are printable. HTTP/1.1's parsers refuse control characters; HTTP/2's don't.
    private static func checkSecret(_ value: Span<UInt8>) throws(SluiceError) {
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }) else {
            throw SluiceError(.malformedRequest, "the header field with the key has a control character in it")
        }
    }

    private static func once(
        _ field: inout String?, _ value: Span<UInt8>, name: @autoclosure () -> String
    ) throws(SluiceError) {
        guard field == nil else {
            throw SluiceError(
                .malformedRequest, "the header field \(name()) is given twice", detail: [.init("header", name())])
        }
        field = String(copying: value)
    }
}

extension StringProtocol {
    /// Whether the texts are equal but for the case of ASCII letters; `other` is lower case.
    func equalsIgnoringCase(_ other: String) -> Bool {
        let left = utf8
        let right = other.utf8
        guard left.count == right.count else { return false }
        for (a, b) in zip(left, right) {
            let lowered = a >= UInt8(ascii: "A") && a <= UInt8(ascii: "Z") ? a | 0x20 : a
            if lowered != b { return false }
        }
        return true
    }
}

extension Span<UInt8> {
    /// Whether the texts are equal but for the case of ASCII letters; `other` is lower case.
    func equalsIgnoringCase(_ other: StaticString) -> Bool {
        guard count == other.utf8CodeUnitCount else { return false }
        for index in indices where unsafe other.utf8Start[index] != self[index].lowered { return false }
        return true
    }

    /// Whether the texts are equal but for the case of ASCII letters; `other` is lower case.
    func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index].lowered != other[index] { return false }
        return true
    }

    /// Whether the text is `localhost`, `[::1]` or an address that starts with 127, with a port or without.
    var isLoopbackAuthority: Bool {
        var end = count
        while end > 0, self[end - 1] >= UInt8(ascii: "0"), self[end - 1] <= UInt8(ascii: "9") { end -= 1 }
        let hasPort = end > 0 && self[end - 1] == UInt8(ascii: ":") && !(end > 1 && self[end - 2] == UInt8(ascii: ":"))
        let host = extracting(0..<(hasPort ? end - 1 : count))
        if host.equalsIgnoringCase("localhost") || host.equalsIgnoringCase("[::1]") { return true }
        return host.count > 4 && host.extracting(0..<4).equalsIgnoringCase("127.")
            && host.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 == UInt8(ascii: ".") }
    }

    /// The text without the spaces and tabs around it, which belong to no value (RFC 9110, section 5.5).
    var trimmedRange: Range<Int> {
        var (start, end) = (0, count)
        while start < end, Self.isBlank(self[start]) { start += 1 }
        while start < end, Self.isBlank(self[end - 1]) { end -= 1 }
        return start..<end
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    func allSatisfy(_ condition: (UInt8) -> Bool) -> Bool {
        for index in indices where !condition(self[index]) { return false }
        return true
    }

    /// The number that stands here in decimal digits and nothing else; `nil` too where an `Int` can't hold it.
    var decimal: Int? {
        var number = 0
        for index in indices {
            let digit = self[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(digit))
            guard !overflow && !carry else { return nil }
            number = sum
        }
        return isEmpty ? nil : number
    }
}

extension UInt8 {
    /// ASCII letters in lower case; all else as it is.
    fileprivate var lowered: UInt8 { self &- UInt8(ascii: "A") < 26 ? self | 0x20 : self }
}

extension String {
    /// A copy of UTF-8 text.
    init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
