internal import Foundation

/// One line of what a process that looks at rules says to the one that started it.
struct ExamEvent: Codable, Sendable {
    /// The rule that is looked at from now on.
    var began: String?
    /// What came of it.
    var result: RuleResult?
    /// What the plugin calls itself.
    var id: String?
    var version: String?

    /// The descriptor on which a child finds the way back.
    static let descriptor: Int32 = 3
    /// The descriptor of the page on which it notes its steps.
    static let progressDescriptor: Int32 = 4
}
