/// Why a number can't become an element of a type.
package enum NumberFault: Error, Sendable, Equatable {
    /// Too large or too small for the type.
    case outOfRange
    /// An integer type, and the number has a fraction.
    case hasFraction
}
