internal import NIOCore

/// Finds a client's frames in what comes in (RFC 9113, sections 3.4, 4 and 6).
///
/// A plain state machine: bytes go in as they come, frames come out. It checks what can be checked without knowing which
/// streams there are: sizes, stream numbers, padding, the order of header blocks. Frames are read where they lie; DATA is
/// handed on as it comes in, all else waits until it is all there, which is never much.
struct HTTP2FrameReader {
    struct Limits {
        /// Largest payload of a frame (SETTINGS_MAX_FRAME_SIZE).
        var frame: Int
        /// Bytes of a header block, before it is decompressed.
        var headerBlock: Int
        /// CONTINUATION frames of one block.
        var continuations: Int
        /// Settings in one frame.
        var settings = 64
    }

    struct Header: Equatable {
        var length: Int
        var type: UInt8
        var flags: UInt8
        var stream: HTTP2StreamID

        static let size = 9

        func has(_ flag: UInt8) -> Bool { flags & flag != 0 }
    }

    private enum Phase {
        case preface
        case header
        /// The frame begins once its whole payload is there.
        case payload(Header)
        /// The length of a DATA frame's padding.
        case padLength(Header)
        case data(Piecemeal)
        /// Bytes of a payload that nobody looks at.
        case skip(Int, then: HTTP2Frame)
    }

    /// A DATA frame that has come in part.
    private struct Piecemeal {
        var header: Header
        var dataLeft: Int
        var padding: Int
        /// Whether a piece of it was handed on.
        var hasBegun = false
        /// Bytes of padding (with their length) that count once the next piece does.
        var uncredited: Int
    }

    /// A header block whose end hasn't come yet.
    private struct OpenBlock {
        var stream: HTTP2StreamID
        var endsStream: Bool
        var bytes: ByteBuffer
        var continuations = 0
    }

    private let limits: Limits
    private var unread = ByteBuffer()
    private var phase = Phase.preface
    private var openBlock: OpenBlock?
    private var sawSettings = false

    init(limits: Limits) {
        self.limits = limits
    }

    mutating func append(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 {
            unread = bytes
        } else {
            unread.writeImmutableBuffer(bytes)
        }
    }

    /// The next frame; `nil` where more bytes are needed.
    ///
    /// - Throws: an error of the connection; nothing can be read after it.
    mutating func next() throws(HTTP2Fault) -> HTTP2Frame? {
        while true {
            switch phase {
            case .preface:
                guard try readPreface() else { return nil }
            case .header:
                guard let header = readHeader() else { return nil }
                try begin(header)
            case .payload(let header):
                guard unread.readableBytes >= header.length else { return nil }
                phase = .header
                if let frame = try readPayload(of: header) { return frame }
            case .padLength(let header):
                guard let padding = unread.readInteger(as: UInt8.self) else { return nil }
                try beginData(header, padding: Int(padding))
            case .data(let piecemeal):
                return readData(piecemeal)
            case .skip(let left, let frame):
                let skipped = min(left, unread.readableBytes)
                unread.moveReaderIndex(forwardBy: skipped)
                dropEmptyBuffer()
                guard skipped == left else {
                    phase = .skip(left - skipped, then: frame)
                    return nil
                }
                phase = .header
                return frame
            }
        }
    }

    // MARK: Beginnings

    private mutating func readPreface() throws(HTTP2Fault) -> Bool {
        let preface = FirstBytes.http2Preface
        guard unread.readableBytesView.prefix(preface.count).elementsEqual(preface.prefix(unread.readableBytes)) else {
            throw .connection(.protocolError, "a client's first bytes are the connection preface")
        }
        guard unread.readableBytes >= preface.count else { return false }
        unread.moveReaderIndex(forwardBy: preface.count)
        phase = .header
        return true
    }

    private mutating func readHeader() -> Header? {
        guard let (first, flags, stream) = unread.readMultipleIntegers(as: (UInt32, UInt8, UInt32).self) else {
            dropEmptyBuffer()
            return nil
        }
        return Header(
            length: Int(first >> 8), type: UInt8(truncatingIfNeeded: first), flags: flags,
            stream: HTTP2StreamID(stream & 0x7FFF_FFFF))
    }

    /// An idle connection holds no buffer.
    private mutating func dropEmptyBuffer() {
        if unread.readableBytes == 0 { unread = ByteBuffer() }
    }

