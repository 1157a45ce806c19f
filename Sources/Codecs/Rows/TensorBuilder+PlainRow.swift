internal import Tensors

extension TensorBuilder {
    /// Appends the cells of one row, where all of them are numbers in their usual form; or none of them.
    ///
    /// This is where large tables spend their time, so each data type has a loop of its own.
    func appendPlainRow(_ row: UnsafeRawBufferPointer, cells: Int, upTo end: UnsafePointer<UInt8>) -> Bool {
        switch dataType {
        case .uint8: appendPlainRow(row, cells, end, as: UInt8.self)
        case .uint16: appendPlainRow(row, cells, end, as: UInt16.self)
        case .uint32: appendPlainRow(row, cells, end, as: UInt32.self)
        case .uint64: appendPlainRow(row, cells, end, as: UInt64.self)
        case .int8: appendPlainRow(row, cells, end, as: Int8.self)
        case .int16: appendPlainRow(row, cells, end, as: Int16.self)
        case .int32: appendPlainRow(row, cells, end, as: Int32.self)
        case .int64: appendPlainRow(row, cells, end, as: Int64.self)
        case .fp32: appendPlainRow(row, cells, end, as: Float.self)
        case .fp64: appendPlainRow(row, cells, end, as: Double.self)
        case .fp16, .bf16, .bool, .bytes: false
        }
    }

    private func appendPlainRow<Element: NumberElement>(
        _ row: UnsafeRawBufferPointer, _ cells: Int, _ end: UnsafePointer<UInt8>, as type: Element.Type
    ) -> Bool {
        guard var position = row.bindMemory(to: UInt8.self).baseAddress else { return false }
        let rowEnd = position + row.count
        let before = count
        for cell in 1...max(1, cells) {
            guard let number = PlainNumber(&position, end: end), let element = Element(number), position < rowEnd else {
                truncate(to: before)
                return false
            }
            appendElement(element)
            if cell < cells {
                guard position.pointee == UInt8(ascii: ",") else {
                    truncate(to: before)
                    return false
                }
                position += 1
            }
        }
        let isEnd =
            switch rowEnd - position {
            case 1: position[0] == 0x0A || position[0] == 0x0D
            case 2: position[0] == 0x0D && position[1] == 0x0A
            default: false
            }
        if !isEnd { truncate(to: before) }
        return isEnd
    }
}
