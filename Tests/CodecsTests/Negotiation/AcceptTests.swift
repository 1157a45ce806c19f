import Codecs
import Tensors
import Testing

@Suite struct AcceptTests {
    static let chosen: [(String?, AnswerFormat)] = [
        (nil, .json),
        ("", .json),
        (" , ,", .json),
        ("*/*", .json),
        ("application/*", .json),
        ("application/json", .json),
        ("Application/JSON;charset=utf-8", .json),
        ("text/csv", .csv),
        ("text/csv; header=present", .csv),
        ("text/*", .csv),
        ("text/xml", .xml),
        ("application/xml", .xml),
        ("application/x-npy", .npy),
        ("application/zip", .npz),
        ("application/safetensors", .safetensors),
        ("application/protobuf", .protobuf),
        ("application/vnd.apache.arrow.stream", .arrow),
        ("application/vnd.numpy", .npy),
        ("application/x-ndjson", .ndjson),
        ("application/ndjson", .ndjson),
        ("text/event-stream", .eventStream),
        ("text/csv, application/json", .csv),
        ("application/json, text/csv", .json),
        ("application/json;q=0.5, text/csv;q=0.501", .csv),
        ("application/json;q=0.5,text/csv;q=0.5", .json),
        ("*/*;q=0.1, text/csv;q=0.1", .csv),
        ("application/json;q=0, */*", .csv),
        ("text/*;q=0.3, text/xml;q=0.9, text/csv;q=0", .xml),
        ("text/*, text/csv;q=0.1, application/json;q=0.5", .tsv),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", .xml),
        ("image/png, application/json;q=0.001", .json),
        ("text/csv;q=1.000", .csv),
        ("text/csv;q=\"0.5\", application/json;q=0.4", .csv),
    ]

    @Test(arguments: chosen)
    func choosesTheFormatThatTheClientLikesBest(_ accept: String?, _ format: AnswerFormat) throws {
        #expect(try CodecRegistry().negotiate(accept: accept) == format)
    }

    private static let offered =
        "application/json, text/csv, text/tab-separated-values, application/xml, application/x-npy, application/x-npz, "
        + "application/x-safetensors, "
        + "application/x-protobuf, application/vnd.apache.arrow.stream, application/x-ndjson, text/event-stream"

    static let refused: [(String, String)] = [
        (
            "image/png",
            "not_acceptable: Accept \"image/png\" takes none of the formats offered: \(offered); "
                + "no output of the model is declared to be a picture or a sound"
        ),
        ("*/*;q=0", "not_acceptable: Accept \"*/*;q=0\" takes none of the formats offered: \(offered)"),
        ("json", "malformed_request: the Accept header \"json\" can't be read: it ends too early"),
        ("*/json", "malformed_request: the Accept header has the range \"*/json\"; write */*"),
        (
            "text/csv text/xml",
            "malformed_request: the Accept header \"text/csv text/xml\" can't be read: unexpected 't' at byte 10"
        ),
        (
            "text/csv;q=1.1",
            "malformed_request: the Accept header has q=\"1.1\"; a weight is 0 to 1 with at most three decimals"
        ),
        (
            "text/csv;q=0.1234",
            "malformed_request: the Accept header has q=\"0.1234\"; a weight is 0 to 1 with at most three decimals"
        ),
        (
            "text/csv;q=.5",
            "malformed_request: the Accept header has q=\".5\"; a weight is 0 to 1 with at most three decimals"
        ),
        (
            "text/csv;q=-1",
            "malformed_request: the Accept header has q=\"-1\"; a weight is 0 to 1 with at most three decimals"
        ),
        (
            Array(repeating: "a/b", count: 65).joined(separator: ","),
            "malformed_request: the Accept header has more than 64 media ranges"
        ),
    ]

    @Test(arguments: refused)
    func saysWhatIsWrong(_ accept: String, _ error: String) {
        let thrown = #expect(throws: SluiceError.self) { try CodecRegistry().negotiate(accept: accept) }
        #expect(thrown?.description == error)
    }

    @Test func randomHeadersNeverCrash() {
        var random = SeededGenerator(seed: 8)
        let pieces = [
            "text", "/", "csv", "*", ";", "q", "=", "0.5", ",", " ", "\"", "\\", "é", "application", "json", "\0",
        ]
        for _ in 0..<10_000 {
            let header = (0..<Int.random(in: 0...12, using: &random))
                .compactMap { _ in pieces.randomElement(using: &random) }.joined()
            do throws(SluiceError) {
                _ = try CodecRegistry().negotiate(accept: header)
            } catch {
                #expect([400, 406].contains(error.code.httpStatus))
            }
        }
    }
}
