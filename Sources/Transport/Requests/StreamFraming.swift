internal import NIOCore
internal import Tensors

/// How a streamed body ends, which depends on its media type: the status has gone out long ago, so that a failure can only
/// be the stream's last word.
struct StreamFraming: Equatable {
    private let isEventStream: Bool
    private let isOpenAI: Bool

    /// - Parameter path: where the request was for.
    init(mediaType: String, path: String = "") {
        isOpenAI = OpenAIErrorDocument.isFor(path)
        isEventStream = mediaType.hasPrefix("text/event-stream")
    }

    /// The last bytes of the body.
    func end(_ failure: SluiceError?, requestID: String) -> ByteBuffer {
        guard let failure else { return ByteBuffer() }
        var last = ByteBuffer()
        let document =
            isOpenAI ? OpenAIErrorDocument(failure).encoded() : ErrorDocument(failure, requestID: requestID).encoded()
        if isEventStream {
            last.writeStaticString("event: error\ndata: ")
            last.writeBytes(document)
            last.writeStaticString("\n\n")
        } else {
            last.writeBytes(document)
            last.writeStaticString("\n")
        }
        return last
    }
}
