/// What a `BlockAllocator` knows of each of an arena's pages.
///
/// An arena is large and mostly never used, so the table is made piece by piece: a runner that starts has less than a
/// hundredth of it to fill.
struct PageTable: Sendable {
    struct Page: Sendable {
        /// No block begins at this page.
        static let none: Int8 = -1

        /// The order (log2 of the size) of the taken block that begins here.
        var takenOrder = Self.none
        /// The order of the free block that begins here.
        var freeOrder = Self.none
        /// Its neighbours in the list of free blocks of that order; -1 is none.
        var next: Int32 = -1
        var previous: Int32 = -1
    }

    private static let pieceSize = 512

    let count: Int
    /// Of `pieceSize` pages each; an empty one has never been written to.
    private var pieces: [[Page]]

    init(count: Int) {
        self.count = count
        pieces = Array(repeating: [], count: (count + Self.pieceSize - 1) / Self.pieceSize)
    }

    subscript(_ page: Int) -> Page {
        get {
            let piece = pieces[page / Self.pieceSize]
            return piece.isEmpty ? Page() : piece[page % Self.pieceSize]
        }
        _modify {
            let index = page / Self.pieceSize
            if pieces[index].isEmpty { pieces[index] = Array(repeating: Page(), count: Self.pieceSize) }
            yield &pieces[index][page % Self.pieceSize]
        }
    }
}
