internal import Glibc

/// Finds where the rows of a long text end, in bytes that come in pieces cut anywhere.
///
/// A plain state machine: it looks at each byte once and keeps none. CSV is cut where its quotes allow it (RFC 4180),
/// whether or not a row is well formed otherwise: that is for who reads it. Other text is cut at each line feed.
struct RowCutter: Sendable, Equatable {
    /// What the bytes from here on are.
    enum Step: Equatable {
        /// A row ends behind so many of them, its line end included.
        case row(Int)
        /// So many, with those before them that belong to no row yet, are an empty line, which is no row.
        case blank(Int)
        /// All of them belong to a row that goes on.
        case more
    }

    private enum State {
        /// Nothing of a row has come.
        case rowStart
        /// Lines: nothing but spaces has come.
        case spaces
        case cellStart
        case plain
        case quoted
        /// A quote inside a quoted cell: its end, or the first of two.
        case quoteInQuoted
    }

    /// What stands between cells; `nil` where rows are just lines.
    private let separator: UInt8?
    private var state = State.rowStart
    /// The last byte was a carriage return, which a line feed may belong to.
    private var followsReturn = false
    private var nextLine = 1
    /// The line on which the row begins that `next` told of last, or that it is in.
    private(set) var line = 1

    private static let quote = UInt8(ascii: "\"")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// - Parameter separator: what stands between cells; `nil` for lines.
    init(separator: UInt8?) {
        self.separator = separator
    }

    /// Whether a row has begun that hasn't ended.
    var isInRow: Bool { state != .rowStart && state != .spaces }

    /// Looks at the bytes that follow those of before.
    mutating func next(_ bytes: UnsafeRawBufferPointer) -> Step {
        separator == nil ? nextLine(bytes) : nextOfCSV(bytes)
    }

    private mutating func nextLine(_ bytes: UnsafeRawBufferPointer) -> Step {
        var index = 0
        if state == .rowStart {
            line = nextLine
            state = .spaces
        }
        while state == .spaces, index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == Self.lineFeed {
                nextLine += 1
                state = .rowStart
                return .blank(index)
            }
            if byte != 0x20, byte != 0x09, byte != Self.carriageReturn { state = .plain }
        }
        guard index < bytes.count, let start = bytes.baseAddress,
            let end = memchr(start + index, CInt(Self.lineFeed), bytes.count - index)
        else { return .more }
        nextLine += 1
        state = .rowStart
        return .row(UnsafeRawPointer(end) - start + 1)
    }

    private mutating func nextOfCSV(_ bytes: UnsafeRawBufferPointer) -> Step {
        var index = 0
        while index < bytes.count {
            switch state {
            case .rowStart, .spaces:
                let byte = bytes[index]
                guard byte == Self.lineFeed || byte == Self.carriageReturn else {
                    followsReturn = false
                    line = nextLine
                    state = .cellStart
                    continue
                }
                if !(followsReturn && byte == Self.lineFeed) { nextLine += 1 }
                followsReturn = byte == Self.carriageReturn
                return .blank(index + 1)
            case .cellStart, .plain:
                let next = Self.firstSpecial(bytes, from: index)
                let beginsCell = next == index ? state == .cellStart : bytes[next - 1] == separator
                state = beginsCell ? .cellStart : .plain
                index = next
                guard next < bytes.count else { break }
                guard bytes[next] == Self.quote else { return endRow(bytes, at: next) }
                if beginsCell { state = .quoted }
                index += 1
            case .quoted: skipQuoted(bytes, &index)
            case .quoteInQuoted:
                switch bytes[index] {
                case Self.quote: state = .quoted
                case separator: state = .cellStart
                case Self.lineFeed, Self.carriageReturn: return endRow(bytes, at: index)
                default: state = .plain
                }
                index += 1
            }
        }
        return .more
    }

    /// Passes over the inside of a quoted cell, as far as a quote.
    private mutating func skipQuoted(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) {
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == Self.quote {
                followsReturn = false
                state = .quoteInQuoted
                return
            }
            let isReturn = byte == Self.carriageReturn
            if isReturn || byte == Self.lineFeed && !followsReturn { nextLine += 1 }
            followsReturn = isReturn
        }
    }

    /// A row ends with the line end that is at `index`.
    private mutating func endRow(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Step {
        var end = index + 1
        nextLine += 1
        state = .rowStart
        followsReturn = bytes[index] == Self.carriageReturn
        if followsReturn, end < bytes.count, bytes[end] == Self.lineFeed {
            end += 1
            followsReturn = false
        }
        return .row(end)
    }

    /// Where the next quote or line end is, or the end.
    @inline(__always)
    private static func firstSpecial(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        // Eight bytes at once: one that is equal becomes zero, and a subtraction finds the first zero.
        while index + 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let found =
                zeros(word ^ 0x0A0A_0A0A_0A0A_0A0A) | zeros(word ^ 0x0D0D_0D0D_0D0D_0D0D)
                | zeros(word ^ 0x2222_2222_2222_2222)
            if found != 0 { return index + (found.trailingZeroBitCount >> 3) }
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == lineFeed || byte == carriageReturn || byte == quote { break }
            index += 1
        }
        return index
    }

    /// The highest bit of bytes that are zero; above the first of them, also of others.
    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
    }
}
