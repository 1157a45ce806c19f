import CZlib
import NIOCore
import Tensors
import Testing

@testable import Transport

@Suite struct InflaterTests {
    /// `bytes` as zlib compresses them.
    static func compressed(_ bytes: [UInt8], _ encoding: String) -> [UInt8] {
        var stream = z_stream()
        let windowBits = encoding == "gzip" ? 16 + MAX_WBITS : MAX_WBITS
        precondition(
            deflateInit2_(
                &stream, 9, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK)
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count / 100 + bytes.count / 8 + 1000)
        let count = output.count
        input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(count)
                precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
            }
        }
        return Array(output[..<(count - Int(stream.avail_out))])
    }

    private static func inflated(_ pieces: [[UInt8]], _ encoding: String, limit: Int) throws -> [UInt8] {
        let inflater = try Inflater(encoding)
        var all: [UInt8] = []
        for piece in pieces {
            all += Array(try inflater.inflate(ByteBuffer(bytes: piece), limit: limit).readableBytesView)
        }
        try inflater.finish()
        return all
    }

    @Test(arguments: ["gzip", "deflate"]) func whatWasCompressedComesBackHoweverItIsCut(_ encoding: String) throws {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
        let compressed = Self.compressed(bytes, encoding)
        #expect(try Self.inflated([compressed], encoding, limit: bytes.count) == bytes)
        #expect(try Self.inflated(compressed.map { [$0] }, encoding, limit: bytes.count) == bytes)
    }

    @Test(arguments: ["gzip", "deflate"]) func moreThanTheLimitIsRefused(_ encoding: String) throws {
        let compressed = Self.compressed([UInt8](repeating: 7, count: 50_000_000), encoding)
        #expect(compressed.count < 60_000)
        let error = #expect(throws: SluiceError.self) { try Self.inflated([compressed], encoding, limit: 49_999_999) }
        #expect(error?.code == .payloadTooLarge)
        #expect(try Self.inflated([compressed], encoding, limit: 50_000_000).count == 50_000_000)
    }

    @Test(arguments: ["gzip", "deflate"]) func damagedBytesAreRefused(_ encoding: String) throws {
        let compressed = Self.compressed(Array("some text, some text".utf8), encoding)
        for index in compressed.indices {
            #expect(throws: SluiceError.self) { try Self.inflated([Array(compressed[..<index])], encoding, limit: 100) }
        }
        #expect(throws: SluiceError.self) { try Self.inflated([compressed + [0]], encoding, limit: 100) }
        #expect(throws: SluiceError.self) { try Self.inflated([compressed, compressed], encoding, limit: 100) }
        #expect(throws: SluiceError.self) { try Self.inflated([[1, 2, 3, 4, 5]], encoding, limit: 100) }
    }

    @Test func otherCompressionsAreNamedAsUnknown() {
        let error = #expect(throws: SluiceError.self) { try Inflater("br") }
        #expect(error?.code == .unsupportedMediaType)
    }
}
