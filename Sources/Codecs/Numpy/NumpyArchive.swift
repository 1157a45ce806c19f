package import Tensors

/// NumPy's `.npz` files: a zip file of npy files.
package enum NumpyArchive {
    private static let ending = ".npy"

    /// Whether the bytes begin as an npz file does: with an entry whose name ends as npy files' do.
    static func hasMagic(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= 30, bytes.starts(with: [0x50, 0x4B, 3, 4]) else { return false }
        let length = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 26, as: UInt16.self)))
        return bytes[30...].prefix(length).suffix(ending.utf8.count).elementsEqual(ending.utf8)
    }

    /// Reads the arrays of a file as the model's inputs, each by its name; arrays that `np.savez` was given without names
    /// (`arr_0`, `arr_1`, …) in order.
    ///
    /// - Parameter limit: bytes that all arrays together may become.
    /// - Throws: `malformed_body`, `invalid_input`, or `payload_too_large` where they would become more.
    package static func decode(
        _ body: RequestBody, limit: Int, signature: ModelSignature
    ) throws(SluiceError) -> [Tensor] {
        let bytes = body.bytes
        defer { withExtendedLifetime(body.storage) {} }
        let directory = try ZipDirectory(bytes)
        var names: [String] = []
        var total = 0
        for entry in directory.entries {
            guard entry.name.hasSuffix(ending) else {
                throw SluiceError(
                    .malformedBody, "the npz file has \(Quote.text(entry.name)), which is no npy file by its name")
            }
            names.append(String(entry.name.dropLast(ending.count)))
            total += entry.size
        }
        guard total <= limit else {
            throw SluiceError(
                .payloadTooLarge, "the npz file is larger than the \(limit) bytes taken here, once it is decompressed",
                detail: [.init("limit", limit)])
        }
        let isUnnamed = names.indices.allSatisfy { names.contains("arr_\($0)") }
        if isUnnamed, names.count == signature.inputs.count, signature.input(named: "arr_0") == nil {
            names = names.map { name in signature.inputs[Int(name.dropFirst(4)) ?? 0].name }
        }
        let arrays = try NamedArrays(names, signature: signature, format: "npz")
        let expansion = ZipExpansion(body: body)
        var tensors: [Tensor] = []
        for (spec, index) in arrays.matches {
            let entry = directory.entries[index]
            let contents = try expansion.contents(of: entry)
            do throws(SluiceError) {
                guard contents.count > 0 else { throw SluiceError(.malformedBody, "the npy file is empty") }
                tensors.append(try NumpyCodec.decode(contents, for: spec))
            } catch {
                throw error.code == .malformedBody ? error.about(Quote.text(entry.name)) : error
            }
        }
        return tensors
    }

    /// Writes outputs as `np.savez` would, each as `NAME.npy`.
    ///
    /// - Throws: `not_acceptable` where NumPy's strings can't hold an output, or the file would be larger than 4 GiB.
    package static func encode(_ tensors: [Tensor]) throws(SluiceError) -> EncodedBody {
        var writer = ZipWriter()
        var segments: [EncodedBody.Segment] = []
        for tensor in tensors {
            let file = try NumpyCodec.file(of: tensor)
            var checksum: UInt32 = 0
            for segment in file {
                switch segment {
                case .bytes(let bytes):
                    checksum = bytes.withUnsafeBytes { ZipExpansion.checksum($0, after: checksum) }
                case .tensor(let tensor):
                    checksum = tensor.withBytes { ZipExpansion.checksum($0, after: checksum) }
                }
            }
            let size = file.reduce(0) { $0 + $1.byteCount }
            guard let header = writer.header(name: tensor.name + ending, size: size, checksum: checksum) else {
                throw SluiceError(
                    .notAcceptable, "the outputs are too large for one npz file; ask for fewer with ?outputs=NAME")
            }
            segments.append(.bytes(header))
            segments += file
        }
        segments.append(.bytes(writer.end))
        return EncodedBody(mediaType: AnswerFormat.npz.mediaType, segments: segments)
    }
}
