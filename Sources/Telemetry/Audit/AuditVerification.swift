/// Goes through the files of an audit log, line by line, until the first that isn't as it was written.
package struct AuditVerification: Sendable {
    /// The first line that is wrong, and how.
    package struct Break: Error, Sendable, Equatable {
        package var file: String
        /// From 1.
        package var line: Int
        package var reason: String
    }

    private let key: [UInt8]?
    private let wanted: String?
    private var previous: AuditLine?
    /// The number of the first record.
    package private(set) var first: Int?
    package private(set) var records = 0
    /// Bytes of a last line that has no end; 0 where there is none.
    package private(set) var tornBytes = 0
    private var tornPlace: Break?
    package private(set) var hasFoundHead = false

    /// - Parameter head: the hash of a record that must be there; `nil` for none.
    package init(key: [UInt8]?, head: String? = nil) {
        self.key = key
        self.wanted = head
    }

    package var last: Int? { previous?.sequence }
    package var head: String? { previous?.hash }

    /// The number of a file's first record, to bring files in order; `nil` where its first line is none.
    package static func firstSequence(_ bytes: [UInt8]) -> Int? {
        bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false).first
            .flatMap { AuditLine($0) }?.sequence
    }

    /// Goes through the next file.
    package mutating func check(_ bytes: [UInt8], file: String) throws(Break) {
        // A line without an end is what a killed gateway leaves behind; there can be nothing after it.
        if let tornPlace { throw tornPlace }
        var number = 0
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            number += 1
            try check(rest[..<end], at: Break(file: file, line: number, reason: ""))
            rest = rest[(end + 1)...]
        }
        guard !rest.isEmpty else { return }
        tornBytes = rest.count
        tornPlace = Break(file: file, line: number + 1, reason: "the line has no end, and is not the last of all")
    }

    private mutating func check(_ bytes: ArraySlice<UInt8>, at place: Break) throws(Break) {
        func broken(_ reason: String) -> Break { Break(file: place.file, line: place.line, reason: reason) }
        guard let line = AuditLine(bytes) else { throw broken("the line is no record") }
        guard line.isSealed(key: key) else {
            throw broken(
                "record \(line.sequence) was changed: its hash is not that of what it says"
                    + (key == nil ? ", or it was written with a key" : " with this key"))
        }
        if let previous {
            let expected = previous.sequence + 1
            if line.sequence > expected {
                let missing =
                    line.sequence == expected + 1
                    ? "record \(expected) is" : "records \(expected) to \(line.sequence - 1) are"
                throw broken("\(missing) missing: record \(line.sequence) follows record \(previous.sequence)")
            }
            guard line.sequence == expected else {
                throw broken("record \(line.sequence) stands where record \(expected) should")
            }
            guard line.previous == previous.hash else {
                throw broken("record \(line.sequence) doesn't follow the record before it: that one is another one")
            }
        } else {
            if line.sequence == 1, line.previous != AuditChain.beginning {
                throw broken("record 1 follows another one")
            }
            first = line.sequence
        }
        previous = line
        records += 1
        if line.hash == wanted { hasFoundHead = true }
    }

    /// After the last file: whether the record was there that had to be.
    package func finish() throws(Break) {
        if let wanted, !hasFoundHead {
            throw Break(
                file: "", line: 0,
                reason:
                    "no record has the hash \(wanted.prefix(12))…: the end of the log is missing, or it is another log")
        }
    }
}
