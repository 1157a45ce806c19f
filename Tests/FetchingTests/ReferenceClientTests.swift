import Configuration
import Dispatch
import Fetching
import NIOConcurrencyHelpers
import NIOCore
import Tensors
import Testing

/// What URLs of strangers may lead to, and what not.
@Suite struct ReferenceClientTests {
    private static let loopback = ["127.0.0.0/8"].compactMap { AddressRange($0) }

    private let server: FileServer
    private let host: String

    init() throws {
        server = try FileServer { path in
            switch path {
            case "/picture.png": .file("image/png; a=b", [1, 2, 3])
            case "/untold": .file("", [4])
            case "/page": .file("text/html", [5])
            case "/large": .file("image/png", [UInt8](repeating: 0, count: 2000))
            case "/gone": .status(404)
            case "/picture.png?at=http://a/": .file("image/png", [6])
            case "/moved": .redirect("/picture.png")
            case "/query": .redirect("/picture.png?at=http://a/#top")
            case "/round": .redirect("/round")
            case "/away": .redirect("http://elsewhere.example/picture.png")
            case "/metadata": .redirect("http://169.254.169.254/latest")
            case "/file": .redirect("file:///etc/passwd")
            case "/beside": .redirect("picture.png")
            case "/silence": .silence
            case "/endless": .endless
            default: .nothing
            }
        }
        host = "127.0.0.1:\(server.port)"
    }

    private func rules(
        _ hosts: [String]? = nil, networks: [AddressRange] = loopback, http: Bool = true,
        timeout: Duration = .seconds(30)
    ) -> ReferenceConfiguration {
        var rules = ReferenceConfiguration(
            hosts: (hosts ?? [host]).compactMap { ReferenceConfiguration.Host($0) })
        rules.networks = networks
        rules.allowsPlain = http
        rules.timeout = timeout
        return rules
    }

    /// What comes of a URL: the file, or the error's text.
    private func fetch(
        _ url: String, _ rules: ReferenceConfiguration? = nil, within: Duration = .seconds(30),
        lookup: @escaping ReferenceClient.Lookup = ReferenceClient.systemLookup
    ) -> Result<ReferenceClient.File, SluiceError> {
        let client = ReferenceClient(rules ?? self.rules(), lookup: lookup)
        let result = NIOLockedValueBox<Result<ReferenceClient.File, SluiceError>?>(nil)
        let done = DispatchSemaphore(value: 0)
        _ = client.fetch(url, limit: 1000, within: within.wholeNanoseconds) { outcome in
            result.withLockedValue { $0 = outcome }
            done.signal()
        }
        done.wait()
        return result.withLockedValue { $0! }
    }

    private func fault(
        _ path: String, _ rules: ReferenceConfiguration? = nil,
        lookup: @escaping ReferenceClient.Lookup = ReferenceClient.systemLookup
    ) -> String {
        let url = path.contains("://") ? path : "http://\(host)\(path)"
        guard case .failure(let error) = fetch(url, rules, lookup: lookup) else { return "a file" }
        return "\(error.code.text): \(error.message)"
    }

    @Test func aFileComesWithItsType() throws {
        defer { server.stop() }
        let file = try fetch("http://\(host)/picture.png").get()
        #expect((file.bytes, file.mediaType) == ([1, 2, 3], "image/png"))
        let untold = try fetch("http://\(host)/untold").get()
        #expect((untold.bytes, untold.mediaType) == ([4], nil))
        #expect(try fetch("http://\(host)/moved").get().bytes == [1, 2, 3])
        #expect(try fetch("http://\(host)/query").get().bytes == [6])
    }

    @Test func otherAnswersAreRefused() {
        defer { server.stop() }
        let cases = [
            ("/page", "its server says that it is \"text/html\": no picture, film or sound"),
            ("/large", "the file is too large"), ("/endless", "the file is too large"),
            ("/gone", "its server answered 404"), ("/round", "it is redirected more than 3 times"),
            ("/away", "no files are fetched from there; allowed is what the model's `references` name"),
            ("/metadata", "no files are fetched from there; allowed is what the model's `references` name"),
            ("/file", "the URL can't be read: it doesn't begin with https://"),
            ("/beside", "it is redirected to a path that isn't whole"),
            ("ftp://\(host)/a", "the URL can't be read: it doesn't begin with https://"),
            ("http://me:secret@\(host)/a", "the URL can't be read: a URL with a user or password ends up in logs"),
            ("http://127.0.0.1:1/a", "no files are fetched from there; allowed is what the model's `references` name"),
        ]
        for (path, message) in cases { #expect(fault(path) == "invalid_input: \(message)") }
    }

    @Test func addressesOfOnesOwnNetworkAreRefused() {
        defer { server.stop() }
        let message = "invalid_input: the host's address is none of the public Internet"
        #expect(fault("/picture.png", rules(networks: [])) == message)
        // A name of the list that leads into the network, as an attacker's resolver has it the second time.
        for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:192.168.0.1"] {
            let lookup: ReferenceClient.Lookup = { _, port, loop in
                loop.makeCompletedFuture { try SocketAddress(ipAddress: address, port: port) }
            }
            #expect(fault("http://files.example/a", rules(["files.example"], networks: []), lookup: lookup) == message)
        }
    }

