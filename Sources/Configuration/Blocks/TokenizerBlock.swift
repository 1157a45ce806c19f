/// `models.NAME.tokenizer`: how text becomes the model's inputs.
enum TokenizerBlock {
    static let vocabulary = Key.required(
        "vocabulary", ValueType.text("a file", example: "./vocab.txt"),
        "BERT's WordPiece vocabulary, one token a line; relative to the folder of gateway.yaml.")
    static let lowercase = Key.optional(
        "lowercase", ValueType.truth, default: "true", "Whether letters lose their case and their accents.")
    static let maxTokens = Key.optional(
        "max_tokens", ValueType.integer(3...1_048_576, example: "512"), default: "512",
        "Tokens of a text at most, the two around it included; the rest is cut off.")
    static let tokens = Key.optional(
        "tokens", ValueType.text("an input", example: "input_ids"), default: "input_ids",
        "The input that takes the tokens.")
    static let mask = Key.optional(
        "mask", ValueType.text("an input", example: "attention_mask"), default: "attention_mask",
        "The input that takes 1 for each token and 0 for filling.")
    static let types = Key.optional(
        "types", ValueType.text("an input", example: "token_type_ids"), default: "token_type_ids",
        "The input that takes 0 for each token, where the model has it.")

    static let block = Block(
        "models.NAME.tokenizer",
        [
            vocabulary.description, lowercase.description, maxTokens.description, tokens.description,
            mask.description, types.description,
        ])

    static func read(_ node: YAMLNode, span: SourceSpan, _ reading: Reading) -> TokenizerConfiguration? {
        guard let reader = MappingReader(node, block, name: "tokenizer", span: span, reading) else { return nil }
        let file = reader.value(vocabulary)
        let (lowercase, maximum) = (reader.value(lowercase), reader.value(maxTokens))
        let (tokens, mask, types) = (reader.value(tokens), reader.value(mask), reader.value(types))
        guard let file else { return nil }
        var tokenizer = TokenizerConfiguration(vocabulary: file)
        if let lowercase { tokenizer.isLowercased = lowercase }
        if let maximum { tokenizer.maximumTokens = maximum }
        if let tokens { tokenizer.tokenInput = tokens }
        if let mask { tokenizer.maskInput = mask }
        if let types { tokenizer.typeInput = types }
        return tokenizer
    }
}
