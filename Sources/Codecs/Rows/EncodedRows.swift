internal import Tensors

/// The answers to some rows, encoded: a piece of a long answer.
package struct EncodedRows: Sendable {
    /// Rows that got an answer, and such as got an error.
    package enum Part: Sendable {
        /// Lines as they go out. The columns of CSV are named by the answer's first line, which `header` is.
        case lines([UInt8], header: [UInt8], width: Int)
        /// Rows that got errors before it was known how many columns an answer has.
        case faults([RowFault])
    }

    package var parts: [Part] = []
    /// How many rows there are.
    package var rows = 0
    /// How many of them got an error.
    package var failed = 0

    package init() {}

    /// Bytes that it takes, about.
    package var byteCount: Int {
        parts.reduce(0) { count, part in
            switch part {
            case .lines(let lines, _, _): count + lines.count
            case .faults(let faults): count + faults.reduce(0) { $0 + $1.error.message.utf8.count + 64 }
            }
        }
    }

    /// Appends what follows.
    package mutating func append(_ more: EncodedRows) {
        parts += more.parts
        rows += more.rows
        failed += more.failed
    }
}
