internal import Codecs
internal import Fetching
internal import NIOCore
internal import Routing
internal import Tensors

extension Inference {
    /// Has a file fetched that the request names by URL; it is decoded once it is here.
    ///
    /// - Parameter type: what the client says that it is.
    func fetch(_ url: String, type: String?, of input: String, _ decoding: FileDecoding) throws(SluiceError) {
        let attempts = decoding.attempts
        guard let client = gate.references[attempts.current.model.index] else {
            throw SluiceError(
                .invalidInput, "input \"\(input)\": the model takes no files by URL; send {\"base64\": \"…\"}",
                detail: [.init("input", input)])
        }
        let left = attempts.current.deadline.nanoseconds(since: .now)
        let eventLoop = eventLoop
        endFetch = client.fetch(url, limit: client.size - decoding.fetchedBytes, within: left) { [self] result in
            eventLoop.execute { self.fetched(result, type: type, of: input, decoding) }
        }
    }

    private func fetched(
        _ result: Result<ReferenceClient.File, SluiceError>, type: String?, of input: String, _ decoding: FileDecoding
    ) {
        endFetch = nil
        guard !isFinished else { return }
        do throws(SluiceError) {
            let fetched = try result.get()
            quotaUse.bytesIn += fetched.bytes.count
            var decoding = decoding
            let storage = unsafe fetched.bytes.withUnsafeBytes { unsafe TensorStorage.copy(of: $0) }
            let file = FileInput.File(bytes: RequestBody(storage), mediaType: type ?? fetched.mediaType)
            decoding.put(file, of: input, at: fetched.place)
            try decodeNext(decoding)
        } catch {
            finish(.failure(error.code == .invalidInput ? Self.about(error, input) : error))
        }
    }

    /// The same, said of an input, where it doesn't say so already.
    private static func about(_ error: SluiceError, _ input: String) -> SluiceError {
        guard !error.detail.contains(where: { $0.key == "input" }) else { return error }
        var error = error
        error.message = "input \"\(input)\": \(error.message)"
        error.detail.append(.init("input", input))
        return error
    }
}
