internal import Tensors

/// Which columns of a table feed which inputs: decided once, by the header or the number of columns, before any row.
///
/// Shared by every format that has rows and columns.
struct ColumnMapping: Sendable, Equatable {
    /// One input and its columns.
    struct Target: Sendable, Equatable {
        var spec: TensorSpec
        var layout: RowLayout
        /// The table's column for each value of the input's row.
        var sources: [Int]
        /// Whether its cells are text, and not numbers.
        let isText: Bool

        init(spec: TensorSpec, layout: RowLayout, sources: [Int]) {
            self.spec = spec
            self.layout = layout
            self.sources = sources
            isText = spec.dataType == .bytes
        }
    }

    var targets: [Target]
    /// The table's own column names, trimmed; `nil` where it has no header.
    var names: [String]?
    /// How many columns the table has.
    var columnCount: Int
    /// Whether the columns were taken in order, and not by name.
    var isByPosition: Bool

    /// Maps the columns of a table without a header, in order: all to the only input, or one by one to several.
    ///
    /// - Throws: `invalid_input` where their number doesn't fit.
    init(columnCount: Int, signature: ModelSignature) throws(SluiceError) {
        self = try ColumnMapping(byPosition: columnCount, names: nil, signature: signature)
    }

    /// Maps the columns of a table by their names.
    ///
    /// Each value of an input's row is looked up by the declared column name, by the input's own name where a row has one
    /// value, or by `INPUT_0`, `INPUT_1`, …. Columns that no input asks for are left out, as long as none is missing. Names
    /// of which not one is known count for nothing if the model takes a single input without declared columns: then
    /// the columns are taken in order.
    ///
    /// - Throws: `invalid_input` for a missing or a doubled column, with the nearest name.
    init(names: [String], signature: ModelSignature) throws(SluiceError) {
        let header = HeaderNames(names)
        var targets: [Target] = []
        var missing: String?
        var hasMatch = false
        for spec in signature.inputs {
            let layout = try RowLayout(spec, columnCount: signature.inputs.count == 1 ? names.count : nil)
            let width = layout.width ?? header.countOfSeries(spec.name)
            var sources: [Int] = []
            for (name, alias) in layout.columnNames(of: spec, width: max(width, 1)) {
                guard let source = try header.index(of: name, or: alias) else {
                    missing = missing ?? name
                    continue
                }
                hasMatch = true
                sources.append(source)
            }
            targets.append(Target(spec: spec, layout: layout, sources: sources))
        }
        guard let missing else {
            self.targets = targets
            self.names = header.names
            self.columnCount = names.count
            isByPosition = false
            return
        }
        if !hasMatch, signature.inputs.count == 1, signature.inputs[0].columns.isEmpty {
            self = try ColumnMapping(byPosition: names.count, names: header.names, signature: signature)
            return
        }
        throw Self.missingColumn(missing, header: header.names, wanted: Self.wantedNames(signature))
    }

    private init(byPosition count: Int, names: [String]?, signature: ModelSignature) throws(SluiceError) {
        let isOnly = signature.inputs.count == 1
        var targets: [Target] = []
        var next = 0
        for spec in signature.inputs {
            let layout = try RowLayout(spec, columnCount: isOnly ? count : nil)
            guard let width = layout.width ?? (isOnly ? count : nil) else {
                throw SluiceError(
                    .invalidInput,
                    """
                    input "\(spec.name)" (\(spec.text)) may have any number of columns, so with \
                    \(signature.inputs.count) inputs the columns need names: \(spec.name)_0, \(spec.name)_1, …
                    """,
                    detail: [.init("input", spec.name), .init("expected", spec.text)])
            }
            targets.append(Target(spec: spec, layout: layout, sources: Array(next..<(next + width))))
            next += width
        }
        guard next == count else {
            throw SluiceError(
                .invalidInput,
                """
                the model takes \(next) \(next == 1 ? "column" : "columns") (\(Self.summary(of: targets))), \
                but the body has \(count)
                """,
                detail: [.init("expected", next), .init("got", count)])
        }
        self.targets = targets
        self.names = names
        self.columnCount = count
        isByPosition = true
    }

    /// What messages call a column: its name, or its number from 1 where it has none.
    func label(ofColumn index: Int) -> String {
        guard let names, index < names.count, !names[index].isEmpty else { return String(index + 1) }
        return Quote.shortened(names[index])
    }

    /// The column names that the inputs ask for, as far as they are known.
    static func wantedNames(_ signature: ModelSignature) -> Set<String> {
        var wanted: Set<String> = []
        for spec in signature.inputs {
            guard let layout = try? RowLayout(spec, columnCount: nil) else { continue }
            for (name, alias) in layout.columnNames(of: spec, width: layout.width ?? 1) {
                wanted.insert(name)
                wanted.insert(alias)
            }
        }
        return wanted
    }

    private static func summary(of targets: [Target]) -> String {
        let shown = targets.prefix(8).map { "\($0.spec.name): \($0.spec.text)" }
        return shown.joined(separator: ", ") + (targets.count > 8 ? ", …" : "")
    }

    private static func missingColumn(_ name: String, header: [String], wanted: Set<String>) -> SluiceError {
        var message = "column \(Quote.text(name)) is missing"
        // A column that is wanted itself was not meant to be another.
        let suggestion = Spelling.suggestion(for: name, among: header.filter { !wanted.contains($0) })
        if !suggestion.isEmpty {
            message += suggestion
        } else if header.count == 1, let separator = header[0].first(where: { $0 == ";" || $0 == "\t" }) {
            message += "; columns are separated by commas, not by \(separator == ";" ? "semicolons" : "tabs")"
        } else {
            let shown = header.prefix(16).map { Quote.text($0) }.joined(separator: ", ")
            message += "; the body has \(shown)\(header.count > 16 ? ", …" : "")"
        }
        return SluiceError(.invalidInput, message, detail: [.init("column", name)])
    }
}

/// A header's names, to be looked up.
private struct HeaderNames {
    let names: [String]
    private var indices: [String: Int] = [:]
    private var doubled: Set<String> = []

    init(_ names: [String]) {
        self.names = names.map(Self.trimmed)
        for (index, name) in self.names.enumerated() {
            if indices[name] != nil { doubled.insert(name) } else { indices[name] = index }
        }
    }

    /// - Throws: `invalid_input` where two columns have the name.
    func index(of wanted: String, or alias: String) throws(SluiceError) -> Int? {
        let name = indices[wanted] == nil ? alias : wanted
        guard let index = indices[name] else { return nil }
        guard !doubled.contains(name) else {
            let second = names.indices.first { $0 > index && names[$0] == name } ?? index
            throw SluiceError(
                .invalidInput,
                "column \(Quote.text(name)) stands twice: it is column \(index + 1) and column \(second + 1)",
                detail: [.init("column", name)])
        }
        return index
    }

    /// How many columns `NAME_0`, `NAME_1`, … there are.
    func countOfSeries(_ name: String) -> Int {
        var count = 0
        while indices["\(name)_\(count)"] != nil { count += 1 }
        return count
    }

    private static func trimmed(_ name: String) -> String {
        guard let first = name.first, let last = name.last, first == " " || last == " " else { return name }
        let start = name.drop { $0 == " " }
        return String(start.prefix(upTo: start.lastIndex { $0 != " " }.map(start.index(after:)) ?? start.endIndex))
    }
}
