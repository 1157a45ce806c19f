/// What can be said of how a value is written, without reading it; for schemas.
indirect enum ValueForm: Sendable, Equatable {
    /// A scalar that stands for itself.
    case text
    /// Text that matches a regular expression, one that ECMA-262 and others agree about.
    case written(String)
    case word([String])
    case truth
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    /// At least one.
    case list(ValueForm, atMost: Int)
    /// The mapping that has a block of its own at this place.
    case block
    /// A mapping from names to values.
    case names(ValueForm, atMost: Int)
    /// A mapping that only a plugin understands, or a value of one.
    case opaque
    case either([ValueForm])
}
