import Configuration
import Crypto
import Foundation
import Logging
import Policies
import Telemetry
import Testing

@testable import IssuerKeys

@Suite struct IssuerKeyServiceTests {
    private static func issuer(_ name: String, _ keys: IssuerConfiguration.Keys, refresh: Duration = .seconds(60))
        -> IssuerConfiguration
    {
        IssuerConfiguration(
            name: name, issuer: "https://\(name)/", audience: ["a"], algorithms: [.hs256, .edDSA], keys: keys,
            refresh: refresh, owner: .init(claim: "sub"), location: SourceLocation(line: 1, column: 1))
    }

    private static func service() -> (IssuerKeyService, GatewayMetrics) {
        let metrics = GatewayMetrics(version: "test")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return (IssuerKeyService(IssuerKeyReport(logger: logger, metrics: metrics)), metrics)
    }

    private static func keySet(_ ids: String...) -> String {
        let keys = ids.map { id in
            let bytes = Curve25519.Signing.PrivateKey().publicKey.rawRepresentation
            let x = bytes.base64EncodedString().replacingOccurrences(of: "+", with: "-")
                .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
            return #"{"kty":"OKP","crv":"Ed25519","kid":"\#(id)","x":"\#(x)"}"#
        }
        return "{\"keys\":[\(keys.joined(separator: ","))]}"
    }

    @Test func filesAndSecretsAreReadBeforeAnythingServes() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-keys-\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Self.keySet("a", "b").write(to: file, atomically: true, encoding: .utf8)
        let (service, metrics) = Self.service()
        defer { service.shutDown() }
        let issuers = [
            Self.issuer("file", .file(file.path)),
            Self.issuer("secret", .secret(Secret(reference: "env:X", bytes: Array(repeating: 1, count: 32)))),
            Self.issuer("missing", .file(file.path + ".not")),
        ]
        let sets = service.prepare(issuers, patience: .seconds(30))
        #expect(sets["file"]?.count == 2 && sets["secret"]?.count == 1)
        #expect(sets["missing"]?.isRead == false)
        let text = metrics.registry.scrape()
        #expect(text.contains(#"sluice_issuer_keys{issuer="file"} 2"#))
        #expect(text.contains(#"sluice_issuer_reads_total{issuer="missing",outcome="failed"} 1"#))
    }

    @Test func revisionsThatMeanTheSameKeysShareThem() throws {
        let (service, _) = Self.service()
        defer { service.shutDown() }
        let secret = IssuerConfiguration.Keys.secret(Secret(reference: "env:X", bytes: Array(repeating: 1, count: 32)))
        let first = service.prepare([Self.issuer("a", secret)], patience: .seconds(30))
        var other = Self.issuer("a", secret)
        other.audience = ["b"]
        let second = service.prepare([other], patience: .seconds(30))
        #expect(first["a"] === second["a"])
        // Another rhythm reads anew, into the same place.
        let third = service.prepare([Self.issuer("a", secret, refresh: .seconds(99))], patience: .seconds(30))
        #expect(first["a"] === third["a"])
        let fourth = service.prepare(
            [Self.issuer("a", .secret(Secret(reference: "env:Y", bytes: Array(repeating: 2, count: 32))))],
            patience: .seconds(30))
        #expect(first["a"] !== fourth["a"])
        service.keep([])
        let fifth = service.prepare([Self.issuer("a", secret)], patience: .seconds(30))
        #expect(first["a"] !== fifth["a"] && fifth["a"]?.count == 1)
    }
}
