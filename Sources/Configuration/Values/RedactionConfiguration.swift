/// What is looked for in text, and what becomes of it.
package struct RedactionConfiguration: Sendable, Equatable {
    package enum Detector: String, Sendable, CaseIterable {
        case email
        /// Numbers of payment cards, whose last digit is right (Luhn).
        case card
        /// Numbers of bank accounts, whose check digits are right (modulo 97).
        case iban
        case phone
        /// Keys and tokens by what they begin with, JWTs, and private keys in PEM.
        case secret
    }

    package enum Action: String, Sendable, CaseIterable {
        /// Something else stands in its place.
        case mask
        /// The request, or its answer, goes no further.
        case reject
        /// It is counted, and goes on.
        case report
    }

    package enum Place: String, Sendable, CaseIterable {
        case inputs
        case outputs
    }

    package struct Pattern: Sendable, Equatable {
        package var name: String
        package var text: String

        package init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    package var name: String
    package var detectors: [Detector] = []
    package var patterns: [Pattern] = []
    package var action = Action.mask
    package var places: Set<Place> = [.inputs, .outputs]
    package var location: SourceLocation

    package init(name: String, location: SourceLocation) {
        self.name = name
        self.location = location
    }
}
