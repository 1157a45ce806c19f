internal import CZlib
internal import Tensors

/// Undoes the compression of a zip file's entries.
struct ZipExpansion {
    /// The zip file.
    let body: RequestBody

    /// What an entry holds: the received bytes where it is stored, else new memory of just its size.
    ///
    /// - Throws: `malformed_body` where its bytes aren't what the directory says of them; `overloaded`.
    func contents(of entry: ZipDirectory.Entry) throws(SluiceError) -> RequestBody {
        defer { withExtendedLifetime(body.storage) {} }
        let contents: RequestBody
        switch entry.method {
        case .stored:
            let start = body.range.lowerBound + entry.range.lowerBound
            contents = RequestBody(body.storage, range: start..<(start + entry.range.count))
        case .deflated:
            guard let storage = TensorStorage.allocateIfPossible(byteCount: entry.size) else {
                throw SluiceError(.overloaded, "there is no memory to decompress the request")
            }
            try inflate(UnsafeRawBufferPointer(rebasing: body.bytes[entry.range]), of: entry, into: storage)
            contents = RequestBody(storage)
        }
        guard Self.checksum(contents.bytes) == entry.checksum else {
            throw ZipDirectory.malformed("the checksum of \(Quote.text(entry.name)) is wrong")
        }
        return contents
    }

    /// zlib counts with 32 bits, so large entries go piece by piece.
    private func inflate(
        _ compressed: UnsafeRawBufferPointer, of entry: ZipDirectory.Entry, into storage: TensorStorage
    ) throws(SluiceError) {
        var stream = z_stream()
        // Bare deflate, as zip has it.
        guard
            inflateInit2_(&stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw SluiceError(.overloaded, "there is no memory to decompress the request") }
        defer { inflateEnd(&stream) }
        let largest = 1 << 30
        var (read, written) = (0, 0)
        var outcome = Z_OK
        while outcome == Z_OK {
            let input = UnsafeRawBufferPointer(rebasing: compressed[read...].prefix(largest))
            let room = min(storage.byteCount - written, largest)
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(input.count)
            stream.next_out = (storage.base + written).assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(room)
            outcome = CZlib.inflate(&stream, Z_NO_FLUSH)
            read += input.count - Int(stream.avail_in)
            written += room - Int(stream.avail_out)
            // Nothing moves any more: the bytes end too early, or become more than they may.
            if outcome == Z_OK, stream.avail_in == input.count, stream.avail_out == room { break }
        }
        guard outcome == Z_STREAM_END, read == compressed.count, written == entry.size else {
            throw ZipDirectory.malformed(
                "\(Quote.text(entry.name)) doesn't become the \(entry.size) bytes that it says")
        }
    }

    /// CRC-32, as zip has it.
    static func checksum(_ bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
        guard let start = bytes.baseAddress else { return previous }
        return UInt32(
            truncatingIfNeeded: crc32_z(
                uLong(previous), start.assumingMemoryBound(to: UInt8.self), bytes.count))
    }
}