    /// The address that was looked at is the one that is connected to: nothing looks the name up again.
    @Test func aNameIsLookedUpOnceForEachServer() throws {
        defer { server.stop() }
        let lookups = NIOLockedValueBox<[String]>([])
        let port = server.port
        let lookup: ReferenceClient.Lookup = { host, _, loop in
            lookups.withLockedValue { $0.append(host) }
            return loop.makeCompletedFuture { try SocketAddress(ipAddress: "127.0.0.1", port: port) }
        }
        let allowed = rules(["*.files.example"])
        #expect(try fetch("http://a.files.example/moved", allowed, lookup: lookup).get().bytes == [1, 2, 3])
        #expect(lookups.withLockedValue { $0 } == ["a.files.example", "a.files.example"])
        #expect(
            fault("http://files.example/moved", allowed, lookup: lookup)
                == "invalid_input: no files are fetched from there; allowed is what the model's `references` name")
    }

    /// A server that takes a redirect's place is held to the same addresses.
    @Test func redirectsAreLookedAtAgain() throws {
        let inner = try FileServer { _ in .redirect("http://inner.example/secret") }
        defer { inner.stop() }
        defer { server.stop() }
        let port = inner.port
        let lookup: ReferenceClient.Lookup = { host, _, loop in
            loop.makeCompletedFuture {
                try SocketAddress(ipAddress: host == "inner.example" ? "10.0.0.1" : "127.0.0.1", port: port)
            }
        }
        #expect(
            fault("http://outer.example/a", rules(["outer.example", "inner.example"]), lookup: lookup)
                == "invalid_input: the host's address is none of the public Internet")
    }

    @Test func plainHTTPHasToBeAllowed() {
        defer { server.stop() }
        #expect(fault("/picture.png", rules(http: false)) == "invalid_input: files come by https:// only")
    }

    @Test(arguments: ["/silence", "/nothing"]) func slowServersAreGivenUp(path: String) {
        defer { server.stop() }
        #expect(
            fault(path, rules(timeout: .milliseconds(50)))
                == "invalid_input: the file did not come within 0.05 seconds")
        guard case .failure(let error) = fetch("http://\(host)\(path)", within: .milliseconds(50)) else {
            Issue.record("a file")
            return
        }
        #expect(error.code == .deadlineExceeded)
    }

    @Test func whoeverLeavesEndsTheFetch() {
        defer { server.stop() }
        let client = ReferenceClient(rules())
        let code = NIOLockedValueBox<String>("")
        let done = DispatchSemaphore(value: 0)
        let end = client.fetch("http://\(host)/silence", limit: 1000, within: 60_000_000_000) { outcome in
            if case .failure(let error) = outcome { code.withLockedValue { $0 = error.code.text } }
            done.signal()
        }
        end()
        done.wait()
        #expect(code.withLockedValue { $0 } == "cancelled")
    }

    @Test func onlySoManyAreFetchedAtOnce() {
        defer { server.stop() }
        let client = ReferenceClient(rules())
        let done = DispatchSemaphore(value: 0)
        let ends = (0..<ReferenceClient.mostAtOnce).map { _ in
            client.fetch("http://\(host)/silence", limit: 1000, within: 60_000_000_000) { _ in done.signal() }
        }
        let code = NIOLockedValueBox<String>("")
        _ = client.fetch("http://\(host)/picture.png", limit: 1000, within: 60_000_000_000) { outcome in
            if case .failure(let error) = outcome { code.withLockedValue { $0 = error.code.text } }
        }
        #expect(code.withLockedValue { $0 } == "overloaded")
        for end in ends { end() }
        for _ in ends { done.wait() }
    }
    /// Whoever has a file keeps its place, and so does a lookup that hangs with its thread: leaving makes no room for more.
    @Test func placesAreKeptForFilesAndLookups() throws {
        let waiting = NIOLockedValueBox<[EventLoopPromise<SocketAddress>]>([])
        let asked = DispatchSemaphore(value: 0)
        let port = server.port
        let client = ReferenceClient(rules(["files.example", "stuck.example"])) { host, _, loop in
            let promise = loop.makePromise(of: SocketAddress.self)
            if host == "stuck.example" {
                waiting.withLockedValue { $0.append(promise) }
            } else {
                promise.completeWith(Result { try SocketAddress(ipAddress: "127.0.0.1", port: port) })
            }
            asked.signal()
            return promise.futureResult
        }
        defer { server.stop() }
        func fetch(_ url: String, endsAtOnce: Bool = false) -> Result<ReferenceClient.File, SluiceError> {
            let result = NIOLockedValueBox<Result<ReferenceClient.File, SluiceError>?>(nil)
            let done = DispatchSemaphore(value: 0)
            let end = client.fetch(url, limit: 1000, within: 60_000_000_000) { outcome in
                result.withLockedValue { $0 = outcome }
                done.signal()
            }
            if endsAtOnce {
                asked.wait()
                end()
            }
            done.wait()
            return result.withLockedValue { result in
                defer { result = nil }
                return result ?? .failure(SluiceError(.internalError, "no outcome"))
            }
        }
        func code(_ result: Result<ReferenceClient.File, SluiceError>) -> String? {
            if case .failure(let error) = result { error.code.text } else { nil }
        }
        var files = try (1..<ReferenceClient.mostAtOnce).map { _ in try fetch("http://files.example/picture.png").get()
        }
        for _ in files { asked.wait() }
        #expect(code(fetch("http://stuck.example/a", endsAtOnce: true)) == "cancelled")
        #expect(code(fetch("http://files.example/picture.png")) == "overloaded")

        files.removeLast().place?.leave()
        #expect(code(fetch("http://stuck.example/a", endsAtOnce: true)) == "cancelled")
        #expect(code(fetch("http://files.example/picture.png")) == "overloaded")

        for promise in waiting.withLockedValue({ $0 }) {
            promise.fail(ChannelError.eof)
            try promise.futureResult.eventLoop.submit {}.wait()
        }
        #expect(try fetch("http://files.example/picture.png").get().bytes == [1, 2, 3])
    }
}
