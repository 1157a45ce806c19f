/// A line of an audit log, taken apart by its bytes.
struct AuditLine: Sendable, Equatable {
    let sequence: Int
    let previous: String
    let hash: String
    /// What the hash is over.
    private let sealed: ArraySlice<UInt8>

    /// `nil` where the line isn't one.
    init?(_ line: ArraySlice<UInt8>) {
        // …,"prev":"64 digits","hash":"64 digits"}
        let hashStart = Array(",\"hash\":\"".utf8)
        let previousStart = Array(",\"prev\":\"".utf8)
        let start = Array("{\"seq\":".utf8)
        let end = Array("\"}".utf8)
        guard line.count > 2 * 64 + hashStart.count + previousStart.count + start.count + end.count + 1,
            line.starts(with: start), line.suffix(end.count).elementsEqual(end)
        else { return nil }
        let hash = line.dropLast(end.count).suffix(64)
        let beforeHash = line.dropLast(end.count + 64)
        guard beforeHash.suffix(hashStart.count).elementsEqual(hashStart) else { return nil }
        sealed = beforeHash.dropLast(hashStart.count)
        guard sealed.last == UInt8(ascii: "\"") else { return nil }
        let previous = sealed.dropLast().suffix(64)
        guard sealed.dropLast(65).suffix(previousStart.count).elementsEqual(previousStart) else { return nil }
        let digits = line.dropFirst(start.count).prefix { (0x30...0x39).contains($0) }
        guard line.dropFirst(start.count + digits.count).first == UInt8(ascii: ","),
            let sequence = Int(String(decoding: digits, as: UTF8.self)), sequence > 0
        else { return nil }
        guard Self.isHash(hash), Self.isHash(previous) else { return nil }
        self.sequence = sequence
        self.hash = String(decoding: hash, as: UTF8.self)
        self.previous = String(decoding: previous, as: UTF8.self)
    }

    private static func isHash(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Whether the hash is that of the line.
    func isSealed(key: [UInt8]?) -> Bool { AuditChain.hash(sealed, key: key) == hash }
}
