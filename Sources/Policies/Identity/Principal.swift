package import Configuration
package import Tensors

/// Who makes a request: a consumer, and what its credentials add to that.
package struct Principal: Sendable {
    package let consumer: Consumer
    /// `nil` where no token says anything: most callers are their consumer and nothing else.
    private let token: Token?

    private final class Token: Sendable {
        let claims: Claims
        let held: [Bool]

        init(_ claims: Claims, of consumer: Consumer) {
            self.claims = claims
            held = consumer.access.claimConditions.map { $0.holds(for: claims) }
        }
    }

    package init(_ consumer: Consumer) {
        self.consumer = consumer
        token = nil
    }

    package init(_ consumer: Consumer, claims: Claims) {
        self.consumer = consumer
        token = Token(claims, of: consumer)
    }

    /// What its token says, where anything here depends on that.
    package var claims: Claims { token?.claims ?? .none }

    /// For each condition that the consumer's rules have on claims whether the caller's token fulfils it.
    var heldClaims: [Bool] { token?.held ?? consumer.heldWithoutToken }

    /// The consumer's name.
    package var name: String { consumer.name }

    /// Whether that may be done.
    ///
    /// - Parameter model: as clients call it, for `learn` and `load` as the file does; `nil` for what is about no model.
    package func decide(
        _ operation: AccessOperation, model: String?, at place: AccessPlace, nowSeconds: Int64
    ) -> AccessPolicy.Decision {
        if let model, let plain = consumer.plainAccess { return plain.decide(operation, model: model) }
        return consumer.access.decide(operation, model: model, place: place, claims: heldClaims, nowSeconds: nowSeconds)
    }

    /// Whether the caller may know of a model.
    package func maySee(_ model: String, at place: AccessPlace) -> Bool {
        // Hours don't hide.
        decide(.metadata, model: model, at: place, nowSeconds: 0) == .allowed
    }

    /// What is said to a caller that may know of a model but not do that with it.
    package func refusal(
        _ reason: AccessPolicy.Reason, of operation: AccessOperation, model: String?
    ) -> SluiceError {
        let model = model.map { String($0.unicodeScalars.prefix(200)) }
        let why =
            switch reason {
            case .notAllowed: ""
            case .denied: ": a rule denies it"
            case .hours: " at this time"
            }
        var detail: [SluiceError.Detail] = [.init("consumer", name), .init("reason", reason.rawValue)]
        if let model { detail.append(.init("model", model)) }
        return SluiceError(
            .forbidden, "consumer \"\(name)\" may not \(operation.deed(on: model))\(why)", detail: detail)
    }
}

extension AccessOperation {
    /// In words, as in `may use model "iris"`.
    package func deed(on model: String?) -> String {
        guard let model else { return "administer this gateway" }
        let verb =
            switch self {
            case .infer, .admin: "use"
            case .metadata: "see"
            case .learn: "teach"
            case .load: "load or unload"
            }
        return "\(verb) model \"\(model)\""
    }
}
