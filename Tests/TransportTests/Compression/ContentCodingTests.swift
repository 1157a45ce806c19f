import Codecs
import NIOCore
import Tensors
import Testing

@testable import Transport

@Suite struct ContentCodingTests {
    @Test func bodiesSayHowTheyAreCompressed() throws {
        #expect(try ContentCoding.ofBody(nil) == nil)
        #expect(try ContentCoding.ofBody("identity") == nil)
        #expect(try ContentCoding.ofBody("GZIP") == .gzip)
        #expect(try ContentCoding.ofBody("x-gzip") == .gzip)
        #expect(try ContentCoding.ofBody("deflate") == .deflate)
        for field in ["br", "gzip, gzip", "", "gzip;q=1"] {
            #expect(throws: SluiceError.self) { try ContentCoding.ofBody(field) }
        }
    }

    @Test func onlyAClientThatNamesOneCodingMeansIt() {
        #expect(ContentCoding.wanted("gzip") == .gzip)
        #expect(ContentCoding.wanted("Deflate") == .deflate)
        for field in [nil, "*", "br", "gzip, deflate", "gzip, deflate, br", "identity", ""] as [String?] {
            #expect(ContentCoding.wanted(field) == nil)
        }
    }

    @Test(arguments: ContentCoding.allCases) func whatIsCompressedComesBack(_ coding: ContentCoding) throws {
        let tensor = try Tensor(
            name: "a", dataType: .int32, shape: [50_000], copying: (0..<50_000).map { Int32($0 % 77) })
        let segments: [EncodedBody.Segment] = [.bytes(Array("head".utf8)), .tensor(tensor), .bytes([])]
        let compressed = try #require(Deflater.compress(segments, coding))
        #expect(compressed.count < 50_000)
        let inflater = try Inflater(coding.rawValue)
        let whole = try inflater.inflate(ByteBuffer(bytes: compressed), limit: 1 << 20)
        try inflater.finish()
        #expect(Array(whole.readableBytesView) == Array("head".utf8) + tensor.withBytes { Array($0) })
    }

    @Test func smallAnswersAndErrorsStayAsTheyAre() throws {
        let small = HTTPResponse(json: [UInt8](repeating: 0x20, count: 100))
        #expect(small.compressed(.gzip)?.status == nil)
        var error = HTTPResponse(json: [UInt8](repeating: 0x20, count: 5000))
        error.errorCode = "x"
        #expect(error.compressed(.gzip)?.status == nil)
        let large = try #require(HTTPResponse(json: [UInt8](repeating: 0x20, count: 5000)).compressed(.gzip))
        #expect(large.bodyByteCount < 100)
        #expect(large.fields.map(\.name) == ["content-encoding", "vary"])
    }
}
