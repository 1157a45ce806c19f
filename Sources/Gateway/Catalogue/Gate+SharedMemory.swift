internal import Configuration
package import Policies
package import SharedMemory
package import Tensors

extension Gate {
    /// What a caller shares with the gateway; `nil` where nobody shares anything.
    func regions(of consumer: Consumer?) -> (any TensorRegions)? {
        guard let sharable, let consumer else { return nil }
        return regions.regions(of: consumer.name) { sharable.allow($0) }
    }

    /// Takes in memory that a caller wants to share.
    ///
    /// - Throws: `unauthenticated`; `forbidden`; `invalid_parameter`; `change_refused`.
    package func registerRegion(_ region: ClientRegions.Status, caller: Credentials) throws(SluiceError) {
        let principal = try cataloguePrincipal(caller)
        guard let sharable, let limit = configuration.sharedMemory?.maxRegion else {
            throw SluiceError(.forbidden, "system shared memory is off in this gateway")
        }
        guard region.byteCount <= limit else {
            throw SluiceError(
                .invalidParameter, "a region of \(region.byteCount) bytes is larger than the \(limit) taken here",
                detail: [.init("limit", limit)])
        }
        try regions.register(region, owner: principal.name) { sharable.allow($0) }
    }

    /// Forgets one of a caller's regions, or all.
    ///
    /// - Throws: `unauthenticated`.
    package func unregisterRegion(_ name: String?, caller: Credentials) throws(SluiceError) {
        regions.unregister(name, owner: try cataloguePrincipal(caller).name)
    }

    /// One of a caller's regions, or all.
    ///
    /// - Throws: `unauthenticated`; `invalid_parameter` for one that isn't there.
    package func regionStatus(_ name: String?, caller: Credentials) throws(SluiceError) -> [ClientRegions.Status] {
        try regions.status(name, owner: try cataloguePrincipal(caller).name)
    }
}
