/// A secret that the file names and doesn't hold: `env:NAME` or `file:PATH`.
///
/// Printing or interpolating the value shows the reference only.
package struct Secret: Sendable, Equatable {
    /// What the file says.
    package let reference: String
    package let bytes: [UInt8]

    package init(reference: String, bytes: [UInt8]) {
        self.reference = reference
        self.bytes = bytes
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { reference }
    package var debugDescription: String { reference }
    package var customMirror: Mirror { Mirror(self, children: ["reference": reference]) }
}
