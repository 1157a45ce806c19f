internal import Foundation
internal import Tensors

/// The file that keeps what a model has learned. It is replaced as a whole: whoever reads it finds all of the old state or
/// all of the new one.
struct StateFile {
    let path: String

    /// What was kept; `nil` where nothing has been yet.
    func read() throws(SluiceError) -> TensorStorage? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let data = try Data(contentsOf: URL(fileURLWithPath: path))
            return unsafe data.withUnsafeBytes { unsafe TensorStorage.copy(of: $0) }
        } catch {
            throw SluiceError(.internalError, "the state in \(path) can't be read: \(error.localizedDescription)")
        }
    }

    func write(_ state: TensorStorage) throws(SluiceError) {
        do {
            let data = withExtendedLifetime(state) { unsafe Data(state.bytes) }
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw SluiceError(.internalError, "the state can't be written to \(path): \(error.localizedDescription)")
        }
    }
}
