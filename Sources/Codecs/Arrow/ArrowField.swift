internal import Tensors

/// One column of an Arrow schema, and how its values lie.
struct ArrowField {
    enum Kind {
        case number(DataType)
        /// A bit each.
        case bool
        /// Bytes between offsets of that width.
        case bytes(offsetWidth: Int, isText: Bool)
        case fixedBytes(Int)
        /// So many of the one child, for each row.
        case fixedList(Int)
        /// Of the one child, between offsets of that width.
        case list(offsetWidth: Int)
        /// What no tensor is made of, with its number of buffers.
        case other(buffers: Int)
        /// The same, with as many buffers as each batch says.
        case view
    }

    /// A column of numbers that stand for the values of a dictionary.
    struct Dictionary {
        var id: Int64
        var index: DataType
    }

    static let maximumFields = 65_536
    private static let maximumDepth = 16

    var name: String
    var kind: Kind
    /// As messages name it.
    var typeName: String
    var dictionary: Dictionary?
    var children: [ArrowField] = []

    /// All columns of a schema.
    static func columns(of schema: FlatTable) throws(SluiceError) -> [ArrowField] {
        guard try schema.number(0, otherwise: Int16(0)) == 0 else {
            throw SluiceError(.invalidInput, "the Arrow stream is big-endian, which is not read here")
        }
        var left = maximumFields
        var columns: [ArrowField] = []
        for table in try schema.tables(1, atMost: maximumFields) {
            columns.append(try ArrowField(table, depth: 0, left: &left))
        }
        return columns
    }

    /// - Parameter left: how many more there may be, children included.
    private init(_ table: FlatTable, depth: Int, left: inout Int) throws(SluiceError) {
        left -= 1
        guard left >= 0, depth < Self.maximumDepth else {
            throw SluiceError(
                .malformedBody,
                "the Arrow schema has more than \(Self.maximumFields) fields, or is deeper than \(Self.maximumDepth)")
        }
        name = try table.string(0)
        let number = try table.number(2, otherwise: UInt8(0))
        guard let type = try table.table(3) else { throw FlatTable.malformed }
        (kind, typeName) = try Self.kind(number, type)
        if let encoding = try table.table(4) {
            var index = DataType.int32
            if let type = try encoding.table(1) {
                guard case .number(let read) = try Self.kind(2, type).kind else { throw FlatTable.malformed }
                index = read
            }
            dictionary = Dictionary(id: try encoding.number(0, otherwise: 0), index: index)
            typeName = "dictionary of \(typeName)"
        }
        for child in try table.tables(5, atMost: left) {
            children.append(try ArrowField(child, depth: depth + 1, left: &left))
        }
        switch kind {
        case .fixedList, .list: if children.count != 1 { throw FlatTable.malformed }
        case .number, .bool, .bytes, .fixedBytes, .view: if !children.isEmpty { throw FlatTable.malformed }
        case .other: break
        }
    }

    /// What the union `Type` has at that number.
    private static func kind(_ number: UInt8, _ type: FlatTable) throws(SluiceError) -> (kind: Kind, name: String) {
        switch number {
        case 1: return (.other(buffers: 0), "null")
        case 2:
            let bits = try type.number(0, otherwise: Int32(0))
            let isSigned = try type.number(1, otherwise: UInt8(0)) != 0
            let read: DataType? =
                switch (bits, isSigned) {
                case (8, true): .int8
                case (16, true): .int16
                case (32, true): .int32
                case (64, true): .int64
                case (8, false): .uint8
                case (16, false): .uint16
                case (32, false): .uint32
                case (64, false): .uint64
                default: nil
                }
            guard let read else { throw FlatTable.malformed }
            return (.number(read), "\(isSigned ? "" : "u")int\(bits)")
        case 3:
            switch try type.number(0, otherwise: Int16(0)) {
            case 0: return (.number(.fp16), "halffloat")
            case 1: return (.number(.fp32), "float")
            case 2: return (.number(.fp64), "double")
            default: throw FlatTable.malformed
            }
        case 4: return (.bytes(offsetWidth: 4, isText: false), "binary")
        case 5: return (.bytes(offsetWidth: 4, isText: true), "string")
        case 6: return (.bool, "bool")
        case 7: return (.other(buffers: 2), "decimal")
        case 8: return (.other(buffers: 2), "date")
        case 9: return (.other(buffers: 2), "time")
        case 10: return (.other(buffers: 2), "timestamp")
        case 11: return (.other(buffers: 2), "interval")
        case 12: return (.list(offsetWidth: 4), "list")
        case 13: return (.other(buffers: 1), "struct")
        case 14:
            let isDense = try type.number(0, otherwise: Int16(0)) == 1
            return (.other(buffers: isDense ? 2 : 1), "union")
        case 15:
            let width = try type.number(0, otherwise: Int32(0))
            guard width >= 0 else { throw FlatTable.malformed }
            return (.fixedBytes(Int(width)), "fixed_size_binary")
        case 16:
            let size = try type.number(0, otherwise: Int32(0))
            guard size >= 0 else { throw FlatTable.malformed }
            return (.fixedList(Int(size)), "fixed_size_list")
        case 17: return (.other(buffers: 2), "map")
        case 18: return (.other(buffers: 2), "duration")
        case 19: return (.bytes(offsetWidth: 8, isText: false), "large_binary")
        case 20: return (.bytes(offsetWidth: 8, isText: true), "large_string")
        case 21: return (.list(offsetWidth: 8), "large_list")
        case 22: return (.other(buffers: 0), "run_end_encoded")
        case 23: return (.view, "binary_view")
        case 24: return (.view, "string_view")
        case 25, 26: return (.other(buffers: 3), "list_view")
        default:
            throw SluiceError(.invalidInput, "the Arrow schema has a type of number \(number), which is not known here")
        }
    }
}
