/// A file with one label a line.
enum LabelFile {
    /// Bytes of a file at most; the largest lists in use are half of that.
    static let mostBytes = 1 << 20
    static let mostLabels = 65_536
    private static let longestLabel = 1024

    /// What keeps a file from being one, as the end of a sentence.
    struct Fault: Error {
        var reason: String
    }

    /// The labels in their order. A byte order mark, carriage returns and spaces at the ends of lines are none of theirs.
    static func labels(in bytes: [UInt8]) throws(Fault) -> [String] {
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        guard let text = String(validating: bytes.dropFirst(hasMark ? 3 : 0), as: UTF8.self) else {
            throw Fault(reason: "is no text in UTF-8")
        }
        var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard !lines.isEmpty else { throw Fault(reason: "is empty") }
        guard lines.count <= mostLabels else {
            throw Fault(reason: "has \(lines.count) lines; at most \(mostLabels) are read")
        }
        var labels: [String] = []
        labels.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated() {
            var label = line
            while let last = label.last, last == " " || last == "\t" || last == "\r" { label.removeLast() }
            guard !label.isEmpty else { throw Fault(reason: "has no label on line \(index + 1)") }
            guard label.utf8.count <= longestLabel else {
                throw Fault(reason: "has more than \(longestLabel) bytes on line \(index + 1)")
            }
            guard !label.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
                throw Fault(reason: "has a control character on line \(index + 1)")
            }
            labels.append(String(label))
        }
        return labels
    }
}
