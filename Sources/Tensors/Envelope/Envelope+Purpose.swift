extension Envelope {
    /// What a request wants of a model where it isn't an answer. Few requests have one, so it lies outside of the envelope.
    package indirect enum Purpose: Sendable {
        /// The model is to learn from the inputs.
        case learn(Lesson)
        /// The model is to say what it has learned, as one output that is named `Purpose.stateName`.
        case saveState

        /// The name of the output, UINT8, that carries a model's state.
        package static let stateName = "state"
    }

    /// What there is to learn from a request's inputs.
    package struct Lesson: Sendable {
        /// What the model should have answered: some of its outputs.
        package var labels: [Tensor]
        /// The id of the answered request that is corrected.
        package var subjectID: String?
        /// How much it counts.
        package var weight: Double

        package init(labels: [Tensor], subjectID: String? = nil, weight: Double = 1) {
            self.labels = labels
            self.subjectID = subjectID
            self.weight = weight
        }
    }

    /// The lesson, where the request is one.
    package var lesson: Lesson? {
        if case .learn(let lesson)? = purpose { lesson } else { nil }
    }
}
