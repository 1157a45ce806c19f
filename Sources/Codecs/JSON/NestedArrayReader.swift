internal import Tensors

/// Reads one JSON value, a scalar or arrays of arrays of them, into a builder, and finds its shape.
struct NestedArrayReader {
    private let builder: TensorBuilder
    private let input: String
    /// Names of the columns along the last axis, for messages.
    private let columns: [String]
    /// The row that the value belongs to, where it isn't the whole input; counts from 1.
    private let row: Int?
    /// The column that the value is, or that its elements are one below the other.
    private let column: String?
    /// Takes the elements where they are files.
    private let files: FileCollector?
    /// The size at each depth; -1 where the first array of that depth isn't closed yet.
    private(set) var dimensions: [Int] = []
    /// How deep the scalars stand; `nil` before the first.
    private var elementDepth: Int?
    /// Which element of the outermost array is being read; counts from 0.
    private var outerIndex = 0
    /// How many elements the builder had when that element began.
    private var outerStart: Int

    init(
        _ builder: TensorBuilder, input: String, columns: [String] = [], row: Int? = nil, column: String? = nil,
        files: FileCollector? = nil
    ) {
        self.files = files
        self.builder = builder
        self.input = input
        self.columns = columns
        self.row = row
        self.column = column
        outerStart = builder.count
    }

    /// Reads the value that is next.
    mutating func read(_ scanner: inout JSONScanner) throws(SluiceError) {
        let offset = scanner.offset
        try read(&scanner, depth: 0)
        guard files == nil || dimensions.count <= (row == nil ? 1 : 0) else {
            let place = ElementPlace(input: input, row: row, byte: offset)
            throw SluiceError(
                .invalidInput, "\(place): files are one or a list, not lists in lists", detail: place.detail)
        }
    }

    private mutating func read(_ scanner: inout JSONScanner, depth: Int) throws(SluiceError) {
        let kind = try scanner.peek()
        if kind == .array {
            if let elementDepth, depth >= elementDepth {
                throw problem("\(elementSort) is expected, not an array", scanner)
            }
            return try readArray(&scanner, depth: depth)
        }
        if let elementDepth {
            if depth < elementDepth { throw problem("an array is expected, not \(kind.text)", scanner) }
        } else {
            // An empty array before this has fixed the shape where scalars would stand.
            if depth < dimensions.count { throw problem("an array is expected, not \(kind.text)", scanner) }
            elementDepth = depth
        }
        try readElement(&scanner, kind)
    }

    private mutating func readArray(_ scanner: inout JSONScanner, depth: Int) throws(SluiceError) {
        let opening = scanner.offset
        try scanner.beginArray()
        if dimensions.count == depth { dimensions.append(-1) }
        let isNumeric = files == nil && builder.dataType != .bool && builder.dataType != .bytes
        var count = 0
        while try scanner.nextElement(first: count == 0) {
            if depth == 0 {
                outerIndex = count
                // Scalars right here are elements of one row, not rows.
                if elementDepth != 1 { outerStart = builder.count }
            }
            let mayBeElements = elementDepth == depth + 1 || (elementDepth == nil && dimensions.count == depth + 1)
            if isNumeric, mayBeElements, try scanner.peek() == .number {
                elementDepth = depth + 1
                count += try readNumbers(&scanner)
            } else {
                try read(&scanner, depth: depth + 1)
                count += 1
                if isNumeric, elementDepth == depth + 2 {
                    count += builder.appendPlainRows(
                        .array, &scanner.position, upTo: scanner.end, columns: dimensions[depth + 1])
                }
            }
        }
        if dimensions[depth] < 0 {
            dimensions[depth] = count
        } else if dimensions[depth] != count {
            throw ragged(depth: depth, count: count, offset: opening)
        }
    }

    private func readNumbers(_ scanner: inout JSONScanner) throws(SluiceError) -> Int {
        let before = builder.count
        switch builder.appendNumberRun(&scanner) {
        case .done: return builder.count - before
        case .malformed: throw scanner.unexpected("a digit")
        case .fault(let fault): throw fault.error(at: place(scanner.offset))
        }
    }

    private func readElement(_ scanner: inout JSONScanner, _ kind: JSONScanner.Kind) throws(SluiceError) {
        if let files { return try readFile(&scanner, kind, into: files) }
        let offset = scanner.offset
        switch (kind, builder.dataType) {
        case (.number, let dataType) where dataType != .bool && dataType != .bytes:
            let number = try scanner.number()
            do throws(ElementFault) { try builder.append(number) } catch { throw error.error(at: place(offset)) }
        case (.bool, .bool):
            let value = try scanner.bool()
            do throws(ElementFault) { try builder.append(value) } catch { throw error.error(at: place(offset)) }
        case (.string, .bytes): appendString(try scanner.string())
        case (.object, .bytes): try appendBase64(&scanner)
        default:
            // What isn't JSON at all is told first.
            try scanner.skipValue()
            throw wrongSort(kind, offset)
        }
    }

    private func appendString(_ string: JSONString) {
        guard string.hasEscapes else { return builder.appendBytesElement(string.raw) }
        _ = builder.appendBytes(upTo: string.raw.count) { string.unescape(into: $0) }
        builder.endBytesElement()
    }

