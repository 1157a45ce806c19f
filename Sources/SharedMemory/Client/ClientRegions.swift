internal import NIOConcurrencyHelpers
package import Tensors

/// The system shared memory that clients have registered, over all revisions of the configuration.
///
/// Each caller has regions of its own: none reads or writes another's by guessing its name.
package final class ClientRegions: Sendable {
    /// A region as its status tells.
    package struct Status: Sendable, Equatable {
        package var name: String
        /// The name of the shared memory object, as the client gave it.
        package var key: String
        package var offset: Int
        package var byteCount: Int

        package init(name: String, key: String, offset: Int, byteCount: Int) {
            self.name = name
            self.key = key
            self.offset = offset
            self.byteCount = byteCount
        }
    }

    private struct Region: Sendable {
        var status: Status
        var file: ClientMemoryFile
    }

    /// Regions of one caller at most: each holds a file open.
    private static let most = 256
    private static let longestName = 256
    /// What the system takes (NAME_MAX).
    private static let longestKey = 255

    private let regions = NIOLockedValueBox<[String: [String: Region]]>([:])

    package init() {}

    /// Takes a region in.
    ///
    /// - Parameters:
    ///   - owner: the caller's name.
    ///   - allows: whether an object of that name, without the slash before it, may be shared.
    /// - Throws: `invalid_parameter`; `forbidden`; `change_refused` for a name that is taken.
    package func register(_ status: Status, owner: String, allows: (String) -> Bool) throws(SluiceError) {
        let object = try Self.object(status.key)
        guard !status.name.isEmpty, status.name.utf8.count <= Self.longestName else {
            throw Self.invalid("a region's name has 1 to \(Self.longestName) bytes")
        }
        guard allows(object) else {
            throw SluiceError(
                .forbidden, "shared memory \"\(object)\" may not be shared with this gateway: see shared_memory.allow",
                detail: [.init("key", object)])
        }
        guard status.offset >= 0, status.byteCount > 0, status.byteCount <= Int.max - status.offset else {
            throw Self.invalid("a region has an offset of 0 or above and at least one byte")
        }
        let file = try Self.open(object)
        let size = file.byteCount
        guard status.offset + status.byteCount <= size else {
            throw Self.invalid(
                "\(status.byteCount) bytes from \(status.offset) on don't lie within shared memory \"\(object)\", "
                    + "which has \(size)")
        }
        let refusal = regions.withLockedValue { regions -> SluiceError? in
            var mine = regions[owner] ?? [:]
            guard mine[status.name] == nil else {
                return SluiceError(
                    .changeRefused, "shared memory region \"\(status.name)\" is registered already",
                    detail: [.init("region", status.name)])
            }
            guard mine.count < Self.most else {
                return SluiceError(.changeRefused, "there are \(Self.most) shared memory regions already")
            }
            mine[status.name] = Region(status: status, file: file)
            regions[owner] = mine
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Forgets a region, or all of a caller's; requests under way still use what they have.
    package func unregister(_ name: String?, owner: String) {
        // Files are closed outside the lock.
        let gone = regions.withLockedValue { regions -> [Region] in
            guard let name else { return Array((regions.removeValue(forKey: owner) ?? [:]).values) }
            let region = regions[owner]?.removeValue(forKey: name)
            if regions[owner]?.isEmpty == true { regions[owner] = nil }
            return region.map { [$0] } ?? []
        }
        withExtendedLifetime(gone) {}
    }

    /// A region, or all of a caller's by name.
    ///
    /// - Throws: `invalid_parameter` for one that isn't there.
    package func status(_ name: String?, owner: String) throws(SluiceError) -> [Status] {
        let mine = regions.withLockedValue { $0[owner] ?? [:] }
        guard let name else { return mine.values.map(\.status).sorted { $0.name < $1.name } }
        guard let region = mine[name] else { throw Self.unknown(name) }
        return [region.status]
    }

    /// One caller's regions, for as long as their objects may be shared.
    package func regions(of owner: String, allows: @escaping @Sendable (String) -> Bool) -> any TensorRegions {
        OwnRegions(all: self, owner: owner, allows: allows)
    }

    fileprivate func find(
        _ place: RegionPlace, owner: String, allows: (String) -> Bool
    ) throws(SluiceError) -> (file: ClientMemoryFile, offset: Int) {
        guard let region = regions.withLockedValue({ $0[owner]?[place.region] }),
            let object = try? Self.object(region.status.key), allows(object)
        else { throw Self.unknown(place.region) }
        guard place.offset >= 0, place.byteCount >= 0, place.offset <= region.status.byteCount,
            place.byteCount <= region.status.byteCount - place.offset
        else {
            throw Self.invalid(
                "\(place.byteCount) bytes from \(place.offset) on don't lie within shared memory region "
                    + "\"\(place.region)\", which has \(region.status.byteCount)")
        }
        return (region.file, region.status.offset + place.offset)
    }

    /// The name of an object without the slash before it, by a client's word.
    private static func object(_ key: String) throws(SluiceError) -> String {
        let name = key.hasPrefix("/") ? String(key.dropFirst()) : key
        guard !name.isEmpty, name.utf8.count <= longestKey, name != ".", name != "..",
            !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7F })
        else { throw invalid("\"key\" must be the name of a shared memory object, with one slash before it or none") }
        return name
    }

    private static func open(_ object: String) throws(SluiceError) -> ClientMemoryFile {
        do throws(ClientMemoryFile.Failure) {
            return try ClientMemoryFile(name: object)
        } catch {
            let message =
                switch error {
                case .notFound: "there is no shared memory \"\(object)\""
                case .notAllowed: "the gateway may not open shared memory \"\(object)\""
                case .notMemory: "\"\(object)\" is no shared memory"
                case .system(let reason): "shared memory \"\(object)\" can't be opened: \(reason)"
                }
            throw invalid(message)
        }
    }

    fileprivate static func invalid(_ message: String) -> SluiceError { SluiceError(.invalidParameter, message) }

    private static func unknown(_ name: String) -> SluiceError {
        SluiceError(
            .invalidParameter, "there is no shared memory region \"\(name.prefix(64))\"",
            detail: [.init("region", String(name.prefix(64)))])
    }
}

