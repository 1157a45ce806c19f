internal import Codecs
internal import Configuration
internal import Foundation
internal import PluginHost

extension WordPiece {
    /// Vocabularies are a few hundred kilobytes.
    private static let largestVocabulary = 64 << 20

    /// The tokenizer that the file asks for.
    ///
    /// - Parameter folder: where a relative path starts.
    /// - Throws: where its vocabulary can't be read, or is none.
    init?(_ configuration: TokenizerConfiguration?, folder: String) throws(PluginLoadError) {
        guard let configuration else { return nil }
        let given = configuration.vocabulary
        let path = given.hasPrefix("/") ? given : "\(folder)/\(given)"
        guard let data = FileManager.default.contents(atPath: path), data.count <= Self.largestVocabulary,
            let text = String(validating: data, as: UTF8.self)
        else { throw PluginLoadError(.loadFailed, "the vocabulary \(path) can't be read, or is no text") }
        var settings = Settings()
        settings.isLowercased = configuration.isLowercased
        settings.maximumTokens = configuration.maximumTokens
        settings.tokenInput = configuration.tokenInput
        settings.maskInput = configuration.maskInput
        settings.typeInput = configuration.typeInput
        do {
            try self.init(vocabulary: text, settings: settings)
        } catch {
            throw PluginLoadError(.loadFailed, "the vocabulary \(path): \(error.description)")
        }
    }
}
