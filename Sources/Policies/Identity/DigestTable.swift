/// Whose a digest is, for any number of them: a request touches two lines of memory, where a `Dictionary` needs three and
/// hashes once more what is a hash already.
///
/// A table of small slots says where an entry lies; entries are whole lines. A slot holds other bits of the digest than those
/// that choose it, so that a slot that is somebody else's hardly ever leads to an entry. Whoever asks for many digests can't
/// make that slower: only the file's own ones are in it.
struct DigestTable: Sendable {
    private struct Item: Sendable {
        var digest: KeyDigest
        var entry: Authenticator.Entry
    }

    /// The upper half of each is the tag, the lower one the number of an item, counted from 1; 0 is empty.
    private let slots: [UInt64]
    private let items: [Item]

    init(_ entries: [KeyDigest: Authenticator.Entry]) {
        items = entries.map { Item(digest: $0, entry: $1) }
        var size = 1
        while size < items.count * 2 { size *= 2 }
        var slots = [UInt64](repeating: 0, count: items.isEmpty ? 0 : size)
        for (number, item) in items.enumerated() {
            var slot = Int(truncatingIfNeeded: item.digest.place) & (size - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = item.digest.tag << 32 | UInt64(number + 1)
        }
        self.slots = slots
    }

    var isEmpty: Bool { items.isEmpty }

    subscript(digest: KeyDigest) -> Authenticator.Entry? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: digest.place) & mask
        // At least half of the slots are empty, so this ends.
        while slots[slot] != 0 {
            if slots[slot] >> 32 == digest.tag {
                let number = Int(slots[slot] & 0xFFFF_FFFF) - 1
                if items[number].digest == digest { return items[number].entry }
            }
            slot = (slot + 1) & mask
        }
        return nil
    }
}