/// One caller's regions.
private final class OwnRegions: TensorRegions {
    let all: ClientRegions
    let owner: String
    let allows: @Sendable (String) -> Bool

    init(all: ClientRegions, owner: String, allows: @escaping @Sendable (String) -> Bool) {
        self.all = all
        self.owner = owner
        self.allows = allows
    }

    func read(_ place: RegionPlace) throws(SluiceError) -> TensorStorage {
        let (file, offset) = try all.find(place, owner: owner, allows: allows)
        // Before anything is made for it: memory is only taken for bytes that are there.
        guard offset + place.byteCount <= file.byteCount,
            let storage = TensorStorage.allocateIfPossible(byteCount: place.byteCount)
        else { throw shrunk(place) }
        guard file.read(into: storage.mutableBytes, from: offset) == place.byteCount else { throw shrunk(place) }
        return storage
    }

    func write(_ bytes: UnsafeRawBufferPointer, to place: RegionPlace) throws(SluiceError) {
        let (file, offset) = try all.find(place, owner: owner, allows: allows)
        guard bytes.count <= place.byteCount else {
            throw ClientRegions.invalid(
                "an output of \(bytes.count) bytes doesn't fit the \(place.byteCount) bytes of shared memory region "
                    + "\"\(place.region)\" that it was to go to")
        }
        guard file.write(bytes, at: offset) else { throw shrunk(place) }
    }

    private func shrunk(_ place: RegionPlace) -> SluiceError {
        SluiceError(
            .invalidParameter, "shared memory region \"\(place.region)\" has shrunk since it was registered",
            detail: [.init("region", place.region)])
    }
}
