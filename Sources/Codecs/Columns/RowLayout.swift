internal import Tensors

/// How one row of a table becomes a part of one input.
struct RowLayout: Sendable, Equatable {
    /// More columns than this are refused; wider rows go as npy or raw tensors.
    static let maximumColumns = 65_536

    /// Whether axis 0 counts the rows; otherwise the whole tensor is one row.
    var hasRowAxis: Bool
    /// How many values a row has; `nil` where the table decides.
    var width: Int?

    /// - Parameter columnCount: how many columns the input would get by position; `nil` where that isn't known.
    /// - Throws: `invalid_input` where no table can carry the input.
    init(_ spec: TensorSpec, columnCount: Int?) throws(SluiceError) {
        let named = spec.columns.isEmpty ? nil : spec.columns.count
        guard let shape = spec.shape else {
            (hasRowAxis, width) = (true, named)
            return
        }
        switch shape.count {
        case 0: (hasRowAxis, width) = (false, 1)
        case 1:
            // A fixed vector is one row where it has just as many columns; otherwise every row is one element.
            let isOneRow = shape[0] > 1 && (shape[0] == named || (named == nil && shape[0] == columnCount))
            (hasRowAxis, width) = isOneRow ? (false, shape[0]) : (true, 1)
        default:
            hasRowAxis = true
            let inner = shape.dropFirst()
            let free = inner.count { $0 < 0 }
            guard free <= 1 else {
                throw SluiceError(
                    .invalidInput,
                    """
                    input "\(spec.name)" (\(spec.text)) leaves more than one dimension of a row open, \
                    so a table can't carry it; send JSON
                    """,
                    detail: [.init("input", spec.name), .init("expected", spec.text)])
            }
            width = free == 0 ? Shape.elementCount(Array(inner)) ?? .max : named
        }
        if let width, width > Self.maximumColumns {
            throw SluiceError(
                .invalidInput,
                """
                input "\(spec.name)" (\(spec.text)) takes \(width) values a row, but a table has at most \
                \(Self.maximumColumns) columns; send npy or raw bytes
                """,
                detail: [.init("input", spec.name), .init("expected", spec.text)])
        }
    }

    /// The tensor's shape after so many rows of so many values.
    ///
    /// - Throws: `invalid_input` where a fixed dimension disagrees.
    func shape(of spec: TensorSpec, rows: Int, columns: Int) throws(SluiceError) -> [Int] {
        guard let declared = spec.shape else { return columns == 1 ? [rows] : [rows, columns] }
        let expectedRows: Int? = !hasRowAxis ? 1 : declared[0] < 0 ? nil : declared[0]
        if let expectedRows, rows != expectedRows {
            throw SluiceError(
                .invalidInput,
                """
                input "\(spec.name)" (\(spec.text)) takes exactly \(expectedRows) \(expectedRows == 1 ? "row" : "rows"), \
                but the body has \(rows)
                """,
                detail: [.init("input", spec.name), .init("rows", rows)])
        }
        guard hasRowAxis else { return declared }
        var shape = declared
        shape[0] = rows
        if let free = shape.indices.dropFirst().first(where: { shape[$0] < 0 }) {
            let step = shape.indices.dropFirst().filter { $0 != free }.reduce(1) { $0 &* shape[$1] }
            guard step > 0, columns % step == 0 else {
                throw SluiceError(
                    .invalidInput,
                    "input \"\(spec.name)\" (\(spec.text)) takes a multiple of \(step) columns, but the body has \(columns)",
                    detail: [.init("input", spec.name), .init("columns", columns)])
            }
            shape[free] = columns / step
        }
        return shape
    }

    /// The column names that the input's row goes by, each with the name that `_0`, `_1`, … gives it.
    func columnNames(of spec: TensorSpec, width: Int) -> [(name: String, alias: String)] {
        let hasNames = spec.columns.count == width
        return (0..<width).map { index in
            let alias = "\(spec.name)_\(index)"
            return (hasNames ? spec.columns[index] : width == 1 ? spec.name : alias, alias)
        }
    }
}
