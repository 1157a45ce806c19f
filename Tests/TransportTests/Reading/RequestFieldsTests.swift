import NIOHTTP1
import Tensors
import Testing

@testable import Transport

@Suite struct RequestFieldsTests {
    @Test func knownFieldsAreFoundWhateverTheirCase() throws {
        let fields = try RequestFields(
            HTTPHeaders([
                ("HOST", "a"), ("content-TYPE", "text/csv"), ("Accept", "text/csv"), ("accept", "*/*;q=0.1"),
                ("Authorization", "Bearer k"), ("Content-Length", "12"), ("Inference-Header-Content-Length", "7"),
                ("X-Request-ID", "abc"), ("Sluice-Shape", "1,2"), ("sluice-input", "x"), ("Sluice-Datatype", "FP32"),
                ("Expect", "100-Continue"), ("traceparent", "00-a"), ("Content-Encoding", "gzip"), ("Other", "1"),
            ]), known: KnownFields(key: Array("authorization".utf8)))
        #expect(fields.hostCount == 1)
        #expect(fields.contentType == "text/csv")
        #expect(fields.accept == "text/csv, */*;q=0.1")
        #expect(fields.key == "Bearer k")
        #expect(fields.contentLength == 12)
        #expect(fields.inferenceHeaderLength == 7)
        #expect(fields.requestID == "abc")
        #expect(fields.shape == "1,2")
        #expect(fields.input == "x")
        #expect(fields.datatype == "FP32")
        #expect(fields.expectsContinue)
        #expect(fields.traceparent == "00-a")
        #expect(fields.contentEncoding == "gzip")
    }

    @Test func keyCanComeInAnotherField() throws {
        let fields = try RequestFields(
            HTTPHeaders([("X-Api-Key", "k"), ("Authorization", "Basic zzz")]),
            known: KnownFields(key: Array("x-api-key".utf8)))
        #expect(fields.key == "k")
    }

    @Test(arguments: [
        [("Content-Type", "a/b"), ("content-type", "c/d")],
        [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
        [("Inference-Header-Content-Length", "1"), ("Inference-Header-Content-Length", "1")],
        [("Inference-Header-Content-Length", "-1")],
        [("Inference-Header-Content-Length", "+1")],
        [("Inference-Header-Content-Length", "1x")],
        [("Sluice-Shape", "1"), ("Sluice-Shape", "2")],
        [("Expect", "magic")],
        [("Authorization", "\0cn:somebody")],
        [("Authorization", "Bearer a\0")],
    ])
    func ambiguousFieldIsRefused(headers: [(String, String)]) {
        #expect(throws: SluiceError.self) {
            _ = try RequestFields(HTTPHeaders(headers), known: KnownFields(key: Array("authorization".utf8)))
        }
    }
}

@Suite struct RequestIDTests {
    @Test func idsAreUniqueAndShort() {
        let ids = (0..<10_000).map { _ in RequestID.make() }
        #expect(Set(ids).count == ids.count)
        #expect(
            ids.allSatisfy { $0.utf8.count == 15 && $0.allSatisfy { $0.isASCII && ($0.isNumber || $0.isLowercase) } })
    }

    @Test func clientsIDsAreVisibleASCII() {
        #expect(RequestID.isAcceptable("abc-1"))
        #expect(!RequestID.isAcceptable(""))
        #expect(!RequestID.isAcceptable("a b"))
        #expect(!RequestID.isAcceptable("a\nb"))
        #expect(!RequestID.isAcceptable("ä"))
        #expect(!RequestID.isAcceptable(String(repeating: "a", count: 129)))
    }
}

@Suite struct HTTPDateTests {
    @Test(arguments: [
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_795_510_923, "Tue, 24 Nov 2026 09:02:03 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
    ])
    func dateIsWrittenAsRFC9110Asks(seconds: Int, text: String) {
        #expect(HTTPDate.format(seconds) == text)
    }
}
