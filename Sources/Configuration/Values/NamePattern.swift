/// A pattern of public model names: literal text in which each `*` stands for any run of characters, `/` included.
///
/// Matching takes time linear in the name's length, whatever the pattern: pieces between stars are searched with
/// Knuth-Morris-Pratt, leftmost first, so nothing is ever tried twice.
package struct NamePattern: Sendable, Hashable {
    /// A run of literal bytes between two stars and, for each position in it, how much of it may still match after a
    /// mismatch there.
    private struct Piece: Sendable, Hashable {
        let bytes: [UInt8]
        let restarts: [Int]

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            var restarts = Array(repeating: 0, count: bytes.count)
            var length = 0
            for index in bytes.indices.dropFirst() {
                while length > 0, bytes[index] != bytes[length] { length = restarts[length - 1] }
                if bytes[index] == bytes[length] { length += 1 }
                restarts[index] = length
            }
            self.restarts = restarts
        }
    }

    /// The pattern as it is written.
    package let text: String
    /// Whether the pattern holds no star and so matches just its own text.
    package let isExact: Bool
    private let prefix: [UInt8]
    private let middle: [Piece]
    private let reversedSuffix: [UInt8]
    private let literalCount: Int

    package init(_ text: String) {
        self.text = text
        let pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
        isExact = pieces.count == 1
        prefix = pieces.first ?? []
        middle = pieces.dropFirst().dropLast().filter { !$0.isEmpty }.map(Piece.init)
        reversedSuffix = isExact ? [] : (pieces.last ?? []).reversed()
        literalCount = pieces.reduce(0) { $0 + $1.count }
    }

    /// Whether the pattern matches every name.
    package var matchesEverything: Bool { !isExact && literalCount == 0 }

    /// Whether `name` is one that the pattern means. Case matters.
    package func matches(_ name: String) -> Bool {
        let bytes = name.utf8
        guard bytes.count >= literalCount, bytes.starts(with: prefix) else { return false }
        if isExact { return bytes.count == literalCount }
        guard bytes.reversed().starts(with: reversedSuffix) else { return false }

        var current = 0
        var matched = 0
        for byte in bytes.dropFirst(prefix.count).dropLast(reversedSuffix.count) {
            guard current < middle.count else { return true }
            let piece = middle[current]
            while matched > 0, piece.bytes[matched] != byte { matched = piece.restarts[matched - 1] }
            if piece.bytes[matched] == byte { matched += 1 }
            if matched == piece.bytes.count {
                current += 1
                matched = 0
            }
        }
        return current == middle.count
    }
}
