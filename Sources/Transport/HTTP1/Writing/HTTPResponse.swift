internal import Codecs
internal import NIOCore
internal import Tensors

/// A whole response, as the connection writes it.
struct HTTPResponse {
    var status: Int
    var mediaType: String?
    /// Further header fields.
    var fields: [(name: String, value: String)] = []
    var body: [EncodedBody.Segment]
    /// Where the JSON of an Open Inference body ends and its binary tensors begin.
    var inferenceHeaderLength: Int?
    /// The stable code of the error that it carries, for logs and metrics.
    var errorCode: String?

    init(status: Int = 200, mediaType: String?, body: [EncodedBody.Segment]) {
        self.status = status
        self.mediaType = mediaType
        self.body = body
    }

    /// A JSON document.
    init(status: Int = 200, json: [UInt8]) {
        self.init(status: status, mediaType: "application/json", body: [.bytes(json)])
    }

    /// Bytes of the body.
    var bodyByteCount: Int { body.reduce(0) { $0 + $1.byteCount } }

    /// An error's status, document and header fields.
    init(failure: SluiceError, requestID: String) {
        self.init(
            status: failure.code.httpStatus, json: ErrorDocument(failure, requestID: requestID).encoded())
        errorCode = failure.code.text
        if let wait = failure.retryAfterNanoseconds {
            // Whole seconds, rounded up: a client that waits so long finds the door open.
            fields.append(("retry-after", String(max(1, (wait + 999_999_999) / 1_000_000_000))))
        }
    }
}

extension ByteBuffer {
    /// The encoded answer in one piece.
    init(_ body: EncodedBody) {
        self = ByteBufferAllocator().buffer(capacity: body.count)
        write(body)
    }

    /// Appends an encoded answer.
    mutating func write(_ body: EncodedBody) {
        for segment in body.segments {
            switch segment {
            case .bytes(let bytes): writeBytes(bytes)
            case .tensor(let tensor):
                unsafe tensor.withBytes { bytes in _ = unsafe writeBytes(bytes) }
            }
        }
    }
}
