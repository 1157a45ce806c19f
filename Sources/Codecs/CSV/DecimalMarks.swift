internal import Tensors

/// The marks that a table's numbers have between whole and fraction. One table has one of them: `1.500` means
/// something else beside `2,5`.
final class DecimalMarks {
    /// What is known of a table's marks so far.
    struct Findings: Sendable, Equatable {
        /// Whether the client says that it is the comma; else the table tells.
        var isDeclared: Bool
        var hasPoint = false
        var hasComma = false
    }

    private(set) var findings: Findings
    private var scratch: [UInt8] = []

    init(_ findings: Findings) {
        self.findings = findings
    }

    /// Shows a cell that is to be a number with a point in place of its comma.
    ///
    /// - Returns: what is wrong with it; `nil` where nothing is.
    func show(
        _ cell: UnsafeRawBufferPointer, to body: (UnsafeRawBufferPointer) throws(SluiceError) -> Void
    ) throws(SluiceError) -> String? {
        let commas = cell.count { $0 == UInt8(ascii: ",") }
        let points = cell.count { $0 == UInt8(ascii: ".") }
        if commas == 0, points == 0 {
            try body(cell)
            return nil
        }
        let hasComma = findings.hasComma || commas > 0
        let hasPoint = findings.hasPoint || points > 0
        if hasPoint, hasComma || findings.isDeclared {
            return findings.isDeclared
                ? "\(Quote.bytes(cell)) has a point, but decimal=\",\" is declared"
                : "\(Quote.bytes(cell)) is not clear: some numbers have a comma and some a point; say decimal=\",\" or \".\""
        }
        if commas == 1 {
            scratch.removeAll(keepingCapacity: true)
            for byte in cell { scratch.append(byte == UInt8(ascii: ",") ? UInt8(ascii: ".") : byte) }
            try scratch.withUnsafeBufferPointer { (text) throws(SluiceError) in try body(UnsafeRawBufferPointer(text)) }
        } else {
            try body(cell)
        }
        // The first that came is the table's, so that rows behind a wrong one are read like those before it.
        (findings.hasComma, findings.hasPoint) = (hasComma, hasPoint)
        return nil
    }

    /// Whether a cell looks like a number with a decimal comma.
    static func isNumber(_ cell: Slice<UnsafeRawBufferPointer>) -> Bool {
        cell.count { $0 == UInt8(ascii: ",") } == 1 && cell.contains { $0 &- UInt8(ascii: "0") < 10 }
            && cell.allSatisfy { "0123456789,+-eE ".utf8.contains($0) }
    }
}
