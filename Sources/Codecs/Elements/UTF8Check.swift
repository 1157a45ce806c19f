/// Whether bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates).
package enum UTF8Check {
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool { firstInvalid(bytes) == nil }

    /// The offset of the first byte that can't be part of UTF-8 text; `nil` where all is well.
    package static func firstInvalid(_ bytes: UnsafeRawBufferPointer) -> Int? {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.bindMemory(to: UInt8.self).span)
            return nil
        } catch {
            return error.byteOffsets.lowerBound
        }
    }
}
