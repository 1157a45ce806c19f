package import Tensors

/// A tensor's bytes as they are: little-endian, row-major, without any header.
package enum RawCodec {
    /// Reads a body as the model's only input.
    ///
    /// Without `shape` the input's one free dimension follows from the number of bytes. A BYTES input takes the whole body
    /// as one element.
    ///
    /// - Throws: `malformed_request` for a bad header, `invalid_input` where the bytes don't fit the input.
    package static func decode(
        _ body: RequestBody, input: String?, shape: String?, dataType: String?, signature: ModelSignature
    ) throws(SluiceError) -> Tensor {
        let spec = try signature.onlyInput(named: input, body: "a raw body")
        if let dataType { try require(dataType, spec) }
        let stated: [Int]? = if let shape { try parse(shape: shape) } else { nil }
        if spec.dataType == .bytes { return try oneElement(body, spec: spec, stated: stated) }

        let bytes = body.bytes
        defer { withExtendedLifetime(body.storage) {} }
        let resolved: [Int]
        if let stated {
            resolved = stated
            try requireSize(of: stated, bytes.count, spec)
        } else {
            resolved = try infer(bytes.count, spec)
        }
        if spec.dataType == .bool { try BooleanBytes.check(bytes, input: spec.name) }
        let start = body.range.lowerBound
        if UInt(bitPattern: body.storage.base + start) % UInt(TensorStorage.alignment) == 0 {
            return try Tensor(
                name: spec.name, dataType: spec.dataType, shape: resolved, storage: body.storage, byteOffset: start,
                byteCount: bytes.count)
        }
        return try Tensor(
            name: spec.name, dataType: spec.dataType, shape: resolved, storage: TensorStorage.copy(of: bytes))
    }

    private static func require(_ dataType: String, _ spec: TensorSpec) throws(SluiceError) {
        guard let stated = DataType(name: dataType) else {
            throw SluiceError(
                .malformedRequest,
                "Sluice-Datatype \(Quote.text(dataType)) is no data type; there are "
                    + DataType.allCases.map(\.name).joined(separator: ", "))
        }
        guard stated == spec.dataType else {
            throw SluiceError(
                .invalidInput, "Sluice-Datatype is \(stated), but input \"\(spec.name)\" is \(spec.text)",
                detail: [.init("input", spec.name), .init("expected", spec.text), .init("got", stated.name)])
        }
    }

    private static func parse(shape text: String) throws(SluiceError) -> [Int] {
        guard let shape = Shape.parse(text), Shape.elementCount(shape) != nil else {
            throw SluiceError(
                .malformedRequest, "Sluice-Shape \(Quote.text(text)) is no shape; write dimensions like 1,512")
        }
        return shape
    }

    private static func requireSize(of shape: [Int], _ present: Int, _ spec: TensorSpec) throws(SluiceError) {
        let needed = Shape.byteCount(shape, of: spec.dataType)
        guard needed == present else {
            throw SluiceError(
                .invalidInput,
                "input \"\(spec.name)\": \(spec.dataType)\(Shape.text(shape)) takes "
                    + "\(needed.map(String.init) ?? "too many") bytes, but the body has \(present)",
                detail: [.init("input", spec.name), .init("bytes", present)])
        }
    }

    /// The declared shape with its free dimension filled in.
    private static func infer(_ present: Int, _ spec: TensorSpec) throws(SluiceError) -> [Int] {
        guard let declared = spec.shape, declared.count(where: { $0 < 0 }) <= 1 else {
            throw SluiceError(
                .invalidInput,
                """
                input "\(spec.name)" (\(spec.text)) leaves more than one dimension open, so \(present) bytes don't \
                tell its shape; say it in the Sluice-Shape header, e.g. Sluice-Shape: \(exampleShape(spec))
                """,
                detail: [.init("input", spec.name), .init("expected", spec.text)])
        }
        guard let free = declared.firstIndex(where: { $0 < 0 }) else {
            try requireSize(of: declared, present, spec)
            return declared
        }
        var shape = declared
        shape[free] = 1
        guard let unit = Shape.byteCount(shape, of: spec.dataType), unit > 0 else {
            throw SluiceError(
                .invalidInput, "input \"\(spec.name)\" (\(spec.text)) has no elements, so a body can't tell its shape",
                detail: [.init("input", spec.name), .init("expected", spec.text)])
        }
        let (whole, rest) = present.quotientAndRemainder(dividingBy: unit)
        guard rest == 0 else {
            let rows = free == 0 ? "row" : "step of dimension \(free)"
            throw SluiceError(
                .invalidInput,
                """
                input "\(spec.name)" (\(spec.text)): the body's \(present) bytes are \(whole) times the \(unit) bytes \
                of one \(rows), and \(rest) more
                """,
                detail: [.init("input", spec.name), .init("bytes", present)])
        }
        shape[free] = whole
        return shape
    }

    private static func exampleShape(_ spec: TensorSpec) -> String {
        (spec.shape ?? [1, 4]).enumerated().map { axis, dimension in
            dimension >= 0 ? String(dimension) : axis == 0 ? "1" : "512"
        }.joined(separator: ",")
    }

    /// The whole body as the one element of a BYTES tensor.
    private static func oneElement(
        _ body: RequestBody, spec: TensorSpec, stated: [Int]?
    ) throws(SluiceError) -> Tensor {
        let shape = stated ?? (spec.shape ?? [1]).map { $0 < 0 ? 1 : $0 }
        guard Shape.elementCount(shape) == 1 else {
            throw SluiceError(
                .invalidInput,
                "input \"\(spec.name)\": a raw body is one BYTES element, but the shape is \(Shape.text(shape)); send JSON",
                detail: [.init("input", spec.name), .init("expected", spec.text)])
        }
        return try body.element(named: spec.name, shape: shape)
    }
}
