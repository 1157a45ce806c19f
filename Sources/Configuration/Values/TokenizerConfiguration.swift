/// How text becomes a model's inputs.
package struct TokenizerConfiguration: Sendable, Equatable {
    /// The file with one token a line; relative to the folder of gateway.yaml.
    package var vocabulary: String
    package var isLowercased = true
    /// Tokens of a text at most.
    package var maximumTokens = 512
    package var tokenInput = "input_ids"
    package var maskInput = "attention_mask"
    package var typeInput = "token_type_ids"

    package init(vocabulary: String) {
        self.vocabulary = vocabulary
    }
}
