package import Tensors

/// The bytes of one answer: text that a codec wrote, and tensors that go out as they are.
package struct EncodedBody: Sendable {
    package enum Segment: Sendable {
        case bytes([UInt8])
        /// The raw bytes of a fixed-width tensor, little-endian, row-major.
        case tensor(Tensor)

        package var byteCount: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .tensor(let tensor): tensor.byteCount
            }
        }
    }

    package var mediaType: String
    package var segments: [Segment]

    package init(mediaType: String, segments: [Segment]) {
        self.mediaType = mediaType
        self.segments = segments
    }

    /// A line of JSON, which ends with a line break, as one server-sent event.
    package init(event line: EncodedBody) {
        self.init(
            mediaType: AnswerFormat.eventStream.mediaType,
            segments: [.bytes(Array("data: ".utf8))] + line.segments + [.bytes([UInt8(ascii: "\n")])])
    }

    /// Bytes of all segments together.
    package var count: Int { segments.reduce(0) { $0 + $1.byteCount } }
}
