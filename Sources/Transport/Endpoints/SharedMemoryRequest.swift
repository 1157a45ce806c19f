/// What a path asks of memory that client and gateway share:
/// `/v2/{system|cuda}sharedmemory[/region/{region}]/{status|register|unregister}`.
struct SharedMemoryRequest: Equatable {
    enum Kind: String, CaseIterable {
        case system
        case cuda
    }

    enum Action: String {
        case status
        case register
        case unregister
    }

    var kind: Kind
    /// `nil` for all.
    var region: String?
    var action: Action

    init(kind: Kind, region: String?, action: Action) {
        self.kind = kind
        self.region = region
        self.action = action
    }

    /// Reads a path; `nil` where it is another.
    init?(path: some StringProtocol) {
        guard let kind = Kind.allCases.first(where: { path.hasPrefix("/v2/\($0.rawValue)sharedmemory/") }) else {
            return nil
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3)
        guard let action = parts.last.flatMap({ Action(rawValue: String($0)) }) else { return nil }
        let place = parts.dropLast()
        if place.isEmpty {
            guard action != .register else { return nil }
            region = nil
        } else {
            guard place.count == 2, place.first == "region", let last = place.last,
                let name = PercentEncoding.decode(last), !name.isEmpty, name.utf8.count <= 256
            else { return nil }
            region = name
        }
        self.kind = kind
        self.action = action
    }
}
