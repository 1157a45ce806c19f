extension MediaConfiguration {
    /// `image`, `video` and `audio` as the file has them; `null` those that it doesn't.
    static func effective(ofInput settings: ConfigurationValue?) -> [(key: String, value: ConfigurationValue)] {
        effective(settings, [("image", ImageBlock.block), ("video", VideoBlock.block), ("audio", AudioBlock.block)])
    }

    fileprivate static func effective(
        _ settings: ConfigurationValue?, _ blocks: [(key: String, block: Block)]
    ) -> [(key: String, value: ConfigurationValue)] {
        blocks.map { key, block in (key, settings?[key].map { block.effective($0) } ?? .null) }
    }
}

extension OutputConfiguration {
    var effective: ConfigurationValue {
        let labels = labels.map { labels in
            ConfigurationValue.mapping([
                ("file", .string(labels.file)), ("count", .integer(Int64(labels.texts.count))),
            ])
        }
        let settings = media.map { ConfigurationValue.mapping([($0.kind.rawValue, $0.settings)]) }
        let media = MediaConfiguration.effective(
            settings, [("image", WrittenImageBlock.block), ("audio", WrittenAudioBlock.block)])
        return .mapping([("labels", labels ?? .null)] + media)
    }
}

extension Block {
    /// All keys in the file's words, with their defaults where the plugin's settings say nothing of them.
    fileprivate func effective(_ settings: ConfigurationValue) -> ConfigurationValue {
        .mapping(
            keys.map { key in
                // The plugin counts in seconds.
                if key.name == VideoBlock.maxDuration.name, case .double(let seconds)? = settings["max_seconds"] {
                    return (key.name, .duration(.seconds(seconds)))
                }
                return (key.name, settings[key.name]?.whole ?? key.defaultValue)
            })
    }
}

extension KeyDescription {
    /// What holds where the key is left out: a value, or words such as "as it is"; `null` where the key says nothing of it.
    fileprivate var defaultValue: ConfigurationValue {
        guard let text = defaultText else { return .null }
        if let truth = Bool(text) { return .bool(truth) }
        if let number = Int(text) ?? MediaText.pixels(text) ?? MediaText.hertz(text) { return .integer(Int64(number)) }
        return .string(text.filter { $0 != "`" })
    }
}

extension ConfigurationValue {
    fileprivate subscript(key: String) -> ConfigurationValue? {
        guard case .mapping(let entries) = self else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// The same, with numbers that are whole as such: `1` and `1.0` mean one thing.
    fileprivate var whole: ConfigurationValue {
        switch self {
        case .double(let number): Int64(exactly: number).map { .integer($0) } ?? self
        case .list(let items): .list(items.map(\.whole))
        default: self
        }
    }
}
