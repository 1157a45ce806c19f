internal import Tensors

extension RequestFormat {
    /// Only so many bytes decide whether a body is text.
    private static let sniffedBytes = 4096

    /// Tells the format from a body that came without a `Content-Type`.
    ///
    /// npy and npz by their magic; JSON by a first `{` or `[`; XML by a first `<`; other text is CSV where it has a comma or a line
    /// break or is one number, unless the model takes one BYTES input without columns; everything else is raw.
    init(sniffing body: UnsafeRawBufferPointer, signature: ModelSignature) {
        if NumpyHeader.hasMagic(body) {
            self = .npy
            return
        }
        if NumpyArchive.hasMagic(body) {
            self = .npz
            return
        }
        let text = body.dropFirst(body.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
        switch text.first(where: { !Self.isSpace($0) }) {
        case UInt8(ascii: "{"), UInt8(ascii: "["): self = Self.isText(text) ? .json : .raw
        case UInt8(ascii: "<"): self = Self.isText(text) ? .xml : .raw
        default:
            let takesWholeText =
                signature.inputs.count == 1 && signature.inputs[0].dataType == .bytes
                && signature.inputs[0].columns.isEmpty
            let isTable = !takesWholeText && Self.isText(text) && Self.hasCells(text)
            self = isTable ? .csv(CSVDialect()) : .raw
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }

    private static func hasCells(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        let head = text.prefix(sniffedBytes)
        return head.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") }
            || head.allSatisfy { "0123456789+-.eE \r".utf8.contains($0) }
    }

    /// Whether the beginning is UTF-8 without control characters.
    private static func isText(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        var head = bytes.prefix(sniffedBytes)
        if head.count < bytes.count {
            // Don't judge a character that the cut went through.
            while let last = head.last, last & 0xC0 == 0x80 { head = head.dropLast() }
            if let last = head.last, last >= 0xC0 { head = head.dropLast() }
        }
        return head.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || isSpace($0) }
            && String(validating: head, as: UTF8.self) != nil
    }
}
