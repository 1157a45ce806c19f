internal import Tensors

/// One input of the model, as it is made of columns of an Arrow stream.
struct ArrowColumn {
    private let spec: TensorSpec
    private let fields: [ArrowField]
    /// The columns' numbers in the schema, in the order of the input's values.
    let sources: [Int]
    /// How rows become the input; `nil` where a row is a list.
    private let layout: RowLayout?
    private let nullsAreNaN: Bool
    /// Of strings.
    private let strings = TensorBuilder(.bytes)
    /// Of numbers: what each batch has become.
    private var blocks: [Tensor] = []

    init(_ fields: [ArrowField], at sources: [Int], spec: TensorSpec, layout: RowLayout, nullsAreNaN: Bool) {
        (self.fields, self.sources, self.spec, self.layout) = (fields, sources, spec, layout)
        self.nullsAreNaN = nullsAreNaN && spec.dataType.isFloatingPoint
    }

    init(list field: ArrowField, at source: Int, spec: TensorSpec, nullsAreNaN: Bool) {
        (fields, sources, self.spec, layout) = ([field], [source], spec, nil)
        self.nullsAreNaN = nullsAreNaN && spec.dataType.isFloatingPoint
    }

    /// - Throws: `invalid_input` where a column is of a type that the input can't be made of.
    func checkTypes() throws(SluiceError) {
        for field in fields {
            var value = field
            while value.isList { value = value.children[0] }
            let fits =
                switch value.kind {
                case .number, .bool: spec.dataType != .bytes && value.dictionary == nil
                case .bytes, .fixedBytes: spec.dataType == .bytes && layout != nil
                case .list, .fixedList, .view, .other: false
                }
            guard fits else {
                let hint =
                    if case .view = value.kind { "; cast it to string or binary" } else { "" }
                throw SluiceError(
                    .invalidInput,
                    """
                    input "\(spec.name)" (\(spec.text)) can't be made of column \(Quote.text(field.name)), which is \
                    of type \(value.typeName == field.typeName ? "" : "\(field.typeName) of ")\(value.typeName)\(hint)
                    """,
                    detail: [.init("input", spec.name), .init("column", Quote.shortened(field.name))])
            }
        }
    }

    /// Takes in one batch.
    mutating func append(
        _ arrays: [Int: ArrowArray], dictionaries: [Int64: ArrowDictionary], count: Int, firstRow: Int
    ) throws(SluiceError) {
        guard count > 0 else { return }
        let own = sources.compactMap { arrays[$0] }
        if spec.dataType == .bytes {
            for row in 0..<count {
                for array in own { try append(row, of: array, dictionaries, firstRow: firstRow) }
            }
        } else if own.count == 1 {
            blocks.append(try numbers(own[0], firstRow: firstRow))
        } else {
            var parts: [Tensor] = []
            for array in own { parts.append(try numbers(array, firstRow: firstRow)) }
            blocks.append(try interleaved(parts, count: count))
        }
    }

    /// The input, after the last batch.
    func finish(rows: Int) throws(SluiceError) -> Tensor {
        guard spec.dataType != .bytes else {
            let shape = try layout?.shape(of: spec, rows: rows, columns: sources.count) ?? [rows]
            return try strings.finish(name: spec.name, shape: shape)
        }
        guard let joined = blocks.count == 1 ? blocks[0] : Tensor.joining(blocks) else {
            throw SluiceError(
                .invalidInput, "input \"\(spec.name)\": its lists aren't all of one length",
                detail: [.init("input", spec.name)])
        }
        let shape = try layout?.shape(of: spec, rows: rows, columns: sources.count) ?? listShape(joined.shape)
        return try Tensor(
            name: spec.name, dataType: joined.dataType, shape: shape, storage: joined.storage,
            byteOffset: joined.byteOffset, byteCount: joined.byteCount)
    }

    /// A list's own shape; as declared where it is that, flattened (tensors go so in Arrow).
    private func listShape(_ shape: [Int]) -> [Int] {
        guard let declared = spec.shape, declared.count > shape.count, shape.count == 2,
            Shape.elementCount(Array(declared.dropFirst())) == shape[1]
        else { return shape }
        return [shape[0]] + declared.dropFirst()
    }

    // MARK: Strings

    private func append(
        _ row: Int, of array: ArrowArray, _ dictionaries: [Int64: ArrowDictionary], firstRow: Int
    ) throws(SluiceError) {
        let isThere = array.validity.isEmpty || array.validity[row >> 3] >> (row & 7) & 1 == 1
        guard isThere else { throw problem("it is null", row: firstRow + row, array.field) }
        var bytes: UnsafeRawBufferPointer?
        if let encoding = array.field.dictionary {
            let number = ArrayNumber(
                array.data, at: row * encoding.index.byteWidth, type: encoding.index, isBigEndian: false)
            guard let dictionary = dictionaries[encoding.id], let index = number.asInteger(Int.self),
                (0..<dictionary.count).contains(index)
            else {
                throw problem("its dictionary has no value of number \(number.text)", row: firstRow + row, array.field)
            }
            bytes = dictionary.bytes(index)
        } else {
            bytes = array.bytes(row)
        }
        guard let bytes else { throw problem("it is null", row: firstRow + row, array.field) }
        if case .bytes(_, true) = array.field.kind, !UTF8Check.isValid(bytes) {
            throw problem("the text is not UTF-8", row: firstRow + row, array.field)
        }
        strings.appendBytesElement(bytes)
    }

