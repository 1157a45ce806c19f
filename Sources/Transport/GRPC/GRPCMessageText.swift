/// The percent-encoding of `grpc-message`: everything that isn't visible ASCII, and the percent sign itself.
enum GRPCMessageText {
    /// Longer messages would not fit into what clients take as headers.
    private static let longest = 1024

    static func encode(_ text: String) -> String {
        let utf8 = text.utf8.prefix(longest)
        if utf8.count == text.utf8.count, utf8.allSatisfy(isPlain) { return text }
        var encoded: [UInt8] = []
        encoded.reserveCapacity(utf8.count + 16)
        for byte in utf8 {
            if isPlain(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(digit(byte >> 4))
                encoded.append(digit(byte & 15))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte <= 0x7E && byte != UInt8(ascii: "%") }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
