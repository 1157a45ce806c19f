internal import Tensors

/// How rows of numbers stand in a text.
enum PlainRowForm {
    /// The numbers with a comma between each two, and a line end.
    case line
    /// A comma, and the numbers as an array of JSON: every row of an array but its first.
    case array
}

extension TensorBuilder {
    /// Appends rows of numbers in their usual form, and moves `position` past them.
    ///
    /// This is where large tables spend their time, so each data type has a loop of its own.
    ///
    /// - Parameter end: where the bytes end that may be looked at.
    /// - Returns: how many rows there were before the first that takes a longer look; nothing of that has been taken.
    func appendPlainRows(
        _ form: PlainRowForm, _ position: inout UnsafePointer<UInt8>, upTo end: UnsafePointer<UInt8>, columns: Int,
        atMost limit: Int = .max
    ) -> Int {
        switch dataType {
        case .uint8: appendPlainRows(form, &position, end, columns, limit, as: UInt8.self)
        case .uint16: appendPlainRows(form, &position, end, columns, limit, as: UInt16.self)
        case .uint32: appendPlainRows(form, &position, end, columns, limit, as: UInt32.self)
        case .uint64: appendPlainRows(form, &position, end, columns, limit, as: UInt64.self)
        case .int8: appendPlainRows(form, &position, end, columns, limit, as: Int8.self)
        case .int16: appendPlainRows(form, &position, end, columns, limit, as: Int16.self)
        case .int32: appendPlainRows(form, &position, end, columns, limit, as: Int32.self)
        case .int64: appendPlainRows(form, &position, end, columns, limit, as: Int64.self)
        case .fp32: appendPlainRows(form, &position, end, columns, limit, as: Float.self)
        case .fp64: appendPlainRows(form, &position, end, columns, limit, as: Double.self)
        case .fp16, .bf16, .bool, .bytes: 0
        }
    }

    private func appendPlainRows<Element: NumberElement>(
        _ form: PlainRowForm, _ position: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ columns: Int,
        _ limit: Int, as type: Element.Type
    ) -> Int {
        guard columns > 0 else { return 0 }
        var room = room(for: columns, as: type)
        guard var element = room.baseAddress else { return 0 }
        var last = element + (room.count - columns)
        var rows = 0
        while rows < limit {
            if element > last {
                takeElements(upTo: element)
                room = self.room(for: columns, as: type)
                guard let start = room.baseAddress else { return rows }
                element = start
                last = start + (room.count - columns)
            }
            var next = position
            let isRow =
                switch form {
                case .line: Self.readLine(&next, end, columns, into: element)
                case .array: Self.readArray(&next, end, columns, into: element)
                }
            guard isRow else { break }
            element += columns
            position = next
            rows += 1
        }
        takeElements(upTo: element)
        return rows
    }

    @inline(__always)
    private static func readLine<Element: NumberElement>(
        _ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ columns: Int,
        into elements: UnsafeMutablePointer<Element>
    ) -> Bool {
        for column in 0..<columns {
            if column > 0 {
                // A number ends before a byte that may be looked at.
                guard next.pointee == UInt8(ascii: ",") else { return false }
                next += 1
            }
            guard let number = PlainNumber(&next, end: end), let element = Element(number) else { return false }
            elements[column] = element
        }
        let isReturn = next.pointee == UInt8(ascii: "\r")
        guard isReturn || next.pointee == UInt8(ascii: "\n") else { return false }
        next += 1
        if isReturn, next < end, next.pointee == UInt8(ascii: "\n") { next += 1 }
        return true
    }

    @inline(__always)
    private static func readArray<Element: NumberElement>(
        _ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ columns: Int,
        into elements: UnsafeMutablePointer<Element>
    ) -> Bool {
        guard takeMark(UInt8(ascii: ","), &next, end), takeMark(UInt8(ascii: "["), &next, end) else { return false }
        for column in 0..<columns {
            if column > 0, !takeMark(UInt8(ascii: ","), &next, end) { return false }
            next = JSONScanner.pastSpace(next, end)
            guard let number = PlainNumber(&next, end: end), let element = Element(number) else { return false }
            elements[column] = element
        }
        return takeMark(UInt8(ascii: "]"), &next, end)
    }

    @inline(__always)
    private static func takeMark(
        _ mark: UInt8, _ next: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> Bool {
        next = JSONScanner.pastSpace(next, end)
        guard next < end, next.pointee == mark else { return false }
        next += 1
        return true
    }
}
