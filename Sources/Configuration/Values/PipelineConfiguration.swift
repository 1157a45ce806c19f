/// What a model is that is made of others: their order, and which tensors they hand each other.
///
/// Tensors have names of the pipeline's own. What a step takes, and no step before it makes, is an input of the pipeline.
package struct PipelineConfiguration: Sendable, Equatable {
    /// In the order in which they are written: a step takes what those before it make.
    package var steps: [Step]
    /// Tensors that are answered; empty for all that the last step makes.
    package var outputs: [Name] = []
    /// Tensors that the file itself says come with the request. What the first step takes does anyway.
    package var inputs: [Name] = []

    package init(steps: [Step]) {
        self.steps = steps
    }

    /// A name in the file. Where it stands doesn't count when two are compared.
    package struct Name: Sendable, Equatable {
        package var text: String
        package var location: SourceLocation

        package init(_ text: String, at location: SourceLocation) {
            self.text = text
            self.location = location
        }

        package static func == (left: Name, right: Name) -> Bool { left.text == right.text }

        /// Columns that it takes in the file.
        package var length: Int { text.unicodeScalars.count }
    }

    /// One model that is asked.
    package struct Step: Sendable, Equatable {
        package var model: Name
        /// Of the model's inputs those that are tensors of another name.
        package var inputs: [Wire] = []
        /// The same of its outputs.
        package var outputs: [Wire] = []
        /// Rows of one call to the model, at most: more are asked for in several, beside each other. `nil` for any number.
        package var rows: Int?

        package init(model: Name) {
            self.model = model
        }
    }

    /// An input or an output of a step's model, and the tensor that it is.
    package struct Wire: Sendable, Equatable {
        package var name: Name
        package var tensor: Name

        package init(name: Name, tensor: Name) {
            self.name = name
            self.tensor = tensor
        }
    }
}

extension PipelineConfiguration {
    /// Its steps' models, for people, e.g. `"detect", "lines"`.
    package var modelsText: String { steps.map { "\"\($0.model.text)\"" }.joined(separator: ", ") }
}
