package import Configuration

/// Why a change was not made. What served before goes on serving.
package struct ReloadFailure: Error, Sendable {
    /// How far the change came.
    package enum Stage: String, Sendable {
        /// The file can't be read.
        case read
        /// The file has mistakes.
        case check
        /// A new or changed model can't be loaded.
        case models
        /// Models of one route can't stand in for each other, or have nothing of what limits count.
        case routes
        /// A store of counts can't be opened.
        case stores
        /// An address can't be had, or a log can't be opened.
        case listeners
        /// What was asked for isn't there.
        case unknown
        /// The gateway is ending.
        case ending
    }

    package var stage: Stage
    package var message: String
    /// Mistakes in the file, with their places.
    package var diagnostics: [Diagnostic]

    package init(_ stage: Stage, _ message: String, diagnostics: [Diagnostic] = []) {
        self.stage = stage
        self.message = message
        self.diagnostics = diagnostics
    }
}
