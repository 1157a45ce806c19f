internal import NIOHTTP1
internal import Tensors

/// The header fields of a request that the gate acts on, found in one pass.
///
/// Everything else is ignored. A field that may stand only once and stands twice is refused: two readers of one request
/// must not come to different conclusions.
struct RequestFields {
    var contentType: String?
    var accept: String?
    var contentEncoding: String?
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

    /// - Parameter keyField: the lower-case name of the field that carries API keys.
    init(_ headers: HTTPHeaders, keyField: String) throws(SluiceError) {
        for (name, value) in headers {
            byteCount += name.utf8.count + value.utf8.count
            if name.equalsIgnoringCase(keyField) {
                try Self.once(&key, value, name: keyField)
                continue
            }
            // The length tells most names apart, so that few are compared.
            switch name.utf8.count {
            case 4 where name.equalsIgnoringCase("host"):
                hostCount += 1
                guard value.utf8.allSatisfy(Self.isOfHost) else {
                    throw SluiceError(.malformedRequest, "the header field Host is no host and port")
                }
            case 6:
                if name.equalsIgnoringCase("accept") {
                    // A list field: several lines are one list (RFC 9110, section 5.3).
                    accept = accept.map { "\($0), \(value)" } ?? value
                } else if name.equalsIgnoringCase("expect") {
                    guard value.equalsIgnoringCase("100-continue") else {
                        throw SluiceError(.expectationFailed, "only \"Expect: 100-continue\" can be met")
                    }
                    expectsContinue = true
                }
            case 11 where name.equalsIgnoringCase("traceparent"): traceparent = value
            case 12:
                if name.equalsIgnoringCase("content-type") {
                    try Self.once(&contentType, value, name: "Content-Type")
                } else if name.equalsIgnoringCase("x-request-id") {
                    requestID = value
                } else if name.equalsIgnoringCase("sluice-input") {
                    try Self.once(&input, value, name: "Sluice-Input")
                } else if name.equalsIgnoringCase("sluice-shape") {
                    try Self.once(&shape, value, name: "Sluice-Shape")
                }
            case 14 where name.equalsIgnoringCase("content-length"):
                guard let length = Int(value) else {
                    throw SluiceError(
                        .malformedRequest, "Content-Length is no number of bytes that there can be")
                }
                contentLength = length
            case 15 where name.equalsIgnoringCase("sluice-datatype"):
                try Self.once(&datatype, value, name: "Sluice-Datatype")
            case 16 where name.equalsIgnoringCase("content-encoding"):
                contentEncoding = contentEncoding.map { "\($0), \(value)" } ?? value
            case 17 where name.equalsIgnoringCase("transfer-encoding"):
                // Whoever else reads this request may not undo the other codings, and see it end elsewhere.
                guard !isChunked && value.equalsIgnoringCase("chunked") else {
                    throw SluiceError(.malformedRequest, "Transfer-Encoding can only be chunked, and only once")
                }
                isChunked = true
            case 31 where name.equalsIgnoringCase("inference-header-content-length"):
                guard inferenceHeaderLength == nil, let length = Int(value), length >= 0, !value.hasPrefix("+") else {
                    throw SluiceError(
                        .malformedRequest, "Inference-Header-Content-Length must be one number of bytes")
                }
                inferenceHeaderLength = length
            default: break
            }
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

    private static func once(_ field: inout String?, _ value: String, name: String) throws(SluiceError) {
        guard field == nil else {
            throw SluiceError(
                .malformedRequest, "the header field \(name) is given twice", detail: [.init("header", name)])
        }
        field = value
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
