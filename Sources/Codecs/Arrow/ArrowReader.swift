internal import Tensors

/// Reads the columns of an Arrow stream that the model's inputs are made of, batch by batch.
struct ArrowReader {
    private let signature: ModelSignature
    private let nullsAreNaN: Bool
    private var columns: [ArrowColumn] = []
    private var fields: [ArrowField] = []
    private var dictionaries: [Int64: ArrowDictionary] = [:]
    /// Which of the fields any column is made of.
    private var wanted: Set<Int> = []
    private(set) var rows = 0
    private static let maximumRows = 1 << 48

    init(signature: ModelSignature, nullsAreNaN: Bool) {
        self.signature = signature
        self.nullsAreNaN = nullsAreNaN
    }

    /// - Throws: `malformed_body`; `invalid_input` for columns that the model doesn't take.
    mutating func read(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) -> [Tensor] {
        var messages = try ArrowMessages(bytes)
        guard let first = try messages.next(), case .schema(let schema) = first.header else {
            throw SluiceError(.malformedBody, "the Arrow stream doesn't begin with a schema")
        }
        fields = try ArrowField.columns(of: schema)
        try choose()
        while let message = try messages.next() {
            switch message.header {
            case .schema: throw SluiceError(.malformedBody, "the Arrow stream has a second schema")
            case .dictionary(let id, let isDelta, let batch):
                try readDictionary(id, isDelta: isDelta, ArrowBatch(batch, body: message.body))
            case .batch(let batch): try readBatch(ArrowBatch(batch, body: message.body))
            }
        }
        guard rows > 0 else { throw SluiceError(.invalidInput, "the Arrow stream has no rows") }
        var tensors: [Tensor] = []
        for index in columns.indices { tensors.append(try columns[index].finish(rows: rows)) }
        return tensors
    }

    /// Which column becomes what: a list is the input of its name, and the others go by the rules of tables.
    private mutating func choose() throws(SluiceError) {
        var rest = signature
        var lists: [String: Int] = [:]
        for (index, field) in fields.enumerated() where field.isList && signature.input(named: field.name) != nil {
            guard lists.updateValue(index, forKey: field.name) == nil else {
                throw SluiceError(.invalidInput, "column \(Quote.text(field.name)) stands twice")
            }
        }
        rest.inputs.removeAll { lists[$0.name] != nil }
        let flat = fields.indices.filter { !fields[$0].isList }
        var targets: [ColumnMapping.Target] = []
        if !rest.inputs.isEmpty {
            targets = try ColumnMapping(names: flat.map { fields[$0].name }, signature: rest).targets
        }
        for spec in signature.inputs {
            if let index = lists[spec.name] {
                columns.append(ArrowColumn(list: fields[index], at: index, spec: spec, nullsAreNaN: nullsAreNaN))
            } else if let target = targets.first(where: { $0.spec.name == spec.name }) {
                let sources = target.sources.map { flat[$0] }
                columns.append(
                    ArrowColumn(
                        sources.map { fields[$0] }, at: sources, spec: spec, layout: target.layout,
                        nullsAreNaN: nullsAreNaN))
            }
        }
        for column in columns { wanted.formUnion(column.sources) }
        for column in columns { try column.checkTypes() }
    }

    private mutating func readBatch(_ batch: ArrowBatch) throws(SluiceError) {
        var batch = batch
        var arrays: [Int: ArrowArray] = [:]
        for (index, field) in fields.enumerated() {
            if let array = try batch.array(field, isWanted: wanted.contains(index)) { arrays[index] = array }
        }
        for index in columns.indices {
            try columns[index].append(arrays, dictionaries: dictionaries, count: batch.count, firstRow: rows + 1)
        }
        rows += batch.count
        guard rows <= Self.maximumRows else { throw ArrowBatch.malformed("too many rows") }
    }

    private mutating func readDictionary(_ id: Int64, isDelta: Bool, _ batch: ArrowBatch) throws(SluiceError) {
        // Dictionaries of columns that nobody wants aren't looked at.
        guard let field = fields.indices.first(where: { wanted.contains($0) && fields[$0].dictionary?.id == id }) else {
            return
        }
        var values = fields[field]
        values.dictionary = nil
        var batch = batch
        guard let array = try batch.array(values, isWanted: true) else { return }
        if isDelta {
            dictionaries[id, default: ArrowDictionary()].append(array)
        } else {
            var dictionary = ArrowDictionary()
            dictionary.append(array)
            dictionaries[id] = dictionary
        }
    }
}

/// The values that a dictionary-encoded column's numbers stand for.
struct ArrowDictionary {
    /// Each with the number of its first value.
    private var parts: [(first: Int, array: ArrowArray)] = []
    private(set) var count = 0

    mutating func append(_ array: ArrowArray) {
        parts.append((count, array))
        count += array.count
    }

    /// A value's bytes; `nil` where it isn't there.
    func bytes(_ index: Int) -> UnsafeRawBufferPointer? {
        // The last part that begins at or before it.
        var (low, high) = (0, parts.count)
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].first <= index { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let part = parts[low - 1]
        let place = index - part.first
        let array = part.array
        let isThere = array.validity.isEmpty || array.validity[place >> 3] >> (place & 7) & 1 == 1
        return isThere ? array.bytes(place) : nil
    }
}

extension ArrowField {
    /// Whether a row of it is several values.
    var isList: Bool {
        switch kind {
        case .list, .fixedList: dictionary == nil
        default: false
        }
    }
}
