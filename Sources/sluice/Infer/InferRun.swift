internal import Codecs
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// One file on its way to a model, and the answer on its way back.
struct InferRun {
    /// What came of many rows.
    struct Outcome {
        var rows: Int
        var failed: Int
    }

    var client: InferClient
    var input: InferInput
    var mediaType: String?
    var accept: String?
    var headers: [(name: String, value: String)]

    /// The most bytes of an error that are shown.
    private static let longestError = 64 << 10

    /// Sends the file as one request.
    func once(path: String, into output: InferAnswerFile) async throws {
        var status = 0
        var error: [UInt8] = []
        let input = input
        try await client.send(head(path), body: { try input.next() }, began: { status = Int($0.status.code) }) { part in
            if status == 200 {
                try output.write(Array(buffer: part))
            } else if error.count < Self.longestError {
                error.append(contentsOf: part.readableBytesView)
            }
        }
        guard status == 200 else { throw Self.refusal(status, error) }
    }

    /// Sends the file's rows to be answered in batches.
    func batches(
        path: String, hasHeader: Bool, showsFaults: Bool, into output: InferAnswerFile, progress: InferProgress
    ) async throws -> Outcome {
        var status = 0
        var error: [UInt8] = []
        var answer: AnswerRows?
        let input = input
        let sent = progress.sent
        let body: @Sendable () throws -> ByteBuffer = {
            let piece = try input.next()
            sent.set(sent.value + piece.readableBytes)
            return piece
        }
        var cut: (any Error)?
        do {
            try await client.send(
                head(path), body: body,
                began: { head in
                    status = Int(head.status.code)
                    let format = try? RowFormat.named(head.headers.first(name: "content-type"))
                    answer = AnswerRows(
                        format ?? .csv(CSVDialect()), hasHeader: hasHeader, showsFaults: showsFaults)
                },
                part: { part in
                    guard status == 200 else {
                        if error.count < Self.longestError { error.append(contentsOf: part.readableBytesView) }
                        return
                    }
                    try output.write(answer?.add(Array(buffer: part)) ?? [])
                    progress.rows.set(answer?.rows ?? 0)
                    progress.failed.set(answer?.failed ?? 0)
                })
        } catch {
            cut = error
        }
        if status != 0, status != 200 { throw Self.refusal(status, error) }
        if let failure = answer?.failure { throw CommandFailure(failure) }
        if let cut { throw cut is CommandFailure ? cut : CommandFailure("the connection broke: \(cut)") }
        guard let answer else { throw CommandFailure("there is no answer") }
        return Outcome(rows: answer.rows, failed: answer.failed)
    }

    private func head(_ path: String) -> HTTPRequestHead {
        var fields = HTTPHeaders([("Host", client.server.authority), ("Connection", "close")])
        if let mediaType { fields.add(name: "Content-Type", value: mediaType) }
        if let accept { fields.add(name: "Accept", value: accept) }
        if let length = input.length {
            fields.add(name: "Content-Length", value: String(length))
        } else {
            fields.add(name: "Transfer-Encoding", value: "chunked")
        }
        for header in headers { fields.replaceOrAdd(name: header.name, value: header.value) }
        return HTTPRequestHead(version: .http1_1, method: .POST, uri: path, headers: fields)
    }

    /// What the gateway refused, in its own words.
    private static func refusal(_ status: Int, _ body: [UInt8]) -> CommandFailure {
        let document = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
        let text = document?["error"] as? String ?? String(decoding: body.prefix(1000), as: UTF8.self)
        return CommandFailure("\(text.isEmpty ? "refused" : text) (\(status))")
    }
}
