package import Configuration
internal import NIOConcurrencyHelpers
package import NIOCore
internal import NIOPosix
internal import NIOSSL
package import Tensors

/// Fetches the files that requests to one model name by URL.
///
/// Clients choose the URL, so nothing of it is trusted: the host must be one of the file's, the address that it has just now
/// must be of the public Internet or allowed by the file, and that very address is connected to; the same for each redirect.
/// Names are looked up and answers are read on threads of their own, apart from clients' connections.
package final class ReferenceClient: Sendable {
    /// What a URL led to.
    package struct File: Sendable {
        package var bytes: [UInt8]
        /// What its server says that it is, in lower case; `nil` where that says nothing.
        package var mediaType: String?
        /// To be kept for as long as the bytes are.
        package var place: FetchPlaces.Place?
    }

    /// Finds a host's address.
    package typealias Lookup = @Sendable (_ host: String, _ port: Int, any EventLoop) -> EventLoopFuture<SocketAddress>

    /// So many are fetched, or held behind that, at once for one model.
    package static let mostAtOnce = 16
    private static let mostRedirects = 3
    private static let accept = "image/*, audio/*, video/*"

    private let configuration: ReferenceConfiguration
    private let lookup: Lookup
    private let places = FetchPlaces(ReferenceClient.mostAtOnce)
    private let madeTLS = NIOLockedValueBox<NIOSSLContext?>(nil)

    /// What all steps on the way to one file share.
    private struct Errand: Sendable {
        /// Bytes at most.
        let limit: Int
        let time: TimeAmount
        /// Fails where nobody waits for the file any more.
        let end: EventLoopFuture<Void>
        let isOver = NIOLockedValueBox(false)
    }

    package init(_ configuration: ReferenceConfiguration, lookup: @escaping Lookup = ReferenceClient.systemLookup) {
        self.configuration = configuration
        self.lookup = lookup
    }

    /// Bytes of the files of one request, at most.
    package var size: Int { configuration.size }

    /// By the system's resolver, which blocks.
    package static let systemLookup: Lookup = { host, port, eventLoop in
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            try SocketAddress.makeAddressResolvingHost(host, port: port)
        }
    }

    /// Fetches a file.
    ///
    /// - Parameters:
    ///   - limit: bytes at most.
    ///   - nanoseconds: how long its request may still take.
    ///   - done: called once, on whatever thread.
    /// - Returns: ends it before that, when called.
    package func fetch(
        _ url: String, limit: Int, within nanoseconds: UInt64,
        done: @escaping @Sendable (Result<File, SluiceError>) -> Void
    ) -> @Sendable () -> Void {
        guard let place = places.take() else {
            done(
                .failure(
                    SluiceError(.overloaded, "too many files are being fetched", retryAfterNanoseconds: 1_000_000_000)))
            return {}
        }
        let eventLoop = MultiThreadedEventLoopGroup.singleton.any()
        let end = eventLoop.makePromise(of: Void.self)
        let configured = configuration.timeout.wholeNanoseconds
        let isShort = nanoseconds < configured
        let time = TimeAmount.nanoseconds(Int64(clamping: min(nanoseconds, configured)))
        let timer = eventLoop.scheduleTask(in: time) {
            end.fail(
                isShort
                    ? SluiceError(.deadlineExceeded, "the file did not come in time")
                    : Self.refusal("the file did not come within \(self.configuration.timeout)"))
        }
        let errand = Errand(limit: limit, time: time, end: end.futureResult)
        let file = eventLoop.submit { try self.allowed(url) }.flatMap { address in
            self.follow(address, redirects: 0, errand)
        }
        // A lookup can't be broken off: it keeps its place for as long as it keeps a thread.
        file.whenFailure { _ in place.leave() }
        let first = eventLoop.makePromise(of: File.self)
        file.map { File(bytes: $0.bytes, mediaType: $0.mediaType, place: place) }.cascade(to: first)
        end.futureResult.whenFailure { error in
            errand.isOver.withLockedValue { $0 = true }
            first.fail(error)
        }
        first.futureResult.whenComplete { result in
            timer.cancel()
            end.succeed()
            done(result.mapError(Self.told))
        }
        return { end.fail(SluiceError(.cancelled, "nobody waits for the file any more")) }
    }

    private static func told(_ error: any Error) -> SluiceError {
        if let error = error as? SluiceError { return error }
        // What a network says of itself is not for callers.
        let isTooLarge = (error as? DocumentFetch.Failure)?.isTooLarge
        return refusal(isTooLarge == true ? "the file is too large" : "the file can't be fetched")
    }

    private static func refusal(_ message: String) -> SluiceError { SluiceError(.invalidInput, message) }

    // MARK: One step

    private func allowed(_ url: String) throws -> HTTPAddress {
        let address: HTTPAddress
        do throws(HTTPAddress.Mistake) {
            address = try HTTPAddress(url)
        } catch {
            throw Self.refusal("the URL can't be read: \(error.message)")
        }
        guard address.isSecure || configuration.allowsPlain else {
            throw Self.refusal("files come by https:// only")
        }
        guard configuration.hosts.contains(where: { $0.allows(address) }) else {
            throw Self.refusal("no files are fetched from there; allowed is what the model's `references` name")
        }
        return address
    }

    /// Asks one server, and the next one where it leads to one.
    private func follow(_ address: HTTPAddress, redirects: Int, _ errand: Errand) -> EventLoopFuture<File> {
        let eventLoop = errand.end.eventLoop
        return lookup(address.host, address.port, eventLoop).flatMapThrowing { peer in
            guard !errand.isOver.withLockedValue({ $0 }) else { throw Self.refusal("nobody waits for the file") }
            guard let network = NetworkAddress(peer) else { throw Self.refusal("the host has no address") }
            guard network.isPublic || self.configuration.networks.contains(where: { $0.contains(network) }) else {
                throw Self.refusal("the host's address is none of the public Internet")
            }
            return try DocumentFetch(
                address, peer: peer, tls: address.isSecure ? self.tls() : nil, accept: Self.accept,
                limit: errand.limit, timeout: errand.time)
        }.flatMap { fetch in fetch.run(on: eventLoop, abandoned: errand.end) }.flatMap { document in
            do {
                if document.status == 200 { return eventLoop.makeSucceededFuture(try Self.file(document)) }
                let next = try self.redirect(document, from: address, redirects: redirects)
                return self.follow(next, redirects: redirects + 1, errand)
            } catch {
                return eventLoop.makeFailedFuture(error)
            }
        }
    }

    private func redirect(
        _ document: DocumentFetch.Document, from address: HTTPAddress, redirects: Int
    ) throws -> HTTPAddress {
        guard [301, 302, 303, 307, 308].contains(document.status), let location = document.location else {
            throw Self.refusal("its server answered \(document.status)")
        }
        guard redirects < Self.mostRedirects else {
            throw Self.refusal("it is redirected more than \(Self.mostRedirects) times")
        }
        let next = try allowed(try Self.url(of: String(location.prefix { $0 != "#" }), from: address))
        guard next.isSecure || !address.isSecure else {
            throw Self.refusal("it is redirected from https:// to http://")
        }
        return next
    }

    /// The URL that a `Location` stands for where it was sent.
    private static func url(of location: String, from address: HTTPAddress) throws -> String {
        let scheme = address.isSecure ? "https:" : "http:"
        if location.hasPrefix("//") { return scheme + location }
        if location.hasPrefix("/") {
            let host = address.host.contains(":") ? "[\(address.host)]" : address.host
            return "\(scheme)//\(host):\(address.port)\(location)"
        }
        guard location.contains("://") else { throw refusal("it is redirected to a path that isn't whole") }
        return location
    }

    /// What isn't said to be anything tells its kind itself; a page about a mistake is no file.
    private static func file(_ document: DocumentFetch.Document) throws -> File {
        let essence = document.contentType.map { type in
            String(type.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" })
        }
        switch essence {
        case nil, "", "application/octet-stream", "binary/octet-stream":
            return File(bytes: document.bytes, mediaType: nil)
        case let type? where ["image/", "audio/", "video/"].contains { type.hasPrefix($0) }:
            return File(bytes: document.bytes, mediaType: type)
        case let type?: throw refusal("its server says that it is \"\(type.prefix(64))\": no picture, film or sound")
        }
    }

    private func tls() throws -> NIOSSLContext {
        if let tls = madeTLS.withLockedValue({ $0 }) { return tls }
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        if let authority = configuration.authority { settings.trustRoots = .file(authority) }
        let made = try NIOSSLContext(configuration: settings)
        madeTLS.withLockedValue { $0 = made }
        return made
    }
}
