internal import Configuration
package import Tensors

/// Checks tokens (JWT, RFC 7519, as RFC 8725 advises) of the issuers in the file.
///
/// Nothing in a token says how it is to be checked: its head only picks among the ways and keys that the file gives to
/// its issuer. URLs and keys inside a token are never looked at.
package final class TokenVerifier: Sendable {
    /// What happens to tokens, for those who count it. The issuer's name is that of the file; `nil` for all others.
    package typealias Observer = @Sendable (_ issuer: String?, _ fault: TokenFault) -> Void

    private let issuers: [String: TokenIssuer]
    private let memory: TokenMemory
    private let observe: Observer

    package init(_ issuers: [TokenIssuer], observe: @escaping Observer = { _, _ in }) {
        self.issuers = Dictionary(issuers.map { ($0.issuer, $0) }, uniquingKeysWith: { first, _ in first })
        self.memory = TokenMemory()
        self.observe = observe
    }

    /// Tokens of which it is known that they hold.
    package var remembered: Int { memory.count }

    /// Says whose request one with that token is.
    ///
    /// - Parameter nowSeconds: seconds since 1970.
    /// - Throws: `unauthenticated`; `issuer_unavailable` before the issuer's keys have been read for the first time.
    package func principal(of token: PresentedToken, nowSeconds now: Int64) throws(SluiceError) -> Principal {
        if let known = memory.find(token.digest), known.generation == known.issuer.keys.generation {
            if now >= known.begins, now < known.ends { return known.principal }
            let fault = now < known.begins ? TokenFault.early : .expired
            if fault == .expired { memory.forget(token.digest) }
            observe(known.issuer.name, fault)
            throw refusal(fault, waits: false)
        }
        var issuer: TokenIssuer?
        var waits = false
        do throws(TokenFault) {
            return try check(token, now: now, issuer: &issuer, waits: &waits)
        } catch {
            observe(issuer?.name, error)
            throw refusal(error, waits: waits)
        }
    }

    /// - Parameters:
    ///   - issuer: whose token it says it is, as far as that was found out.
    ///   - waits: whether keys are on their way with which it may hold.
    private func check(
        _ token: PresentedToken, now: Int64, issuer found: inout TokenIssuer?, waits: inout Bool
    ) throws(TokenFault) -> Principal {
        let read = try TokenText(token.text)
        guard let issuer = read.claims.members["iss"]?.text.flatMap({ issuers[$0] }) else { throw .issuer }
        found = issuer
        guard let algorithm = read.algorithm, issuer.algorithms.contains(algorithm) else { throw .algorithm }
        let keys = issuer.keys
        // Taken before the keys, so that a change in between only costs another check.
        let generation = keys.generation
        guard keys.isRead else {
            waits = keys.askForMore()
            throw .unread
        }
        let candidates = keys.candidates(id: read.keyID, algorithm: algorithm)
        guard !candidates.isEmpty else {
            waits = keys.askForMore()
            throw .key
        }
        guard candidates.contains(where: { $0.isValid(read.signature, read.signed) }) else { throw .signature }

        // From here on the issuer itself speaks.
        let claims = read.claims
        let times = try TokenTimes(claims, skew: issuer.skew)
        guard let audience = claims.members["aud"]?.texts, audience.contains(where: issuer.audience.contains) else {
            throw .audience
        }
        let principal = try issuer.principal(for: claims)
        memory.keep(
            TokenMemory.Entry(
                principal: principal, issuer: issuer, generation: generation, begins: times.begins,
                ends: times.ends), token.digest)
        if now < times.begins { throw .early }
        if now >= times.ends {
            memory.forget(token.digest)
            throw .expired
        }
        return principal
    }

    /// What a caller is told. Before the signature has proved right nobody learns which check failed.
    private func refusal(_ fault: TokenFault, waits: Bool) -> SluiceError {
        switch fault {
        case .malformed, .issuer, .algorithm, .key, .signature:
            return SluiceError(
                .unauthenticated, "this token is not valid here", detail: [.init("reason", "token_invalid")],
                retryAfterNanoseconds: waits ? 1_000_000_000 : nil)
        case .unread:
            return SluiceError(
                .issuerUnavailable, "the keys of this token's issuer can't be read at the moment",
                retryAfterNanoseconds: 1_000_000_000)
        case .expired:
            return SluiceError(
                .unauthenticated, "this token has expired", detail: [.init("reason", "token_expired")])
        case .early:
            return SluiceError(
                .unauthenticated, "this token is not valid yet", detail: [.init("reason", "token_not_yet_valid")])
        case .audience:
            return SluiceError(
                .unauthenticated, "this token is meant for somebody else", detail: [.init("reason", "token_audience")])
        case .consumer:
            return SluiceError(
                .unauthenticated, "this token is no consumer's of this gateway",
                detail: [.init("reason", "token_consumer")])
        }
    }
}

/// From when and up to when a token holds.
struct TokenTimes {
    /// Seconds since 1970, the skew included.
    let begins: Int64
    let ends: Int64

    /// - Throws: `malformed` where a time is no number; `expired` where no end is given.
    init(_ claims: Claims, skew: Int64) throws(TokenFault) {
        func time(_ name: String) throws(TokenFault) -> Int64? {
            guard let value = claims.members[name] else { return nil }
            // 2^53 seconds are more than anybody's token lasts, and doubles are exact up to there.
            guard case .number(let seconds) = value, abs(seconds) <= 9_007_199_254_740_992 else { throw .malformed }
            return Int64(seconds)
        }
        guard let end = try time("exp") else { throw .expired }
        let start = max(try time("nbf") ?? .min, try time("iat") ?? .min)
        begins = start == .min ? .min : start - skew
        ends = end + skew
    }
}
