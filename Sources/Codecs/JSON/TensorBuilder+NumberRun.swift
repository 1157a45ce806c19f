internal import Tensors

extension TensorBuilder {
    /// Why a run of numbers ended.
    enum NumberRunEnd {
        /// Something else than a comma and a number follows the last number.
        case done
        /// The scanner is at a byte that makes no number.
        case malformed
        /// The scanner is at a number that the data type can't hold.
        case fault(ElementFault)
    }

    /// Appends the numbers of a JSON array from the next one on, as long as commas and numbers follow each other.
    ///
    /// This is where large requests spend their time, so each data type has a loop of its own.
    func appendNumberRun(_ scanner: inout JSONScanner) -> NumberRunEnd {
        switch dataType {
        case .uint8: appendNumberRun(&scanner, as: UInt8.self)
        case .uint16: appendNumberRun(&scanner, as: UInt16.self)
        case .uint32: appendNumberRun(&scanner, as: UInt32.self)
        case .uint64: appendNumberRun(&scanner, as: UInt64.self)
        case .int8: appendNumberRun(&scanner, as: Int8.self)
        case .int16: appendNumberRun(&scanner, as: Int16.self)
        case .int32: appendNumberRun(&scanner, as: Int32.self)
        case .int64: appendNumberRun(&scanner, as: Int64.self)
        case .fp16: appendNumberRun(&scanner, as: Half.self)
        case .bf16: appendNumberRun(&scanner, as: BrainFloat.self)
        case .fp32: appendNumberRun(&scanner, as: Float.self)
        case .fp64: appendNumberRun(&scanner, as: Double.self)
        case .bool, .bytes: .fault(ElementFault(.wrongSort, text: "a number", dataType: dataType))
        }
    }

    private func appendNumberRun<Element: NumberElement>(
        _ scanner: inout JSONScanner, as type: Element.Type
    ) -> NumberRunEnd {
        let end = scanner.end
        var room = room(for: 1, as: type)
        guard var element = room.baseAddress else { return .done }
        defer { takeElements(upTo: element) }
        var last = element + (room.count - 1)
        var position = JSONScanner.pastSpace(scanner.position, end)
        while true {
            if element > last {
                takeElements(upTo: element)
                room = self.room(for: 1, as: type)
                guard let start = room.baseAddress else { return .done }
                element = start
                last = start + (room.count - 1)
            }
            let first = position
            if let number = PlainNumber(&position, end: end), let value = Element(number) {
                element.pointee = value
            } else {
                position = first
                guard let number = DecimalNumber.scan(&position, end: end) else {
                    scanner.position = position
                    return .malformed
                }
                do throws(NumberFault) {
                    element.pointee = try Element(number)
                } catch {
                    scanner.position = first
                    return .fault(ElementFault(error, number, dataType: dataType))
                }
            }
            element += 1
            let behind = position
            position = JSONScanner.pastSpace(position, end)
            guard position < end, position.pointee == UInt8(ascii: ",") else {
                scanner.position = position
                return .done
            }
            position = JSONScanner.pastSpace(position + 1, end)
            guard position < end,
                position.pointee &- UInt8(ascii: "0") <= 9 || position.pointee == UInt8(ascii: "-")
            else {
                scanner.position = behind
                return .done
            }
        }
    }
}
