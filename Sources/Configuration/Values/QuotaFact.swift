/// What can be known of one request, and so be counted. The raw values are the names in gateway.yaml.
package enum QuotaFact: String, Sendable, CaseIterable {
    /// 1 for each request.
    case requests
    /// Along the batch dimension.
    case rows
    /// Elements of all input tensors.
    case elements
    /// Characters (Unicode scalars) of all text in the inputs.
    case characters
    /// Pixels of all pictures in the inputs.
    case pixels
    /// Seconds of all sound in the inputs.
    case audioSeconds = "audio_seconds"
    /// Bytes of the request's body, once it is unpacked.
    case bytesIn = "bytes_in"
    /// Bytes of the answer's body, before it is packed.
    case bytesOut = "bytes_out"
    /// Tokens of prompt and completion, as far as the answer tells.
    case tokens
    /// Milliseconds that the plugin spent on the request.
    case pluginMilliseconds = "plugin_ms"

    /// Whether it is only known once the request has been answered.
    package var isKnownLate: Bool {
        switch self {
        case .bytesOut, .tokens, .pluginMilliseconds: true
        default: false
        }
    }
}

/// The facts of one request; what isn't known, or isn't there, is 0.
package struct QuotaFacts: Sendable, Equatable {
    package var rows = 1.0
    package var elements = 0.0
    package var characters = 0.0
    package var pixels = 0.0
    package var audioSeconds = 0.0
    package var bytesIn = 0.0
    package var bytesOut = 0.0
    package var tokens = 0.0
    package var pluginMilliseconds = 0.0

    package init() {}

    package subscript(fact: QuotaFact) -> Double {
        get {
            switch fact {
            case .requests: 1
            case .rows: rows
            case .elements: elements
            case .characters: characters
            case .pixels: pixels
            case .audioSeconds: audioSeconds
            case .bytesIn: bytesIn
            case .bytesOut: bytesOut
            case .tokens: tokens
            case .pluginMilliseconds: pluginMilliseconds
            }
        }
        set {
            switch fact {
            case .requests: break
            case .rows: rows = newValue
            case .elements: elements = newValue
            case .characters: characters = newValue
            case .pixels: pixels = newValue
            case .audioSeconds: audioSeconds = newValue
            case .bytesIn: bytesIn = newValue
            case .bytesOut: bytesOut = newValue
            case .tokens: tokens = newValue
            case .pluginMilliseconds: pluginMilliseconds = newValue
            }
        }
    }
}
