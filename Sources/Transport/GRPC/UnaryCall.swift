internal import SwiftProtobuf
internal import Tensors

/// A method with one message each way that is answered at once.
final class UnaryCall: GRPCCall {
    private weak var stream: GRPCStream?
    private let method: GRPCMethod
    private var message: [UInt8] = []

    init(_ stream: GRPCStream, method: GRPCMethod) {
        self.stream = stream
        self.method = method
    }

    func receive(_ message: GRPCMessage) throws(SluiceError) {
        guard case .bytes(let bytes) = message else { return }
        self.message = bytes
    }

    func receiveEnd() throws(SluiceError) {
        guard let stream, let connection = stream.connection else { return }
        let answer = try stream.service.answer(method, message, caller: stream.caller)
        connection.together {
            stream.send(answer)
            stream.finish(nil)
        }
    }

    func cancel(_ reason: SluiceError) {}
}

extension Message {
    /// Reads a message that a client sent.
    ///
    /// - Throws: `malformed_body`.
    static func received(_ bytes: [UInt8]) throws(SluiceError) -> Self {
        do {
            return try Self(serializedBytes: bytes)
        } catch {
            throw SluiceError(.malformedBody, "the message is malformed: it is no \(Self.protoMessageName)")
        }
    }

    /// The message as it goes to a client.
    func sent() throws(SluiceError) -> [UInt8] {
        do {
            return try serializedBytes()
        } catch {
            throw SluiceError(.internalError, "the answer can't be written", cause: error)
        }
    }
}
