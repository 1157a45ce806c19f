import Configuration
import Crypto
import Foundation
import Policies
import Tensors

/// Makes tokens as an issuer does, wrong ones too.
struct TestIssuer {
    static let now: Int64 = 1_800_000_000
    static let secret = Array("a secret of thirty-two bytes here".utf8)
    /// What an issuer's RSA key looks like to everybody; some take it for a secret.
    static let publicKey = Array("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n".utf8)

    static let standardHead = #"{"alg":"HS256","typ":"JWT","kid":"k1"}"#
    static let standardClaims =
        #"{"iss":"https://login.example/","aud":"sluice","sub":"alice","exp":1800000600,"nbf":1799999990,"iat":1799999990}"#

    static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    static func encode(_ text: String) -> String { encode(Array(text.utf8)) }

    static func sign(_ text: String, _ secret: [UInt8] = secret) -> String {
        encode(
            Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: secret))))
    }

    /// A token of these texts, well signed.
    static func token(
        _ claims: String = standardClaims, head: String = standardHead, secret: [UInt8] = secret
    ) -> String {
        let text = "\(encode(head)).\(encode(claims))"
        return "\(text).\(sign(text, secret))"
    }

    /// A key that takes what `sign` makes, whatever it is said to be.
    static func key(_ id: String?, _ algorithm: TokenAlgorithm = .hs256, secret: [UInt8] = secret) -> SigningKey {
        SigningKey(id: id, algorithm: algorithm) { signature, message in
            HMAC<SHA256>.isValidAuthenticationCode(
                signature, authenticating: message, using: SymmetricKey(data: secret))
        }
    }

    static func configuration(
        algorithms: [TokenAlgorithm] = [.hs256], owner: IssuerConfiguration.Owner = .init(claim: "sub")
    ) -> IssuerConfiguration {
        IssuerConfiguration(
            name: "login", issuer: "https://login.example/", audience: ["sluice", "gate"], algorithms: algorithms,
            keys: .secret(Secret(reference: "env:X", bytes: secret)), owner: owner,
            location: SourceLocation(line: 1, column: 1))
    }

    static func principal(_ name: String) -> Principal {
        Principal(
            Consumer(
                name: name, models: ModelPatterns(["*"]),
                quotas: QuotaLedger(consumer: name, policies: [], now: .init(nanoseconds: 0))))
    }

    /// A verifier for the one issuer, with keys or before it has any.
    static func verifier(
        _ configuration: IssuerConfiguration = configuration(), keys: [SigningKey]? = [key("k1")],
        set: IssuerKeySet = IssuerKeySet(), observe: @escaping TokenVerifier.Observer = { _, _ in }
    ) -> TokenVerifier {
        if let keys { set.replace(keys) }
        let names = ["alice", "bob", "guests", "anonymous"]
        return TokenVerifier(
            [
                TokenIssuer(
                    configuration, keys: set,
                    principals: Dictionary(uniqueKeysWithValues: names.map { ($0, principal($0)) }))
            ], observe: observe)
    }
}

extension TokenVerifier {
    /// Says whose token it is; the token comes in as clients send it.
    func name(_ token: String, at now: Int64 = TestIssuer.now) throws(SluiceError) -> String {
        let authenticator = Authenticator(
            header: "authorization", keys: KeyTable(plain: [:]), tokens: self, kinds: .tokens)
        let proof = authenticator.read(ShownCredentials(key: "Bearer \(token)")).proof
        return try authenticator.authenticate(proof, kinds: .tokens, nowSeconds: now).name
    }
}
