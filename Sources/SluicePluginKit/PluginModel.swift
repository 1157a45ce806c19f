/// What a plugin in Swift is made of: one class, whose objects are loaded models.
///
/// `Sendable`, since `infer` may run on several threads at once: as many as the declaration allows.
public protocol PluginModel: AnyObject, Sendable {
    /// Loads a model from its `config:` block.
    ///
    /// - Throws: `PluginFailure`, whose message tells the platform engineer what to change.
    init(options: PluginOptions) throws

    /// What the model takes and answers; asked for once, after loading.
    var declaration: ModelDeclaration { get }

    /// Answers one request, by `request.respond`, before it returns.
    ///
    /// - Throws: `PluginFailure`, which the caller gets as the request's error.
    func infer(_ request: PluginRequest) throws
}
