/// Writes a zip file of stored entries: each as bytes before its contents, and a directory behind them all.
struct ZipWriter {
    private var directory: [UInt8] = []
    private var count = 0
    private var offset = 0

    /// Without zip64, which a file of that size would need.
    static let maximumSize = Int(UInt32.max) - 1

    /// What stands in front of the next entry's contents.
    ///
    /// - Returns: `nil` where the file would become too large.
    mutating func header(name: String, size: Int, checksum: UInt32) -> [UInt8]? {
        let name = Array(name.utf8)
        var common: [UInt8] = []
        // Names are UTF-8; nothing is compressed; the first day that the format can tell.
        for value in [name.allSatisfy { $0 < 0x80 } ? 0 : 0x0800, 0, 0, 0x21] { common.append(value, bytes: 2) }
        common.append(Int(checksum), bytes: 4)
        common.append(size, bytes: 4)
        common.append(size, bytes: 4)
        common.append(name.count, bytes: 2)
        var header: [UInt8] = []
        header.append(0x0403_4B50, bytes: 4)
        header.append(20, bytes: 2)
        header += common
        header.append(0, bytes: 2)
        header += name
        guard size <= Self.maximumSize, name.count <= Int(UInt16.max), count < Int(UInt16.max) - 1,
            offset + header.count + size + directory.count <= Self.maximumSize
        else { return nil }
        directory.append(0x0201_4B50, bytes: 4)
        directory.append(20, bytes: 2)
        directory.append(20, bytes: 2)
        directory += common
        directory.append(0, bytes: 2)
        directory.append(0, bytes: 2)
        directory.append(0, bytes: 2)
        directory.append(0, bytes: 2)
        directory.append(0, bytes: 4)
        directory.append(offset, bytes: 4)
        directory += name
        offset += header.count + size
        count += 1
        return header
    }

    /// What stands behind the last entry.
    var end: [UInt8] {
        var end = directory
        end.append(0x0605_4B50, bytes: 4)
        end.append(0, bytes: 4)
        end.append(count, bytes: 2)
        end.append(count, bytes: 2)
        end.append(directory.count, bytes: 4)
        end.append(offset, bytes: 4)
        end.append(0, bytes: 2)
        return end
    }
}

extension [UInt8] {
    /// A number, the lowest byte first.
    fileprivate mutating func append(_ value: Int, bytes: Int) {
        for index in 0..<bytes { append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
    }
}
