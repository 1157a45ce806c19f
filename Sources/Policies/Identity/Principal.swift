package import Tensors

/// Who makes a request: a consumer, and what its credentials add to that.
package final class Principal: Sendable {
    package let consumer: Consumer

    package init(_ consumer: Consumer) {
        self.consumer = consumer
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
