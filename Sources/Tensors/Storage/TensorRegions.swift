/// A stretch of memory that a client shares with the gateway, as a request names it.
package struct RegionPlace: Sendable, Equatable {
    /// The name under which the client registered the region.
    package var region: String
    /// Where in the region the stretch begins.
    package var offset: Int
    package var byteCount: Int

    package init(region: String, offset: Int = 0, byteCount: Int) {
        self.region = region
        self.offset = offset
        self.byteCount = byteCount
    }
}

/// The regions that one caller shares with the gateway: inputs are read out of them and outputs are written into them.
package protocol TensorRegions: AnyObject, Sendable {
    /// A copy of what stands there now.
    ///
    /// - Throws: `invalid_parameter` for a region that isn't registered, or a stretch that doesn't lie within it.
    func read(_ place: RegionPlace) throws(SluiceError) -> TensorStorage

    /// Writes `bytes` to the beginning of the place.
    ///
    /// - Throws: `invalid_parameter`, also where the place has less room.
    func write(_ bytes: UnsafeRawBufferPointer, to place: RegionPlace) throws(SluiceError)
}
