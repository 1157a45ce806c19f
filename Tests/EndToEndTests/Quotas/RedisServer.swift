import Foundation
import Glibc

/// A Redis server of its own, on a free port, without any files; killed with the fixture.
///
/// Invariant behind `@unchecked Sendable`: one test uses it at a time.
final class RedisServer: @unchecked Sendable {
    let port: Int
    /// Where it is reached by TLS, if it has a certificate.
    let tlsPort: Int
    private var process: Process?
    private let password: String?
    private let tlsArguments: [String]

    /// Starts the server and waits until it answers.
    ///
    /// - Parameter certificate: the files that it shows who it is by.
    init(password: String? = nil, certificate: (chain: URL, key: URL)? = nil) throws {
        self.password = password
        port = try Self.freePort()
        let secure = try certificate == nil ? 0 : Self.freePort()
        tlsPort = secure
        tlsArguments =
            certificate.map { certificate in
                ["--tls-port", "\(secure)", "--tls-auth-clients", "no"] + [
                    "--tls-cert-file", certificate.chain.path, "--tls-key-file", certificate.key.path,
                ]
            } ?? []
        try start()
    }

    deinit { kill() }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) | getsockname(descriptor, $0, &length)
            }
        }
        guard result == 0 else { throw RawConnection.Failure(description: "no port is free") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    /// Starts it again, with nothing in it.
    func start() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/redis-server")
        process.arguments =
            ["--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"]
            + (password.map { ["--requirepass", $0] } ?? []) + tlsArguments
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        let deadline = Date().addingTimeInterval(20)
        while Date() < deadline {
            if (try? command("PING")) == "+PONG" { return }
            usleep(2000)
        }
        throw RawConnection.Failure(description: "the Redis server didn't start")
    }

    /// Ends it at once, as a crash would.
    func kill() {
        guard let process, process.isRunning else { return }
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Sends one command and gives back its answer, of which long ones are cut.
    @discardableResult
    func command(_ words: String...) throws -> String {
        let connection = try RawConnection(port: port)
        func send(_ words: [String]) throws -> String {
            connection.send(
                "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined())
            while !connection.received.contains(0x0A) {
                guard try connection.fill() else { throw RawConnection.Failure(description: "Redis hung up") }
            }
            defer { connection.received = [] }
            return String(decoding: connection.received, as: UTF8.self).trimmingCharacters(in: .newlines)
        }
        if let password { _ = try send(["AUTH", password]) }
        return try send(words)
    }
}
