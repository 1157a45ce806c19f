/// What HTTP/2 demands of each header field by itself (RFC 9113, sections 8.2 and 8.3).
enum HeaderFieldRules {
    /// What is wrong with a field; `nil` where nothing is. Pseudo-header fields have no names to be checked.
    static func fault(name: String, value: String) -> String? {
        guard name.first == ":" || isName(name) else {
            return "a field's name is not lower case, or has other characters"
        }
        guard isValue(value) else {
            return "a field's value has characters in it, or spaces around it, that none may have"
        }
        return isOfConnection(name, value) ? "a field is about the connection, which HTTP/2 has no place for" : nil
    }

    /// A token without upper case (RFC 9110, section 5.6.2).
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"),
                    UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
                    UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
                    true
                default: false
                }
            }
    }

    private static func isValue(_ value: String) -> Bool {
        let bytes = value.utf8
        guard let first = bytes.first, let last = bytes.last else { return true }
        return !isBlank(first) && !isBlank(last) && bytes.allSatisfy { $0 != 0 && $0 != 0x0A && $0 != 0x0D }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func isOfConnection(_ name: String, _ value: String) -> Bool {
        switch name {
        case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade": true
        case "te": value != "trailers"
        default: false
        }
    }
}