    // MARK: Numbers

    /// A column's numbers as the input's type, `[rows]` or, of lists, `[rows,…]`.
    private func numbers(_ array: ArrowArray, firstRow: Int) throws(SluiceError) -> Tensor {
        var (shape, values, start) = ([array.count], array, 0)
        while values.field.isList {
            if let row = values.firstNull {
                throw problem("it is null", row: shape.count == 1 ? firstRow + row : firstRow, array.field)
            }
            let size: Int
            switch values.field.kind {
            case .fixedList(let fixed):
                size = fixed
                start *= fixed
            default:
                let total = shape.reduce(1, *)
                size = total == 0 ? 0 : values.offset(start + 1) - values.offset(start)
                for index in start..<(start + total)
                where values.offset(index + 1) - values.offset(index) != size {
                    throw problem(
                        "its list has \(values.offset(index + 1) - values.offset(index)) values, but those before it have \(size)",
                        row: firstRow + (shape.count == 1 ? index - start : 0), array.field)
                }
                start = values.offset(start)
            }
            shape.append(size)
            values = values.child[0]
        }
        guard let count = Shape.elementCount(shape), shape.count <= Shape.maximumRank, start <= values.count,
            count <= values.count - start
        else { throw ArrowBatch.malformed("a list that is too short") }
        return try tensor(of: values, from: start, shape: shape, firstRow: firstRow, column: array.field)
    }

    private func tensor(
        of values: ArrowArray, from start: Int, shape: [Int], firstRow: Int, column: ArrowField
    ) throws(SluiceError) -> Tensor {
        let count = shape.reduce(1, *)
        let perRow = max(1, count / max(1, shape[0]))
        let nulls =
            values.validity.isEmpty
            ? []
            : (0..<count).filter { index in
                values.validity[(start + index) >> 3] >> ((start + index) & 7) & 1 == 0
            }
        if let first = nulls.first, !nullsAreNaN {
            throw problem("it is null", row: firstRow + first / perRow, column)
        }
        let type: DataType
        let bytes: UnsafeRawBufferPointer
        var unpacked = TensorStorage.empty
        if case .number(let numbers) = values.field.kind {
            type = numbers
            let width = numbers.byteWidth
            bytes = UnsafeRawBufferPointer(rebasing: values.data[(start * width)..<((start + count) * width)])
        } else {
            type = .bool
            unpacked = TensorStorage.allocate(byteCount: count)
            for index in 0..<count {
                let bit = values.data[(start + index) >> 3] >> ((start + index) & 7) & 1
                unpacked.base.storeBytes(of: bit, toByteOffset: index, as: UInt8.self)
            }
            bytes = unpacked.bytes
        }
        defer { withExtendedLifetime(unpacked) {} }
        let array = NumberArray(
            input: spec.name, noun: "column", type: type, arrayShape: shape, shape: shape, bytes: bytes)
        let tensor: Tensor
        do throws(SluiceError) {
            // What lies in the body is copied: blocks are joined, and one alone is what a plugin may keep.
            tensor = try array.copied(to: spec.dataType)
        } catch {
            guard case .integer(let index)? = error.detail.first(where: { $0.key == "element" })?.value else {
                throw error
            }
            let number = ArrayNumber(bytes, at: index * type.byteWidth, type: type, isBigEndian: false)
            throw problem("\(number.text) is no \(spec.dataType)", row: firstRow + index / perRow, column)
        }
        if !nulls.isEmpty { fill(tensor, nulls) }
        return tensor
    }

    /// Puts not-a-number where nulls are: the tensor is new, and nobody has seen it.
    private func fill(_ tensor: Tensor, _ nulls: [Int]) {
        let base = tensor.storage.base + tensor.byteOffset
        for index in nulls {
            switch tensor.dataType {
            case .fp16: base.storeBytes(of: Float16.nan, toByteOffset: index * 2, as: Float16.self)
            case .bf16: base.storeBytes(of: 0x7FC0, toByteOffset: index * 2, as: UInt16.self)
            case .fp32: base.storeBytes(of: .nan, toByteOffset: index * 4, as: Float.self)
            default: base.storeBytes(of: .nan, toByteOffset: index * 8, as: Double.self)
            }
        }
    }

    /// Columns beside each other as rows.
    private func interleaved(_ columns: [Tensor], count: Int) throws(SluiceError) -> Tensor {
        let width = spec.dataType.byteWidth
        let storage = TensorStorage.allocate(byteCount: count * columns.count * width)
        for (place, column) in columns.enumerated() {
            column.withBytes { bytes in
                guard let source = bytes.baseAddress else { return }
                for row in 0..<count {
                    (storage.base + (row * columns.count + place) * width)
                        .copyMemory(from: source + row * width, byteCount: width)
                }
            }
        }
        return try Tensor(name: spec.name, dataType: spec.dataType, shape: [count, columns.count], storage: storage)
    }

    private func problem(_ what: String, row: Int, _ field: ArrowField) -> SluiceError {
        let place = ElementPlace(input: spec.name, row: row, column: Quote.shortened(field.name))
        return SluiceError(.invalidInput, "\(place): \(what)", detail: place.detail)
    }
}

extension DataType {
    fileprivate var isFloatingPoint: Bool {
        switch self {
        case .fp16, .bf16, .fp32, .fp64: true
        default: false
        }
    }
}