    private mutating func begin(_ header: Header) throws(HTTP2Fault) {
        guard header.length <= limits.frame else {
            throw .connection(.frameSizeError, "a frame has \(header.length) bytes; \(limits.frame) are taken")
        }
        if !sawSettings {
            guard header.type == HTTP2FrameType.settings, !header.has(HTTP2FrameFlags.acknowledged) else {
                throw .connection(.protocolError, "a client's first frame is SETTINGS")
            }
            sawSettings = true
        }
        if let openBlock {
            guard header.type == HTTP2FrameType.continuation, header.stream == openBlock.stream else {
                throw .connection(.protocolError, "nothing but CONTINUATION may follow a header block's beginning")
            }
        }
        switch header.type {
        case HTTP2FrameType.data:
            guard header.stream > 0 else { throw .connection(.protocolError, "DATA belongs on a stream") }
            if header.has(HTTP2FrameFlags.padded) {
                guard header.length > 0 else { throw .connection(.frameSizeError, "DATA without its padding's length") }
                phase = .padLength(header)
            } else {
                try beginData(header, padding: nil)
            }
        case HTTP2FrameType.goAway:
            guard header.stream == 0 else { throw .connection(.protocolError, "GOAWAY belongs to no stream") }
            guard header.length >= 8 else { throw .connection(.frameSizeError, "GOAWAY has 8 bytes or more") }
            phase = .skip(header.length, then: .goAway)
        case HTTP2FrameType.headers, HTTP2FrameType.priority, HTTP2FrameType.reset, HTTP2FrameType.settings,
            HTTP2FrameType.ping, HTTP2FrameType.windowUpdate, HTTP2FrameType.continuation:
            try checkSize(of: header)
            phase = .payload(header)
        case HTTP2FrameType.pushPromise:
            throw .connection(.protocolError, "clients don't push")
        default:
            phase = .skip(header.length, then: .unknown)
        }
    }

    /// What waits for its whole payload is small.
    private func checkSize(of header: Header) throws(HTTP2Fault) {
        let onStream = header.stream > 0
        switch header.type {
        case HTTP2FrameType.headers:
            guard onStream else { throw .connection(.protocolError, "HEADERS belongs on a stream") }
            try checkBlock(header.length)
        case HTTP2FrameType.continuation:
            guard let openBlock else { throw .connection(.protocolError, "CONTINUATION without HEADERS before it") }
            guard openBlock.continuations < limits.continuations else {
                throw .connection(.enhanceYourCalm, "a header block has too many CONTINUATION frames")
            }
            try checkBlock(openBlock.bytes.readableBytes + header.length)
        case HTTP2FrameType.priority:
            guard onStream else { throw .connection(.protocolError, "PRIORITY belongs on a stream") }
            // An error of the stream, which may be idle and can't be reset then: either side may end the connection.
            guard header.length == 5 else { throw .connection(.frameSizeError, "PRIORITY has 5 bytes") }
        case HTTP2FrameType.reset:
            guard onStream else { throw .connection(.protocolError, "RST_STREAM belongs on a stream") }
            guard header.length == 4 else { throw .connection(.frameSizeError, "RST_STREAM has 4 bytes") }
        case HTTP2FrameType.settings:
            guard !onStream else { throw .connection(.protocolError, "SETTINGS belongs to no stream") }
            let isAcknowledgement = header.has(HTTP2FrameFlags.acknowledged)
            guard header.length % 6 == 0, !isAcknowledgement || header.length == 0 else {
                throw .connection(.frameSizeError, "SETTINGS has 6 bytes for each setting, and none to acknowledge")
            }
            guard header.length <= 6 * limits.settings else {
                throw .connection(.enhanceYourCalm, "a SETTINGS frame has too many settings")
            }
        case HTTP2FrameType.ping:
            guard !onStream else { throw .connection(.protocolError, "PING belongs to no stream") }
            guard header.length == 8 else { throw .connection(.frameSizeError, "PING has 8 bytes") }
        default:
            guard header.length == 4 else { throw .connection(.frameSizeError, "WINDOW_UPDATE has 4 bytes") }
        }
    }

    private func checkBlock(_ count: Int) throws(HTTP2Fault) {
        guard count <= limits.headerBlock else {
            throw .connection(.enhanceYourCalm, "a request's headers are larger than this listener takes")
        }
    }

    // MARK: Payloads

