import Configuration
import Foundation
import Logging
import Testing

@testable import Transport

@Suite struct TLSFilesTests {
    private final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-tls-\(UUID().uuidString)")

        init() throws {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
            for (name, text) in [
                ("a.pem", TestCertificates.first), ("a.key", TestCertificates.firstKey),
                ("b.pem", TestCertificates.second), ("b.key", TestCertificates.secondKey), ("empty", ""),
                ("text", "not PEM"),
            ] { try write(text, to: name) }
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        func write(_ text: String, to name: String) throws {
            try text.write(to: url.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }

        func files(_ certificate: String, _ key: String, _ clientCA: String? = nil) -> ListenerTLS {
            ListenerTLS(
                certificate: url.appendingPathComponent(certificate).path, key: url.appendingPathComponent(key).path,
                clientCA: clientCA.map { url.appendingPathComponent($0).path })
        }
    }

    @Test func filesThatBelongTogetherAreGood() throws {
        let folder = try Folder()
        #expect(TLSFiles.fault(in: folder.files("a.pem", "a.key")) == nil)
        #expect(TLSFiles.fault(in: folder.files("b.pem", "b.key", "a.pem")) == nil)
    }

    @Test func whatIsWrongIsSaidOfTheRightFile() throws {
        let folder = try Folder()
        for (certificate, key, clientCA, file) in [
            ("a.key", "a.key", nil, .certificate), ("empty", "a.key", nil, .certificate),
            ("text", "a.key", nil, .certificate), ("missing", "a.key", nil, .certificate),
            ("a.pem", "a.pem", nil, .key), ("a.pem", "text", nil, .key), ("a.pem", "b.key", nil, .key),
            ("a.pem", "a.key", "text", .clientCA), ("a.pem", "a.key", "a.key", .clientCA),
        ] as [(String, String, String?, ListenerTLS.Fault.File)] {
            let fault = TLSFiles.fault(in: folder.files(certificate, key, clientCA))
            #expect(fault?.file == file, "\(certificate) \(key) \(clientCA ?? "")")
        }
    }

    @Test func changedFilesAreTakenIfTheyAreGood() throws {
        let folder = try Folder()
        let certificates = try TLSCertificates(
            folder.files("a.pem", "a.key"), listener: "test",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(certificates.readings == 1)
        certificates.readAgainIfChanged()
        #expect(certificates.readings == 1)
        // Half of a change: the key doesn't belong to the certificate, so the old pair stays.
        try folder.write(TestCertificates.second, to: "a.pem")
        certificates.readAgainIfChanged()
        #expect(certificates.readings == 1)
        try folder.write(TestCertificates.secondKey, to: "a.key")
        certificates.readAgainIfChanged()
        #expect(certificates.readings == 2)
    }
}
