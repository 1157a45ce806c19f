internal import Crypto
internal import FoundationEssentials

/// Makes lines of an audit log, each of which holds the hash of the one before. A plain state machine.
///
/// A line is `{"seq":N,"time":…,"event":…,…,"prev":"HASH","hash":"HASH"}`. Its hash is over the very bytes in front of
/// `,"hash":`, so that nobody needs to agree on how JSON is written: SHA-256, or HMAC-SHA-256 where there is a key, which
/// whoever may write the file doesn't have.
package struct AuditChain: Sendable, Equatable {
    /// What the first line of all has as the hash before it.
    package static let beginning = String(repeating: "0", count: 64)

    private let key: [UInt8]?
    /// The number of the last line; 0 before the first.
    package private(set) var sequence: Int
    /// Its hash.
    package private(set) var head: String
    private var timestamp = Timestamp()

    package init(key: [UInt8]?, sequence: Int = 0, head: String = AuditChain.beginning) {
        self.key = key
        self.sequence = sequence
        self.head = head
    }

    /// The next line, with its end.
    package mutating func seal(_ record: AuditRecord, unixMilliseconds: Int64) -> [UInt8] {
        var line = Array("{\"seq\":\(sequence + 1),\"time\":\"".utf8)
        timestamp.append(milliseconds: unixMilliseconds, to: &line)
        line.append(UInt8(ascii: "\""))
        record.append(to: &line)
        line.append(contentsOf: ",\"prev\":\"\(head)\"".utf8)
        head = Self.hash(line[...], key: key)
        sequence += 1
        line.append(contentsOf: ",\"hash\":\"\(head)\"}\n".utf8)
        return line
    }

    /// The hash of what is in front of it, as 64 hexadecimal digits.
    static func hash(_ bytes: ArraySlice<UInt8>, key: [UInt8]?) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let hash: [UInt8] =
            key.map { Array(HMAC<SHA256>.authenticationCode(for: Array(bytes), using: SymmetricKey(data: $0))) }
            ?? Array(SHA256.hash(data: Array(bytes)))
        return String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    package static func == (left: AuditChain, right: AuditChain) -> Bool {
        left.key == right.key && left.sequence == right.sequence && left.head == right.head
    }
}
