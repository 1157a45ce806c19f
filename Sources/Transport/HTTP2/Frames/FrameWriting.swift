/// Frames as they go out (RFC 9113, sections 4.1 and 6).
extension [UInt8] {
    mutating func appendFrameHeader(length: Int, _ type: UInt8, _ flags: UInt8, stream: HTTP2StreamID) {
        let stream = UInt32(truncatingIfNeeded: stream)
        let length = UInt32(truncatingIfNeeded: length)
        appendBigEndian(UInt64(length << 8 | UInt32(type)) << 32 | UInt64(flags) << 24 | UInt64(stream >> 8))
        append(UInt8(truncatingIfNeeded: stream))
    }

    private mutating func appendBigEndian(_ value: UInt64) {
        // The bytes of a local copy, which nobody else sees.
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    mutating func appendBigEndian(_ value: UInt32) {
        append(UInt8(truncatingIfNeeded: value >> 24))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    mutating func appendSettings(_ settings: [PeerSetting]) {
        appendFrameHeader(length: 6 * settings.count, HTTP2FrameType.settings, 0, stream: 0)
        for setting in settings {
            append(UInt8(truncatingIfNeeded: setting.identifier >> 8))
            append(UInt8(truncatingIfNeeded: setting.identifier))
            appendBigEndian(setting.value)
        }
    }

    mutating func appendSettingsAcknowledgement() {
        appendFrameHeader(length: 0, HTTP2FrameType.settings, HTTP2FrameFlags.acknowledged, stream: 0)
    }

    mutating func appendPingAcknowledgement(_ mark: UInt64) {
        appendFrameHeader(length: 8, HTTP2FrameType.ping, HTTP2FrameFlags.acknowledged, stream: 0)
        appendBigEndian(UInt32(truncatingIfNeeded: mark >> 32))
        appendBigEndian(UInt32(truncatingIfNeeded: mark))
    }

    mutating func appendWindowUpdate(_ stream: HTTP2StreamID, by increment: Int) {
        appendFrameHeader(length: 4, HTTP2FrameType.windowUpdate, 0, stream: stream)
        appendBigEndian(UInt32(truncatingIfNeeded: increment))
    }

    mutating func appendReset(_ stream: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        appendFrameHeader(length: 4, HTTP2FrameType.reset, 0, stream: stream)
        appendBigEndian(code.rawValue)
    }

    mutating func appendGoAway(lastStream: HTTP2StreamID, _ code: HTTP2ErrorCode, reason: String = "") {
        appendFrameHeader(length: 8 + reason.utf8.count, HTTP2FrameType.goAway, 0, stream: 0)
        appendBigEndian(UInt32(truncatingIfNeeded: lastStream))
        appendBigEndian(code.rawValue)
        append(contentsOf: reason.utf8)
    }

    // MARK: Header blocks

    /// Makes room for the header of a frame whose length isn't known yet; where that begins.
    mutating func beginHeaderBlock() -> Int {
        let start = count
        appendFrameHeader(length: 0, HTTP2FrameType.headers, 0, stream: 0)
        return start
    }

    /// Gives what was appended since `beginHeaderBlock` its frame, or its frames where one can't hold it.
    mutating func endHeaderBlock(
        from start: Int, stream: HTTP2StreamID, endsStream: Bool, largestFrame: Int
    ) {
        let length = count - start - HTTP2FrameReader.Header.size
        let endFlag = endsStream ? HTTP2FrameFlags.endStream : 0
        guard length > largestFrame else {
            setFrameHeader(
                at: start, length: length, HTTP2FrameType.headers, endFlag | HTTP2FrameFlags.endHeaders, stream: stream)
            return
        }
        let block = Array(self[(start + HTTP2FrameReader.Header.size)...])
        removeSubrange(start...)
        var sent = 0
        while sent < block.count {
            let size = Swift.min(largestFrame, block.count - sent)
            var flags = sent == 0 ? endFlag : 0
            if sent + size == block.count { flags |= HTTP2FrameFlags.endHeaders }
            appendFrameHeader(
                length: size, sent == 0 ? HTTP2FrameType.headers : HTTP2FrameType.continuation, flags, stream: stream)
            append(contentsOf: block[sent..<(sent + size)])
            sent += size
        }
    }

    private mutating func setFrameHeader(
        at start: Int, length: Int, _ type: UInt8, _ flags: UInt8, stream: HTTP2StreamID
    ) {
        self[start] = UInt8(truncatingIfNeeded: length >> 16)
        self[start + 1] = UInt8(truncatingIfNeeded: length >> 8)
        self[start + 2] = UInt8(truncatingIfNeeded: length)
        self[start + 3] = type
        self[start + 4] = flags
        for index in 0..<4 { self[start + 5 + index] = UInt8(truncatingIfNeeded: stream >> (24 - 8 * index)) }
    }
}
