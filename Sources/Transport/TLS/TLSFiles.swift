package import Configuration
internal import NIOSSL

/// Reads the files that a listener's TLS needs.
package enum TLSFiles {
    /// What is wrong with them, if something is.
    package static func fault(in files: ListenerTLS) -> ListenerTLS.Fault? {
        do throws(ListenerTLS.Fault) {
            _ = try context(for: files)
            return nil
        } catch {
            return error
        }
    }

    /// TLS as this gateway speaks it: 1.2 or newer, HTTP/2 or HTTP/1.1 within.
    static func context(for files: ListenerTLS) throws(ListenerTLS.Fault) -> NIOSSLContext {
        let chain = try certificates(in: files.certificate, .certificate)
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        } catch {
            throw ListenerTLS.Fault(.key, "holds no private key in PEM that can be read without a passphrase")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["h2", "http/1.1"]
        if let clientCA = files.clientCA {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(try certificates(in: clientCA, .clientCA))
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ListenerTLS.Fault(.key, "does not hold the private key of the first certificate in cert")
        }
    }

    private static func certificates(
        in path: String, _ file: ListenerTLS.Fault.File
    ) throws(ListenerTLS.Fault) -> [NIOSSLCertificate] {
        let certificates = (try? NIOSSLCertificate.fromPEMFile(path)) ?? []
        guard !certificates.isEmpty else {
            throw ListenerTLS.Fault(file, "holds no certificate in PEM")
        }
        return certificates
    }
}
