internal import Configuration
internal import Tensors

/// What callers are told who don't prove who they are; made once, as they are many.
///
/// The words depend on the whole file, not on the route, which a stranger is to learn nothing of.
struct Refusals: Sendable {
    let missing: SluiceError
    let notTaken: SluiceError
    let unknownKey = SluiceError(.unauthenticated, "this API key is not known here")
    let expiredKey = SluiceError(.unauthenticated, "this API key has expired")
    let challenge: String

    /// - Parameters:
    ///   - kinds: all that any route takes.
    ///   - header: the one with keys.
    init(kinds: IdentityKinds, header: String) {
        let isBearer = header == AuthConfiguration.standardHeader
        let keyAdvice = isBearer ? "as Authorization: Bearer KEY" : "in the header \(header)"
        var text: String
        switch (kinds.contains(.apiKeys), kinds.contains(.tokens)) {
        case (true, true) where isBearer:
            text = "an API key or a token (JWT) is needed: send it as Authorization: Bearer KEY"
        case (true, true):
            text =
                "an API key or a token (JWT) is needed: send the key \(keyAdvice), or the token as Authorization: Bearer TOKEN"
        case (false, true): text = "a token (JWT) is needed: send it as Authorization: Bearer TOKEN"
        case (false, false) where kinds.contains(.certificates):
            text = "a client certificate is needed that this gateway knows"
        default: text = "an API key is needed: send it \(keyAdvice)"
        }
        if kinds.contains(.certificates), kinds != .certificates { text += ", or show a client certificate" }
        missing = SluiceError(.unauthenticated, text)
        notTaken = SluiceError(.unauthenticated, "credentials of this kind are not taken here")
        var challenges: [String] = []
        if kinds.contains(.tokens) || isBearer { challenges.append("Bearer realm=\"sluice\"") }
        if kinds.contains(.apiKeys), !isBearer {
            challenges.append("ApiKey realm=\"sluice\", header=\"\(header)\"")
        }
        challenge = challenges.isEmpty ? "Bearer realm=\"sluice\"" : challenges.joined(separator: ", ")
    }
}
