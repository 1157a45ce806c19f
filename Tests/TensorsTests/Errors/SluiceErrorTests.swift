import Foundation
import Tensors
import Testing

@Suite struct SluiceErrorTests {
    /// Every code with the text and the HTTP status that clients may rely on.
    static let table: [(code: SluiceError.Code, text: String, status: Int)] = [
        (.malformedRequest, "malformed_request", 400),
        (.malformedBody, "malformed_body", 400),
        (.invalidInput, "invalid_input", 400),
        (.invalidParameter, "invalid_parameter", 400),
        (.unauthenticated, "unauthenticated", 401),
        (.forbidden, "forbidden", 403),
        (.notFound, "not_found", 404),
        (.modelNotFound, "model_not_found", 404),
        (.methodNotAllowed, "method_not_allowed", 405),
        (.notAcceptable, "not_acceptable", 406),
        (.requestTimeout, "request_timeout", 408),
        (.lengthRequired, "length_required", 411),
        (.payloadTooLarge, "payload_too_large", 413),
        (.uriTooLong, "uri_too_long", 414),
        (.unsupportedMediaType, "unsupported_media_type", 415),
        (.expectationFailed, "expectation_failed", 417),
        (.banned, "banned", 429),
        (.quotaExceeded, "quota_exceeded", 429),
        (.changeRefused, "change_refused", 409),
        (.headersTooLarge, "headers_too_large", 431),
        (.cancelled, "cancelled", 499),
        (.modelRejectedInput, "model_rejected_input", 400),
        (.modelFailed, "model_failed", 500),
        (.modelUnimplemented, "model_unimplemented", 501),
        (.modelUnavailable, "model_unavailable", 503),
        (.modelBrokeContract, "model_broke_contract", 502),
        (.pluginCrashed, "plugin_crashed", 503),
        (.quotaUnavailable, "quota_unavailable", 503),
        (.issuerUnavailable, "issuer_unavailable", 503),
        (.overloaded, "overloaded", 503),
        (.tooManyRequests, "too_many_requests", 429),
        (.shuttingDown, "shutting_down", 503),
        (.deadlineExceeded, "deadline_exceeded", 504),
        (.internalError, "internal_error", 500),
    ]

    @Test func tableNamesEveryCodeOnce() {
        #expect(Self.table.map(\.code) == SluiceError.Code.all)
        #expect(Set(Self.table.map(\.text)).count == Self.table.count)
    }

    @Test(arguments: table) func codesKeepTheirTextAndStatus(
        row: (code: SluiceError.Code, text: String, status: Int)
    ) {
        #expect(row.code.text == row.text)
        #expect(row.code.httpStatus == row.status)
    }

    @Test func everyCodeIsInTheDocumentationWithItsStatus() throws {
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
        let page = try String(contentsOf: root.appendingPathComponent("docs/operations.md"), encoding: .utf8)
        for code in SluiceError.Code.all {
            #expect(page.contains("| `\(code.text)` | \(code.httpStatus) |"), "\(code.text) is not in operations.md")
        }
    }

    @Test func describesItselfByCodeAndMessage() {
        #expect("\(SluiceError(.invalidInput, "no"))" == "invalid_input: no")
    }

    @Test(
        arguments: [
            (0, .ok, .modelFailed),
            (1, .cancelled, .cancelled),
            (2, .unknown, .modelFailed),
            (3, .invalidArgument, .modelRejectedInput),
            (4, .deadlineExceeded, .deadlineExceeded),
            (5, .notFound, .modelRejectedInput),
            (8, .resourceExhausted, .modelUnavailable),
            (9, .failedPrecondition, .modelRejectedInput),
            (11, .outOfRange, .modelRejectedInput),
            (12, .unimplemented, .modelUnimplemented),
            (13, .internal, .modelFailed),
            (14, .unavailable, .modelUnavailable),
            (15, .dataLoss, .modelFailed),
            (7, .unknown, .modelFailed),
            (-1, .unknown, .modelFailed),
            (.max, .unknown, .modelFailed),
        ] as [(Int32, Status, SluiceError.Code)]) func readsPluginStatuses(
            number: Int32, status: Status, code: SluiceError.Code
        )
    {
        #expect(Status(pluginStatus: number) == status)
        #expect(status.errorCode == code)
    }
}
