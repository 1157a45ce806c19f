internal import Foundation
internal import Policies
internal import Tensors

/// The file that keeps what a model has learned. It is replaced as a whole: whoever reads it finds all of the old state or
/// all of the new one.
struct StateFile {
    let path: String
    /// What it is encrypted with; `nil` for nothing.
    let sealing: SealingKeys?

    /// What was kept; `nil` where nothing has been yet.
    func read() throws(SluiceError) -> TensorStorage? {
        guard let bytes = try contents() else { return nil }
        let plain = try opened(bytes)
        return unsafe plain.withUnsafeBytes { unsafe TensorStorage.copy(of: $0) }
    }

    func write(_ state: TensorStorage) throws(SluiceError) {
        try write(withExtendedLifetime(state) { unsafe Array(state.bytes) })
    }

    /// Writes it as it would be written now, where it isn't written like that.
    ///
    /// - Returns: whether that was needed.
    func renew() throws(SluiceError) -> Bool {
        guard let bytes = try contents() else { return false }
        let box = SealedBox(bytes)
        let isAsWanted = box.map { sealing?.isCurrent($0) ?? false } ?? (sealing?.seals != true)
        guard !isAsWanted else { return false }
        try write(try opened(bytes))
        return true
    }

    private func contents() throws(SluiceError) -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw SluiceError(.internalError, "the state in \(path) can't be read: \(error.localizedDescription)")
        }
    }

    private func opened(_ bytes: [UInt8]) throws(SluiceError) -> [UInt8] {
        guard SealedBox.isOne(bytes) else { return bytes }
        guard let box = SealedBox(bytes) else {
            throw SluiceError(.internalError, "the state in \(path) is encrypted, and its end is missing")
        }
        guard let sealing else {
            throw SluiceError(
                .internalError,
                "the state in \(path) is encrypted with key \"\(box.key)\", and the file has no encryption")
        }
        do throws(SealingFailure) {
            return try sealing.open(box, as: .state)
        } catch {
            throw SluiceError(.internalError, "the state in \(path) \(error)")
        }
    }

    private func write(_ plain: [UInt8]) throws(SluiceError) {
        do {
            let bytes = if let sealing, sealing.seals { try sealing.seal(plain, as: .state) } else { plain }
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch let error as SealingFailure {
            throw SluiceError(.internalError, "the state for \(path) \(error)")
        } catch {
            throw SluiceError(.internalError, "the state can't be written to \(path): \(error.localizedDescription)")
        }
    }
}
