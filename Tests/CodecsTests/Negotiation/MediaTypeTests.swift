import Codecs
import Tensors
import Testing

@Suite struct MediaTypeTests {
    static let good: [(String, MediaType)] = [
        ("text/csv", MediaType(type: "text", subtype: "csv")),
        (" Text/CSV \t", MediaType(type: "text", subtype: "csv")),
        ("text/csv;", MediaType(type: "text", subtype: "csv")),
        (
            "text/csv ; Header=Present ;;charset=\"u\\tf\\\"-8, ;\"",
            MediaType(
                type: "text", subtype: "csv",
                parameters: [.init("header", "Present"), .init("charset", "utf\"-8, ;")])
        ),
        ("application/vnd.api+json", MediaType(type: "application", subtype: "vnd.api+json")),
    ]

    @Test(arguments: good)
    func readsTypeAndParameters(_ text: String, _ mediaType: MediaType) throws {
        #expect(try MediaType(contentType: text) == mediaType)
    }

    static let bad: [(String, String)] = [
        (" ", "the Content-Type header \" \" can't be read: it ends too early"),
        ("text", "the Content-Type header \"text\" can't be read: it ends too early"),
        ("text/", "the Content-Type header \"text/\" can't be read: it ends too early"),
        ("text /csv", "the Content-Type header \"text /csv\" can't be read: unexpected 0x20 at byte 5"),
        ("text/csv header", "the Content-Type header \"text/csv header\" can't be read: unexpected 'h' at byte 10"),
        (
            "text/csv, text/csv",
            "the Content-Type header \"text/csv, text/csv\" can't be read: unexpected ',' at byte 9"
        ),
        ("text/csv;a", "the Content-Type header \"text/csv;a\" can't be read: it ends too early"),
        ("text/csv;a =b", "the Content-Type header \"text/csv;a =b\" can't be read: unexpected 0x20 at byte 11"),
        ("text/csv;a=\"b", "the Content-Type header \"text/csv;a=\"b\" can't be read: it ends too early"),
        ("text/csv;a=\"b\\", "the Content-Type header \"text/csv;a=\"b\\\" can't be read: it ends too early"),
        ("text/csv;a=1;A=2", "Content-Type names its parameter \"a\" twice"),
        ("tëxt/csv", "the Content-Type header \"tëxt/csv\" can't be read: unexpected 0xC3 at byte 2"),
    ]

    @Test(arguments: bad)
    func refusesWhatRFC9110DoesNotAllow(_ text: String, _ message: String) {
        let error = #expect(throws: SluiceError.self) { try MediaType(contentType: text) }
        #expect(error?.description == "malformed_request: \(message)")
    }

    @Test func refusesHeadersThatAreTooLong() {
        let error = #expect(throws: SluiceError.self) {
            try MediaType(contentType: "text/csv;a=" + String(repeating: "x", count: 4096))
        }
        #expect(error?.message == "the Content-Type header has 4107 bytes; at most 4096 are read")
    }
}
