internal import Tensors

/// An input that came as files, pictures, sound or film, inside a document: something else makes a tensor of them.
package struct FileInput: Sendable {
    /// One file.
    package struct File: Sendable {
        package var bytes: RequestBody
        /// What the client says that it is, in lower case, e.g. `image/png`; `nil` where it doesn't say.
        package var mediaType: String?
        /// Where it is to be fetched from; there are no bytes yet.
        package var url: String?

        package init(bytes: RequestBody, mediaType: String?, url: String? = nil) {
            self.bytes = bytes
            self.mediaType = mediaType
            self.url = url
        }
    }

    /// More files of one input are refused.
    package static let maximumFiles = 64

    /// The input's name.
    package var name: String
    /// In the order of the rows.
    package var files: [File]
}

/// Collects the files of one input as they are read from text.
final class FileCollector {
    private let builder = TensorBuilder(.bytes)
    private var types: [String?] = []
    private var urls: [Int: String] = [:]

    var count: Int { types.count }

    /// Appends the file of a data URL (RFC 2397), which must be in base64.
    ///
    /// - Returns: what is wrong with it; `nil` where nothing is.
    func append(dataURL text: UnsafeRawBufferPointer) -> String? {
        let scheme: StaticString = "data:"
        let start = scheme.utf8CodeUnitCount
        let hasScheme = scheme.withUTF8Buffer { $0.elementsEqual(text.prefix(start)) }
        // A media type and its parameters are short; base64 has no comma.
        guard hasScheme, let comma = text.prefix(start + 256).firstIndex(of: UInt8(ascii: ",")) else {
            return "a file is written \"data:image/png;base64,…\" or {\"base64\": \"…\"}"
        }
        let head = String(decoding: text[start..<comma], as: UTF8.self).lowercased()
        guard head.hasSuffix(";base64") else { return "the data URL isn't in base64" }
        let type = head.prefix { $0 != ";" }
        let isAppended = append(
            base64: UnsafeRawBufferPointer(rebasing: text[(comma + 1)...]), mediaType: type.isEmpty ? nil : String(type)
        )
        return isAppended ? nil : "the data URL holds no base64"
    }

    /// Appends a file; false where the text is no base64.
    func append(base64 text: UnsafeRawBufferPointer, mediaType: String?) -> Bool {
        guard builder.appendBytes(upTo: Base64.decodedLimit(text.count), { Base64.decode(text, into: $0) }) else {
            return false
        }
        builder.endBytesElement()
        types.append(mediaType)
        return true
    }

    /// Appends a file that is elsewhere.
    func append(url: String, mediaType: String?) {
        urls[types.count] = url
        builder.appendBytesElement(UnsafeRawBufferPointer(start: nil, count: 0))
        types.append(mediaType)
    }

    /// All of them, as the input of that name.
    ///
    /// - Throws: `invalid_input` where there are none or too many.
    func finish(input: String) throws(SluiceError) -> FileInput {
        guard (1...FileInput.maximumFiles).contains(count) else {
            throw SluiceError(
                .invalidInput,
                "input \"\(input)\" has \(count) files; there may be 1 to \(FileInput.maximumFiles)",
                detail: [.init("input", input)])
        }
        let types = types
        let data = try builder.finish(name: input, shape: [types.count])
        let files = types.enumerated().map { index, type in
            FileInput.File(
                bytes: RequestBody(data.storage, range: data.elementRange(index)), mediaType: type, url: urls[index])
        }
        return FileInput(name: input, files: files)
    }
}

extension Tensor {
    /// Where an element of BYTES lies in the storage.
    func elementRange(_ index: Int) -> Range<Int> {
        withElement(index) { bytes in
            guard let start = bytes.baseAddress, bytes.count > 0 else { return 0..<0 }
            let offset = start - UnsafeRawPointer(storage.base)
            return offset..<(offset + bytes.count)
        }
    }
}

extension ModelSignature {
    /// What is left to be checked where some inputs come as files.
    func leavingOut(_ files: [FileInput]) -> ModelSignature {
        guard !files.isEmpty else { return self }
        var rest = self
        rest.inputs.removeAll { spec in files.contains { $0.name == spec.name } }
        return rest
    }
}