    private mutating func readPayload(of header: Header) throws(HTTP2Fault) -> HTTP2Frame? {
        switch header.type {
        case HTTP2FrameType.headers: return try readHeaders(header)
        case HTTP2FrameType.continuation: return readContinuation(header)
        case HTTP2FrameType.settings:
            if header.has(HTTP2FrameFlags.acknowledged) { return .settingsAcknowledged }
            var settings: [PeerSetting] = []
            for _ in 0..<(header.length / 6) {
                guard let (identifier, value) = unread.readMultipleIntegers(as: (UInt16, UInt32).self) else { break }
                settings.append(PeerSetting(identifier: identifier, value: value))
            }
            return .settings(settings)
        case HTTP2FrameType.ping:
            let mark = unread.readInteger(as: UInt64.self) ?? 0
            return header.has(HTTP2FrameFlags.acknowledged) ? .pingAcknowledged : .ping(mark)
        case HTTP2FrameType.reset:
            unread.moveReaderIndex(forwardBy: 4)
            return .reset(stream: header.stream)
        case HTTP2FrameType.windowUpdate:
            let increment = unread.readInteger(as: UInt32.self) ?? 0
            return .windowUpdate(stream: header.stream, increment: Int(increment & 0x7FFF_FFFF))
        default:
            unread.moveReaderIndex(forwardBy: header.length)
            return .priority
        }
    }

    private mutating func readHeaders(_ header: Header) throws(HTTP2Fault) -> HTTP2Frame? {
        var length = header.length
        var padding = 0
        if header.has(HTTP2FrameFlags.padded) {
            guard length >= 1 else { throw .connection(.frameSizeError, "HEADERS without its padding's length") }
            padding = Int(unread.readInteger(as: UInt8.self) ?? 0)
            length -= 1
        }
        if header.has(HTTP2FrameFlags.priority) {
            guard length >= 5 else {
                throw .connection(.frameSizeError, "HEADERS without the priority that it announces")
            }
            unread.moveReaderIndex(forwardBy: 5)
            length -= 5
        }
        guard padding <= length, let block = unread.readSlice(length: length - padding) else {
            throw .connection(.protocolError, "HEADERS with more padding than the frame has bytes")
        }
        unread.moveReaderIndex(forwardBy: padding)
        let endsStream = header.has(HTTP2FrameFlags.endStream)
        guard header.has(HTTP2FrameFlags.endHeaders) else {
            openBlock = OpenBlock(stream: header.stream, endsStream: endsStream, bytes: block)
            return nil
        }
        return .headers(stream: header.stream, block: block, endsStream: endsStream)
    }

    private mutating func readContinuation(_ header: Header) -> HTTP2Frame? {
        guard var block = openBlock.take(), let more = unread.readSlice(length: header.length) else { return nil }
        block.bytes.writeImmutableBuffer(more)
        block.continuations += 1
        guard header.has(HTTP2FrameFlags.endHeaders) else {
            openBlock = block
            return nil
        }
        return .headers(stream: block.stream, block: block.bytes, endsStream: block.endsStream)
    }

    // MARK: DATA

    /// - Parameter padding: bytes behind the data; `nil` where the frame doesn't say.
    private mutating func beginData(_ header: Header, padding: Int?) throws(HTTP2Fault) {
        let overhead = padding.map { $0 + 1 } ?? 0
        guard overhead <= header.length else {
            throw .connection(.protocolError, "DATA with more padding than the frame has bytes")
        }
        phase = .data(
            Piecemeal(
                header: header, dataLeft: header.length - overhead, padding: padding ?? 0, uncredited: overhead))
    }

    private mutating func readData(_ frame: Piecemeal) -> HTTP2Frame? {
        var frame = frame
        let count = min(frame.dataLeft, unread.readableBytes)
        let bytes = unread.readSlice(length: count) ?? ByteBuffer()
        frame.dataLeft -= count
        let isDataComplete = frame.dataLeft == 0
        // The end of the stream must not overtake the padding: what follows is another frame only behind that.
        let isComplete = isDataComplete && unread.readableBytes >= frame.padding
        if isComplete { unread.moveReaderIndex(forwardBy: frame.padding) }
        dropEmptyBuffer()
        if count == 0 && !isComplete {
            phase = .data(frame)
            return nil
        }
        let piece = HTTP2Frame.Data(
            stream: frame.header.stream, bytes: bytes, frameLength: frame.hasBegun ? nil : frame.header.length,
            creditable: count + frame.uncredited,
            endsStream: isComplete && frame.header.has(HTTP2FrameFlags.endStream))
        frame.hasBegun = true
        frame.uncredited = 0
        phase = isComplete ? .header : .data(frame)
        return .data(piece)
    }
}
