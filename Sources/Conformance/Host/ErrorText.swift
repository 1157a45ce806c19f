internal import CSluicePlugin
internal import Tensors

/// Reads a `sluice_error`, and says what is wrong with it.
enum ErrorText {
    /// - Parameter place: e.g. `load()`.
    static func read(_ error: sluice_error, where place: String) -> (ExamRequest.Failure, fault: String?) {
        let bytes = withUnsafeBytes(of: error.message) { Array($0) }
        let text = bytes.prefix { $0 != 0 }
        let failure = ExamRequest.Failure(code: error.code, text: String(decoding: text, as: UTF8.self))
        if text.isEmpty { return (failure, "\(place): status \(error.code) without a message") }
        if text.count == bytes.count { return (failure, "\(place): a message that doesn't end within its 508 bytes") }
        if String(validating: text, as: UTF8.self) == nil { return (failure, "\(place): a message that is not UTF-8") }
        if Status(rawValue: error.code) == nil {
            return (failure, "\(place): \(error.code) is no status of sluice_plugin.h")
        }
        return (failure, nil)
    }

    /// The same for a function that failed: its status and its error must agree.
    static func read(
        _ error: sluice_error, status: sluice_status, where place: String
    ) -> (ExamRequest.Failure, fault: String?) {
        let (failure, fault) = read(error, where: place)
        if failure.text.isEmpty { return (failure, "\(place) failed with status \(status) and no message") }
        if error.code != status {
            return (failure, "\(place) returned status \(status), and its error says \(error.code)")
        }
        return (failure, fault)
    }
}
