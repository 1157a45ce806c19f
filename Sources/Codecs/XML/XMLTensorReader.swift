internal import Tensors

/// Collects `<input name="X" shape="2,4" datatype="FP32">` elements.
struct XMLTensorReader {
    /// The element that is open.
    private struct Open {
        var spec: TensorSpec
        var builder: TensorBuilder
        var shape: [Int]?
        var line: Int
        /// Whether its elements stand in `<v>`.
        var hasValues = false
        var isBase64 = false
    }

    private let signature: ModelSignature
    private var present: Open?
    private var bytes: [UInt8] = []
    private(set) var finished: [Tensor] = []

    init(_ signature: ModelSignature) {
        self.signature = signature
    }

    /// - Throws: `malformed_body` for attributes that can't be read, `invalid_input` where the model has no such input.
    mutating func openInput(_ attributes: [XMLRequestReader.Attribute], at place: XMLPlace) throws(SluiceError) {
        func value(_ name: String) -> String? { attributes.first { $0.name == name }?.value }
        guard let name = value("name") else { throw place.malformed("an <input> without a name") }
        guard let spec = signature.input(named: name) else {
            throw SluiceError(
                .invalidInput,
                "XML line \(place.line): the model has no input \(Quote.text(name))"
                    + Spelling.suggestion(for: name, among: signature.inputs.map(\.name)),
                detail: [.init("input", name), .init("inputs", signature.inputs.map(\.name))])
        }
        guard !finished.contains(where: { $0.name == name }) else {
            throw SluiceError(
                .invalidInput, "XML line \(place.line): input \"\(name)\" is given twice",
                detail: [.init("input", name)])
        }
        if let dataType = value("datatype"), dataType != spec.dataType.name {
            throw SluiceError(
                .invalidInput,
                "input \"\(name)\" (line \(place.line)): expected \(spec.text), got datatype \(Quote.text(dataType))",
                detail: [.init("input", name), .init("expected", spec.text), .init("got", dataType)])
        }
        var shape: [Int]?
        if let text = value("shape") {
            guard let parsed = Shape.parse(text) else {
                throw place.malformed("shape=\(Quote.text(text)) is no shape; write dimensions like 1,512")
            }
            shape = parsed
        }
        bytes.removeAll(keepingCapacity: true)
        present = Open(spec: spec, builder: TensorBuilder(spec.dataType), shape: shape, line: place.line)
        present?.isBase64 = try XMLRowReader.isBase64(attributes, at: place)
    }

    mutating func openValue(_ attributes: [XMLRequestReader.Attribute], at place: XMLPlace) throws(SluiceError) {
        try requireNoText(at: place)
        present?.hasValues = true
        present?.isBase64 = try XMLRowReader.isBase64(attributes, at: place)
    }

    mutating func closeValue(at place: XMLPlace) throws(SluiceError) {
        try append(bytes[...], line: place.line)
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func text(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(contentsOf: text)
    }

    /// - Throws: `invalid_input`, with the element.
    mutating func closeInput(at place: XMLPlace) throws(SluiceError) {
        guard let open = present else { return }
        if open.hasValues {
            try requireNoText(at: place)
        } else if open.spec.dataType == .bytes {
            if !bytes.isEmpty { try append(bytes[...], line: open.line) }
        } else {
            try appendTokens(line: open.line)
        }
        let shape: [Int] =
            if let stated = open.shape { stated } else {
                try Self.inferredShape(open.spec, count: open.builder.count, line: open.line)
            }
        finished.append(try open.builder.finish(name: open.spec.name, shape: shape))
        bytes.removeAll(keepingCapacity: true)
        present = nil
    }

    /// Appends the values that stand between spaces.
    private func appendTokens(line: Int) throws(SluiceError) {
        var start = 0
        while start < bytes.count {
            if XMLText.isSpace(bytes[start]) {
                start += 1
                continue
            }
            let end = bytes[start...].firstIndex(where: XMLText.isSpace) ?? bytes.count
            try append(bytes[start..<end], line: line)
            start = end
        }
    }

    private func append(_ text: ArraySlice<UInt8>, line: Int) throws(SluiceError) {
        guard let open = present else { return }
        let place = ElementPlace(input: open.spec.name, element: open.builder.count + 1, line: line)
        guard open.isBase64 else { return try Self.append(text, to: open.builder, place: place) }
        let decoded = text.withUnsafeBytes { XMLBase64.decode($0) }
        guard open.spec.dataType == .bytes, let decoded else {
            throw SluiceError(.invalidInput, "\(place): \(XMLBase64.rule)", detail: place.detail)
        }
        try Self.append(decoded[...], to: open.builder, place: place)
    }

    private static func append(
        _ text: ArraySlice<UInt8>, to builder: TensorBuilder, place: ElementPlace
    ) throws(SluiceError) {
        do throws(ElementFault) {
            try text.withUnsafeBufferPointer { (text) throws(ElementFault) in
                try builder.append(cell: UnsafeRawBufferPointer(text))
            }
        } catch {
            throw error.error(at: place)
        }
    }

    private func requireNoText(at place: XMLPlace) throws(SluiceError) {
        guard XMLText.isBlank(bytes) else { throw place.malformed("text beside <v>") }
    }

    /// The declared shape, with its one free dimension as the number of elements tells.
    private static func inferredShape(_ spec: TensorSpec, count: Int, line: Int) throws(SluiceError) -> [Int] {
        guard var shape = spec.shape, shape.count(where: { $0 < 0 }) <= 1 else {
            throw SluiceError(
                .invalidInput,
                "input \"\(spec.name)\" (line \(line)): \(spec.text) leaves dimensions open; give a shape, e.g. shape=\"1,4\"",
                detail: [.init("input", spec.name), .init("expected", spec.text)])
        }
        guard let free = shape.firstIndex(where: { $0 < 0 }) else { return shape }
        shape[free] = 1
        guard let unit = Shape.elementCount(shape), unit > 0, count % unit == 0 else {
            throw SluiceError(
                .invalidInput,
                "input \"\(spec.name)\" (line \(line)): \(count) elements don't fill \(spec.text)",
                detail: [.init("input", spec.name), .init("expected", spec.text), .init("elements", count)])
        }
        shape[free] = count / unit
        return shape
    }
}
