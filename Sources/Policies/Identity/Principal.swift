package import Tensors

/// Who makes a request: a consumer, and what its credentials add to that.
package final class Principal: Sendable {
    package let consumer: Consumer
    /// What its token says, where anything here depends on that.
    package let claims: Claims

    package init(_ consumer: Consumer, claims: Claims = .none) {
        self.consumer = consumer
        self.claims = claims
    }

    /// The consumer's name.
    package var name: String { consumer.name }

    /// Whether the public model of that name may be used.
    package func mayUse(model: String) -> Bool { consumer.mayUse(model: model) }

    /// Checks that `model` may be used.
    ///
    /// - Throws: `forbidden`, naming the consumer and the model.
    package func authorize(model: String) throws(SluiceError) { try consumer.authorize(model: model) }
}
