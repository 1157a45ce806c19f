/// Some rows of a long text that follow each other, still as text.
package struct RowBatch: Sendable {
    /// One row of it.
    struct Row: Sendable, Equatable {
        /// Where it ends, its line end included; it begins where the one before ends.
        var end: Int
        /// The line of the whole text on which it begins, from 1.
        var line: Int
    }

    package internal(set) var text: [UInt8] = []
    var rows: [Row] = []
    /// The number of the first of them, from 1.
    package internal(set) var firstRow = 1

    /// How many rows there are.
    package var count: Int { rows.count }

    /// Where a row lies in the text.
    func range(of index: Int) -> Range<Int> { (index == 0 ? 0 : rows[index - 1].end)..<rows[index].end }
}
