internal import Codecs
internal import Tensors

/// The body of every error: `{"error": "text", "code": "…", "detail": {…}, "request_id": "…"}`.
///
/// `error` is always a string: tritonclient raises TypeError on anything else.
struct ErrorDocument {
    private let error: SluiceError
    private let requestID: String

    init(_ error: SluiceError, requestID: String) {
        self.error = error
        self.requestID = requestID
    }

    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("error")
        json.string(error.message)
        json.key("code")
        json.string(error.code.text)
        json.key("detail")
        json.beginObject()
        for detail in error.detail {
            json.key(detail.key)
            switch detail.value {
            case .string(let text): json.string(text)
            case .integer(let number): json.number(number)
            case .strings(let list):
                json.strings(list)
            }
        }
        json.endObject()
        json.key("request_id")
        json.string(requestID)
        json.endObject()
        return json.bytes
    }
}
