internal import Tensors

/// `map<string, InferParameter>`, entry by entry.
enum InferParameters {
    /// The most parameters of one request; finding one that comes again is quadratic.
    private static let most = 256

    /// Reads one entry of the map; a key that comes again replaces the earlier one, as the format says.
    static func read(
        _ entry: UnsafeRawBufferPointer, into parameters: inout [Envelope.Parameter]
    ) throws(SluiceError) {
        var key = ""
        var value: Envelope.Parameter.Value?
        var reader = ProtobufReader(entry)
        while let field = try reader.nextField() {
            switch (field.number, field.type) {
            case (1, .lengthDelimited): key = try reader.string()
            case (2, .lengthDelimited): value = try self.value(try reader.delimited(), before: value)
            // Stricter than the format, which passes over them: the generated reader refuses them too.
            case (1, _), (2, _): throw reader.malformed("an entry of parameters")
            default: try reader.skip(field.type)
            }
        }
        guard let value else {
            throw JSONScanner.invalidParameter(ElementFault.shortened(key), "has no value")
        }
        if let index = parameters.firstIndex(where: { $0.key == key }) {
            parameters[index].value = value
            return
        }
        guard parameters.count < most else {
            throw SluiceError(.invalidParameter, "there are more than \(most) parameters")
        }
        parameters.append(.init(key, value))
    }

    /// The last of a value's alternatives that is there.
    private static func value(
        _ bytes: UnsafeRawBufferPointer, before: Envelope.Parameter.Value?
    ) throws(SluiceError) -> Envelope.Parameter.Value? {
        var value = before
        var reader = ProtobufReader(bytes)
        while let field = try reader.nextField() {
            switch (field.number, field.type) {
            case (1, .varint): value = .bool(try reader.varint() != 0)
            case (2, .varint): value = .integer(Int64(bitPattern: try reader.varint()))
            case (3, .lengthDelimited): value = .string(try reader.string())
            case (4, .fixed64): value = .double(Double(bitPattern: try reader.fixed64()))
            case (5, .varint): value = .unsigned(try reader.varint())
            default: try reader.skip(field.type)
            }
        }
        return value
    }

    /// Writes parameters as field `number` of a message.
    static func write(_ parameters: [Envelope.Parameter], _ number: Int, to writer: inout ProtobufWriter) {
        for parameter in parameters {
            writer.message(number) { entry in
                entry.string(1, parameter.key)
                entry.message(2) { value in
                    switch parameter.value {
                    case .bool(let flag): value.varint(1, flag ? 1 : 0)
                    case .integer(let integer): value.varint(2, UInt64(bitPattern: integer))
                    case .string(let text):
                        // An empty string is a choice too, so it is written.
                        value.header(3, length: text.utf8.count)
                        value.append(text.utf8)
                    case .double(let double): value.fixed64(4, double.bitPattern)
                    case .unsigned(let unsigned): value.varint(5, unsigned)
                    }
                }
            }
        }
    }
}
