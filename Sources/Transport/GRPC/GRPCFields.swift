internal import Tensors

/// The header fields that gRPC gives a meaning.
struct GRPCFields {
    /// `grpc-timeout` as sent.
    private(set) var timeout: String?
    /// `grpc-encoding`: how messages are compressed whose flag says so.
    private(set) var encoding: String?
    /// `grpc-accept-encoding`: what the client can undo.
    private(set) var acceptedEncodings: [Substring] = []
    /// `triton_grpc_error: true`: a failure in a stream is to end it as a status, not to be a message in it.
    private(set) var endsStreamOnError = false

    /// Takes a field in; `false` where it is none of these.
    mutating func take(_ name: String, _ value: String) -> Bool {
        switch name {
        case "grpc-timeout": timeout = value
        case "grpc-encoding": encoding = value
        case "grpc-accept-encoding":
            acceptedEncodings += value.split { $0 == "," || $0 == " " }
        case "triton_grpc_error": endsStreamOnError = value == "true"
        default: return false
        }
        return true
    }

    /// The timeout in nanoseconds; `nil` where there is none.
    ///
    /// - Throws: `malformed_request` where it isn't 1 to 8 digits and a unit.
    func timeoutNanoseconds() throws(SluiceError) -> UInt64? {
        guard let timeout else { return nil }
        let digits = timeout.utf8.dropLast()
        guard (1...8).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let count = UInt64(String(decoding: Array(digits), as: UTF8.self)), let unit = timeout.utf8.last,
            let nanoseconds = Self.nanoseconds(of: unit)
        else {
            throw SluiceError(
                .malformedRequest, "grpc-timeout must be 1 to 8 digits and one of H, M, S, m, u and n")
        }
        // 99999999 hours are within 64 bits of nanoseconds only just not.
        let (product, overflow) = count.multipliedReportingOverflow(by: nanoseconds)
        return overflow ? .max : product
    }

    private static func nanoseconds(of unit: UInt8) -> UInt64? {
        switch unit {
        case UInt8(ascii: "H"): 3_600_000_000_000
        case UInt8(ascii: "M"): 60_000_000_000
        case UInt8(ascii: "S"): 1_000_000_000
        case UInt8(ascii: "m"): 1_000_000
        case UInt8(ascii: "u"): 1000
        case UInt8(ascii: "n"): 1
        default: nil
        }
    }
}
