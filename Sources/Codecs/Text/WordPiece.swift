package import Tensors

/// BERT's tokenizer: text is normalised, cut into words, and each word into the longest pieces that the vocabulary has.
///
/// Gives what the package `tokenizers` gives for the same vocabulary; a test holds the two together.
package struct WordPiece: Sendable {
    /// What is wrong with a vocabulary.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// How a model wants its text.
    package struct Settings: Sendable, Equatable {
        /// Whether letters lose their case and their accents.
        package var isLowercased = true
        /// Tokens of a text at most, the two around it included; the rest is cut off.
        package var maximumTokens = 512
        /// The model's inputs: the tokens, which of them are there, and what kind they are.
        package var tokenInput = "input_ids"
        package var maskInput = "attention_mask"
        package var typeInput = "token_type_ids"

        package init() {}
    }

    /// Words with more characters are unknown.
    private static let longestWord = 100

    package let settings: Settings
    /// By their bytes: to Swift two spellings of one character are the same text.
    private let vocabulary: [[UInt8]: Int]
    private let count: Int
    private let unknown: Int
    private let start: Int
    private let end: Int
    private let padding: Int

    /// - Parameter vocabulary: one token a line, numbered from 0.
    package init(vocabulary text: String, settings: Settings) throws(Failure) {
        self.settings = settings
        var vocabulary: [[UInt8]: Int] = [:]
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        // A file's last line break begins no token.
        if lines.last?.isEmpty == true { lines.removeLast() }
        for (number, line) in lines.enumerated() {
            vocabulary[Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)] = number
        }
        count = lines.count
        func find(_ token: String) throws(Failure) -> Int {
            guard let number = vocabulary[Array(token.utf8)] else {
                throw Failure(description: "the vocabulary has no \(token)")
            }
            return number
        }
        unknown = try find("[UNK]")
        start = try find("[CLS]")
        end = try find("[SEP]")
        padding = try find("[PAD]")
        self.vocabulary = vocabulary
    }

    /// The tokens of a text, with `[CLS]` before and `[SEP]` behind them.
    package func tokens(of text: String) -> [Int] {
        var tokens = [start]
        let most = settings.maximumTokens - 1
        for word in WordCutter(isLowercased: settings.isLowercased).words(of: text) {
            append(word, to: &tokens)
            if tokens.count >= most { break }
        }
        return Array(tokens.prefix(most)) + [end]
    }

    /// The longest piece that is known, then the longest of what is left; a word with a piece that isn't is unknown.
    private func append(_ word: [Unicode.Scalar], to tokens: inout [Int]) {
        guard word.count <= Self.longestWord else { return tokens.append(unknown) }
        let first = tokens.count
        var position = 0
        while position < word.count {
            var length = word.count - position
            var found: Int?
            while length > 0, found == nil {
                var piece = position == 0 ? "" : "##"
                piece.unicodeScalars.append(contentsOf: word[position..<(position + length)])
                found = vocabulary[Array(piece.utf8)]
                if found == nil { length -= 1 }
            }
            guard let found else {
                tokens.removeSubrange(first...)
                return tokens.append(unknown)
            }
            tokens.append(found)
            position += length
        }
    }

    // MARK: Tensors

    /// The model's inputs for some texts: a row for each, filled up to the longest.
    ///
    /// - Throws: `invalid_input` where the model takes no tokens.
    package func inputs(
        for rows: [[Int]], signature: ModelSignature
    ) throws(SluiceError) -> [Tensor] {
        let longest = rows.map(\.count).max() ?? 0
        let shape = [rows.count, longest]
        return try signature.inputs.map { (spec) throws(SluiceError) in
            let value: (_ row: [Int], _ place: Int) -> Int
            switch spec.name {
            case settings.tokenInput: value = { $1 < $0.count ? $0[$1] : padding }
            case settings.maskInput: value = { $1 < $0.count ? 1 : 0 }
            case settings.typeInput: value = { _, _ in 0 }
            default:
                throw SluiceError(
                    .invalidInput, "the model takes \"\(spec.name)\" besides tokens, which text can't give",
                    detail: [.init("input", spec.name)])
            }
            let numbers = rows.flatMap { row in (0..<longest).map { value(row, $0) } }
            switch spec.dataType {
            case .int64:
                return try Tensor(name: spec.name, dataType: .int64, shape: shape, copying: numbers.map(Int64.init))
            case .int32:
                return try Tensor(name: spec.name, dataType: .int32, shape: shape, copying: numbers.map(Int32.init))
            default:
                throw SluiceError(
                    .invalidInput,
                    "the model's input \"\(spec.name)\" is \(spec.dataType), but tokens are INT64 or INT32",
                    detail: [.init("input", spec.name)])
            }
        }
    }

    /// Whether a number stands for a token.
    package func knows(_ token: Int) -> Bool { (0..<count).contains(token) }
}
