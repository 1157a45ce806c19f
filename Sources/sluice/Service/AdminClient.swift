internal import ArgumentParser
internal import Configuration
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Talks to the admin listener of a running gateway.
struct AdminClient {
    /// Where it is and how to get in; the same for every command.
    struct Options: ParsableArguments {
        @Option(
            help: """
                HOST:PORT of the admin listener; else what SLUICE_ADMIN says, else the one in the file. The key, where one \
                is needed, is read from SLUICE_ADMIN_KEY.
                """)
        var admin: String?

        @Option(help: "The gateway.yaml in which to look for the admin listener.")
        var config = "gateway.yaml"
    }

    /// What the gateway answered.
    struct Answer {
        var status: Int
        var body: [UInt8]

        var document: Any? { try? JSONSerialization.jsonObject(with: Data(body)) }
        var object: [String: Any] { document as? [String: Any] ?? [:] }
    }

    private let host: String
    private let port: Int
    private let key: String?

    init(_ options: Options) throws {
        let environment = ProcessInfo.processInfo.environment
        key = environment["SLUICE_ADMIN_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        let address: (host: String, port: Int)
        if let text = options.admin ?? environment["SLUICE_ADMIN"] {
            guard let parsed = ListenerConfiguration.hostAndPort(text) else {
                throw ValidationError("\"\(text)\" is no HOST:PORT")
            }
            address = parsed
        } else {
            let outcome = ConfigurationFile.check(try ConfigurationFile.read(options.config))
            let listener = outcome.configuration?.listeners.first { $0.serves.contains(.admin) && $0.port != 0 }
            guard let listener else {
                throw ValidationError(
                    "\(options.config) has no listener that serves admin; say where it is by --admin HOST:PORT")
            }
            address = (listener.host, listener.port)
        }
        // A listener on all addresses is on this machine's own, too.
        host = ["0.0.0.0", "::"].contains(address.host) ? "127.0.0.1" : address.host
        port = address.port
    }

    /// Sends one request and waits for its answer, however long a model takes to load.
    func send(_ method: HTTPMethod, _ path: String, body: [UInt8] = []) async throws -> Answer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let answer = try await send(method, path, body: body, group: group)
            try await group.shutdownGracefully()
            return answer
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: String, body: [UInt8], group: MultiThreadedEventLoopGroup
    ) async throws -> Answer {
        let promise = group.next().makePromise(of: NIOHTTPClientResponseFull.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: group).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: 64 << 20))
                    try pipeline.addHandler(AnswerHandler(promise))
                }
            }.connect(host: host, port: port).get()
        } catch {
            promise.fail(error)
            throw ValidationError("no gateway answers at \(host):\(port): \(error)")
        }
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "host", value: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
        head.headers.add(name: "connection", value: "close")
        if method == .POST { head.headers.add(name: "content-length", value: "\(body.count)") }
        if !body.isEmpty { head.headers.add(name: "content-type", value: "application/json") }
        if let key { head.headers.add(name: "authorization", value: "Bearer \(key)") }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !body.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        let response = try await promise.futureResult.get()
        return Answer(
            status: Int(response.head.status.code), body: response.body.map { Array($0.readableBytesView) } ?? [])
    }

    /// Keeps the one response.
    private final class AnswerHandler: ChannelInboundHandler {
        typealias InboundIn = NIOHTTPClientResponseFull

        private var promise: EventLoopPromise<NIOHTTPClientResponseFull>?

        init(_ promise: EventLoopPromise<NIOHTTPClientResponseFull>) {
            self.promise = promise
        }

        private func finish(_ result: Result<NIOHTTPClientResponseFull, any Error>) {
            promise?.completeWith(result)
            promise = nil
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            finish(.success(unwrapInboundIn(data)))
            context.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            finish(.failure(error))
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            finish(.failure(ValidationError("the gateway closed the connection without an answer")))
        }
    }
}

extension AdminClient.Answer {
    /// Ends the command with what the gateway refused, if it did.
    func check() throws {
        guard status >= 400 else { return }
        let error = object["error"] as? String ?? String(decoding: body.prefix(1000), as: UTF8.self)
        var text = "refused: \(error)\n"
        if let detail = object["detail"] as? [String: Any] {
            for line in detail["diagnostics"] as? [String] ?? [] { text += "  \(line)\n" }
            if let serving = detail["serving"] as? Int, let hash = detail["hash"] as? String {
                text += "revision \(serving) (\(hash)) goes on serving\n"
            }
        }
        FileHandle.standardError.write(Data(text.utf8))
        throw ExitCode(1)
    }

    /// Says what a change came to.
    func printReport() {
        let object = object
        let list: (String) -> [String] = { object[$0] as? [String] ?? [] }
        let revision = object["revision"] as? Int ?? 0
        print(
            "revision \(revision) (\(object["hash"] as? String ?? "")) serves, after \(object["milliseconds"] as? Int ?? 0) ms"
        )
        for change in list("changes") { print("  \(change)") }
        if list("changes").isEmpty { print("  nothing is different") }
        if !list("loaded").isEmpty { print("loaded: \(list("loaded").joined(separator: ", "))") }
        if !list("retired").isEmpty { print("finishing: \(list("retired").joined(separator: ", "))") }
    }
}
