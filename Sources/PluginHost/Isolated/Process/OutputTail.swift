/// The last lines that a runner wrote, for whoever has to find out why it ended; a plain value.
struct OutputTail: Sendable {
    private static let lines = 20
    /// A longer line is cut.
    private static let longest = 1024

    private(set) var lines: [String] = []
    private var partial: [UInt8] = []

    /// Takes what was written.
    ///
    /// - Returns: the lines that it completed.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [String] {
        var complete: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                complete.append(endLine())
            } else if partial.count < Self.longest {
                partial.append(byte)
            }
        }
        return complete
    }

    /// There is no more: an unfinished line counts as one.
    mutating func finish() {
        if !partial.isEmpty { _ = endLine() }
    }

    private mutating func endLine() -> String {
        let line = String(decoding: partial, as: UTF8.self)
        partial.removeAll(keepingCapacity: true)
        lines.append(line)
        if lines.count > Self.lines { lines.removeFirst() }
        return line
    }
}
