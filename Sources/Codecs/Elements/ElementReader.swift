package import Tensors

/// Walks a tensor's elements and writes them as text.
///
/// Numbers are written as the shortest text that reads back as the same value (FP16 and BF16 as the FP32 of that
/// value), `NaN`, `Infinity` and `-Infinity` for what is no number; BOOL as `true` and `false`; BYTES as they are where
/// they are UTF-8, and as base64 (RFC 4648, section 4, padded) where they aren't. The format says how to tell which.
package struct ElementReader {
    /// What was written for an element.
    package enum Form: Sendable, Equatable {
        case number
        case bool
        /// UTF-8, nothing escaped.
        case text
        case base64
    }

    package let tensor: Tensor

    package init(_ tensor: Tensor) {
        self.tensor = tensor
    }

    /// Appends element `index`, which is within the tensor.
    package func append(_ index: Int, to text: inout [UInt8]) -> Form {
        switch tensor.dataType {
        case .bool:
            let isTrue = tensor.withBytes { $0[index] != 0 }
            text.append(contentsOf: (isTrue ? "true" : "false").utf8)
            return .bool
        case .bytes:
            return tensor.withElement(index) { bytes in
                if UTF8Check.isValid(bytes) {
                    text.append(contentsOf: bytes)
                    return .text
                }
                Base64.append(bytes, to: &text)
                return .base64
            }
        default:
            appendNumbers(index..<(index + 1), separator: 0, to: &text)
            return .number
        }
    }

    /// Appends elements of a numeric type with a separator between them.
    package func appendNumbers(_ range: Range<Int>, separator: UInt8, to text: inout [UInt8]) {
        switch tensor.dataType {
        case .uint8: appendNumbers(range, separator, &text, as: UInt8.self)
        case .uint16: appendNumbers(range, separator, &text, as: UInt16.self)
        case .uint32: appendNumbers(range, separator, &text, as: UInt32.self)
        case .uint64: appendNumbers(range, separator, &text, as: UInt64.self)
        case .int8: appendNumbers(range, separator, &text, as: Int8.self)
        case .int16: appendNumbers(range, separator, &text, as: Int16.self)
        case .int32: appendNumbers(range, separator, &text, as: Int32.self)
        case .int64: appendNumbers(range, separator, &text, as: Int64.self)
        case .fp16: appendNumbers(range, separator, &text, as: Half.self)
        case .bf16: appendNumbers(range, separator, &text, as: BrainFloat.self)
        case .fp32: appendNumbers(range, separator, &text, as: Float.self)
        case .fp64: appendNumbers(range, separator, &text, as: Double.self)
        case .bool, .bytes: preconditionFailure("BOOL and BYTES are no numbers")
        }
    }

    /// Fills a small block on the stack and appends that, which is much cheaper than growing an array by each number.
    private func appendNumbers<Element: NumberElement>(
        _ range: Range<Int>, _ separator: UInt8, _ text: inout [UInt8], as type: Element.Type
    ) {
        let longest = 33
        let width = MemoryLayout<Element>.size
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: min(range.count, 128) * longest) { block in
            guard let start = block.baseAddress else { return }
            tensor.withBytes { bytes in
                var used = 0
                for index in range {
                    if index != range.lowerBound {
                        start[used] = separator
                        used += 1
                    }
                    used += bytes.loadUnaligned(fromByteOffset: index * width, as: type).write(to: start + used)
                    if used > block.count - longest {
                        text.append(contentsOf: UnsafeBufferPointer(rebasing: block[..<used]))
                        used = 0
                    }
                }
                text.append(contentsOf: UnsafeBufferPointer(rebasing: block[..<used]))
            }
        }
    }

    /// The first element that is NaN or infinite; `nil` where all are numbers.
    package var firstNonFinite: Int? { firstNonFinite(in: 0..<tensor.elementCount) }

    /// The first of some elements that is NaN or infinite.
    package func firstNonFinite(in range: Range<Int>) -> Int? {
        switch tensor.dataType {
        case .fp16: firstNonFinite(in: range, as: Half.self)
        case .bf16: firstNonFinite(in: range, as: BrainFloat.self)
        case .fp32: firstNonFinite(in: range, as: Float.self)
        case .fp64: firstNonFinite(in: range, as: Double.self)
        default: nil
        }
    }

    private func firstNonFinite<Element: NumberElement>(in range: Range<Int>, as type: Element.Type) -> Int? {
        tensor.withBytes { bytes in
            range.first { index in
                !bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Element>.size, as: type).isFinite
            }
        }
    }
}
