/// What is said to a client, and to the log, when something can't be done: a stable code, a sentence, and details.
///
/// Messages are for people and may change; codes are for programs and don't. Neither holds secrets or input data beyond
/// the one offending value.
package struct SluiceError: Error, Sendable {
    /// Which kind of failure this is.
    package var code: Code
    /// One sentence that says what was wrong and where.
    package var message: String
    /// Machine-readable particulars (`input`, `row`, `column`, `byte`, …), in the order in which they are shown.
    package var detail: [Detail]
    /// How long to wait before trying again, where that is known; nanoseconds.
    package var retryAfterNanoseconds: UInt64?
    /// What led to it, for the log only.
    package var cause: (any Error)?

    package init(
        _ code: Code, _ message: String, detail: [Detail] = [], retryAfterNanoseconds: UInt64? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.detail = detail
        self.retryAfterNanoseconds = retryAfterNanoseconds
        self.cause = cause
    }
}

extension SluiceError {
    /// One named particular of an error.
    package struct Detail: Sendable, Equatable {
        package enum Value: Sendable, Equatable {
            case string(String)
            case integer(Int)
            case strings([String])
        }

        package var key: String
        package var value: Value

        package init(_ key: String, _ value: String) {
            self.key = key
            self.value = .string(value)
        }

        package init(_ key: String, _ value: Int) {
            self.key = key
            self.value = .integer(value)
        }

        package init(_ key: String, _ value: [String]) {
            self.key = key
            self.value = .strings(value)
        }
    }
}

extension SluiceError: CustomStringConvertible {
    package var description: String { "\(code.text): \(message)" }
}