    /// Reads `{"b64": "..."}` or `{"base64": "..."}`: bytes that need not be text.
    private func appendBase64(_ scanner: inout JSONScanner) throws(SluiceError) {
        let offset = scanner.offset
        try scanner.beginObject()
        guard let key = try scanner.nextKey(first: true), key.isBase64, try scanner.peek() == .string else {
            throw problem("bytes as an object are written {\"b64\": \"...\"}", at: offset)
        }
        let string = try scanner.string()
        guard try scanner.nextKey(first: false) == nil else {
            throw problem("bytes as an object are written {\"b64\": \"...\"}, with no other key", at: offset)
        }
        let isDecoded = string.withCharacters { text in
            builder.appendBytes(upTo: Base64.decodedLimit(text.count)) { Base64.decode(text, into: $0) }
        }
        guard isDecoded else { throw problem("\"\(key.text)\" is not base64", at: offset) }
        builder.endBytesElement()
    }

    // MARK: Files

    /// Reads `"data:image/png;base64,..."`, `{"base64": "...", "type": "image/png"}` or `{"url": "https://..."}`.
    private func readFile(
        _ scanner: inout JSONScanner, _ kind: JSONScanner.Kind, into files: FileCollector
    ) throws(SluiceError) {
        let offset = scanner.offset
        guard files.count < FileInput.maximumFiles else {
            throw problem("there may be at most \(FileInput.maximumFiles) files", at: offset)
        }
        switch kind {
        case .string:
            let fault = try scanner.string().withCharacters { files.append(dataURL: $0) }
            if let fault { throw problem(fault, at: offset) }
        case .object: try readFileObject(&scanner, into: files)
        default:
            try scanner.skipValue()
            throw problem("a file is expected, as before it, not \(kind.text)", at: offset)
        }
    }

    private func readFileObject(_ scanner: inout JSONScanner, into files: FileCollector) throws(SluiceError) {
        let offset = scanner.offset
        var data: JSONString?
        var url: String?
        var type: String?
        var isFirst = true
        try scanner.beginObject()
        while let key = try scanner.nextKey(first: isFirst) {
            isFirst = false
            if key.isBase64, data == nil, url == nil {
                data = try scanner.string()
            } else if key.is("url"), data == nil, url == nil {
                url = try scanner.string().text
            } else if key.is("type"), type == nil {
                type = try scanner.string().text.lowercased()
            } else {
                throw problem(
                    "a file as an object is written {\"base64\": \"…\", \"type\": \"image/png\"}, without "
                        + Quote.text(key.text), at: offset)
            }
        }
        if let url { return files.append(url: url, mediaType: type) }
        guard let data else {
            throw problem("a file as an object is written {\"base64\": \"…\", \"type\": \"image/png\"}", at: offset)
        }
        let isDecoded = data.withCharacters { files.append(base64: $0, mediaType: type) }
        guard isDecoded else { throw problem("\"base64\" is not base64", at: offset) }
    }

    // MARK: Errors

    private var elementSort: String {
        switch builder.dataType {
        case .bool: "true or false"
        case .bytes: "a string"
        default: "a number"
        }
    }

    private func place(_ offset: Int) -> ElementPlace {
        let index = builder.count - outerStart
        let depth = elementDepth ?? 0
        var place = ElementPlace(input: input, row: row, column: column, byte: offset)
        if let files {
            if row == nil, depth > 0 { place.row = files.count + 1 }
            return place
        }
        if column != nil {
            if row == nil { place.row = index + 1 }
            return place
        }
        if row == nil, depth > 1 { place.row = outerIndex + 1 }
        if depth == 0 { return place }
        let isFlatRow = depth == (row == nil ? 2 : 1) || (depth == 1 && !columns.isEmpty)
        if isFlatRow {
            place.column = index < columns.count ? columns[index] : String(index + 1)
        } else {
            place.element = index + 1
        }
        return place
    }

    private func wrongSort(_ kind: JSONScanner.Kind, _ offset: Int) -> SluiceError {
        ElementFault(.wrongSort, text: kind.text, dataType: builder.dataType).error(at: place(offset))
    }

    private func problem(_ text: String, at offset: Int) -> SluiceError {
        let place = place(offset)
        return SluiceError(.invalidInput, "\(place): \(text)", detail: place.detail)
    }

    /// An error about nesting, where rows are as near as the place can be told.
    private func problem(_ text: String, _ scanner: JSONScanner) -> SluiceError {
        let place = ElementPlace(input: input, row: row ?? outerIndex + 1, byte: scanner.offset)
        return SluiceError(.invalidInput, "\(place): \(text)", detail: place.detail)
    }

    private func ragged(depth: Int, count: Int, offset: Int) -> SluiceError {
        let place = ElementPlace(input: input, row: row ?? outerIndex + 1, byte: offset)
        let subject = depth == 1 && row == nil ? "it has" : "an inner array has"
        let others = depth == 1 && row == nil ? "the rows" : "those"
        return SluiceError(
            .invalidInput,
            "\(place): \(subject) \(count) elements, but \(others) before it have \(dimensions[depth])",
            detail: place.detail)
    }
}
