/// The files that a listener's TLS takes its certificates from; absolute paths.
package struct ListenerTLS: Sendable, Equatable {
    /// PEM: the listener's own certificate, and those that lead to its root after it.
    package var certificate: String
    /// PEM: the private key of the first certificate.
    package var key: String
    /// PEM: roots that clients' certificates must lead to. Where it is given, clients without one are refused.
    package var clientCA: String?
    package var plain = Plain.refuse

    package init(certificate: String, key: String, clientCA: String? = nil, plain: Plain = .refuse) {
        self.certificate = certificate
        self.key = key
        self.clientCA = clientCA
        self.plain = plain
    }
}

extension ListenerTLS {
    /// What happens to clients that speak without TLS on the same port.
    package enum Plain: String, Sendable, CaseIterable {
        case refuse
        case allow
    }

    /// What is wrong with the contents of one of the files.
    package struct Fault: Error, Sendable, Equatable {
        package enum File: Sendable {
            case certificate
            case key
            case clientCA
        }

        package var file: File
        /// What is wrong, as the end of a sentence about the file.
        package var message: String

        package init(_ file: File, _ message: String) {
            self.file = file
            self.message = message
        }
    }
}
