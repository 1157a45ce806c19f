/// One key of gateway.yaml: how it is written, what its value is, what it is for. The only place where that is said.
struct Key<Value>: Sendable {
    let name: String
    let type: ValueType<Value>
    /// Whether the mapping is wrong without it; `defaultText` is for people.
    let isRequired: Bool
    /// What holds where the key is left out, as it would be written.
    let defaultText: String?
    let summary: String

    private init(_ name: String, _ type: ValueType<Value>, isRequired: Bool, defaultText: String?, _ summary: String) {
        self.name = name
        self.type = type
        self.isRequired = isRequired
        self.defaultText = defaultText
        self.summary = summary
    }

    static func required(_ name: String, _ type: ValueType<Value>, _ summary: String) -> Key {
        Key(name, type, isRequired: true, defaultText: nil, summary)
    }

    static func optional(
        _ name: String, _ type: ValueType<Value>, default defaultText: String? = nil, _ summary: String
    ) -> Key {
        Key(name, type, isRequired: false, defaultText: defaultText, summary)
    }

    /// The key without its type, for lists of keys.
    var description: KeyDescription {
        KeyDescription(
            name: name, type: type.name, example: type.example, form: type.form, isRequired: isRequired,
            defaultText: defaultText,
            summary: summary)
    }
}

/// What people, and generated documents, need to know of a key.
struct KeyDescription: Sendable, Equatable {
    let name: String
    let type: String
    let example: String
    let form: ValueForm
    let isRequired: Bool
    let defaultText: String?
    let summary: String
}

/// One mapping of gateway.yaml and the keys that it may have.
struct Block: Sendable {
    /// Where the mapping stands, e.g. `listeners.NAME.timeouts`; empty for the whole file.
    let path: String
    let keys: [KeyDescription]
    /// What such a mapping may be, where that is one of several things; empty where it is just what its keys say.
    let kinds: [Kind]

    /// One of several things that a mapping may be: a key that makes it that, and those that it can't have then.
    struct Kind: Sendable {
        let key: String
        let excluded: [String]
    }

    init(_ path: String, _ keys: [KeyDescription], kinds: [Kind] = []) {
        self.path = path
        self.keys = keys
        self.kinds = kinds
    }

    /// Every block that there is, in the order of the reference.
    static let all: [Block] = [
        GatewayBlock.block, ListenerBlock.block, TimeoutsBlock.block, TLSBlock.block, PluginBlock.block,
        GrantsBlock.block, ModelBlock.block, StepBlock.block,
        BatchingBlock.block, PrioritiesBlock.block, SequencesBlock.block, PadBlock.block, CacheBlock.block,
        BreakerBlock.block,
        InputBlock.block, ReferencesBlock.block, OutputBlock.block, WrittenImageBlock.block, WrittenAudioBlock.block,
        ImageBlock.block, VideoBlock.block, AudioBlock.block, SelfTestBlock.block, AuthBlock.block,
        APIKeysBlock.block, IssuerBlock.block,
        IssuerKeysBlock.block, OwnerBlock.block, BanBlock.block, ConsumerBlock.block,
        ConsumerKeyBlock.block,
        AccessRuleBlock.allow, HoursBlock.block, AccessRuleBlock.deny, QuotaBlock.block, StoreBlock.block,
        GroupBlock.block, RouteBlock.block, MatchBlock.block,
        InputMatchBlock.block, SendBlock.block,
        ShareBlock.block, CanaryBlock.block, CanaryStepBlock.block, StickyBlock.block, ShadowBlock.block,
        RedactionBlock.block, FirewallBlock.block,
        RungBlock.block, LowConfidenceBlock.block, FixedOutputBlock.block, RetryBlock.block, HedgeBlock.block,
        ObservabilityBlock.block, AuditBlock.block, AnomalyBlock.block, EncryptionBlock.block,
        EncryptionKeyBlock.block, AdminBlock.block, ReloadBlock.block,
        SharedMemoryBlock.block, TokenizerBlock.block,
    ]
}
