internal import Gateway
internal import NIOCore
internal import Tensors

/// What one method does with the messages of one call, and what it answers; the stream does the rest.
///
/// All of it is called on the connection's event loop.
protocol GRPCCall: AnyObject {
    /// A whole message has come in.
    ///
    /// - Throws: what ends the call.
    func receive(_ message: GRPCMessage) throws(SluiceError)

    /// The client sends no more messages.
    ///
    /// - Throws: what ends the call.
    func receiveEnd() throws(SluiceError)

    /// Whether it has as many messages as it can work on.
    var isFull: Bool { get }

    /// What is known of how the answer came about.
    var summary: Answer.Summary? { get }

    /// Nobody waits for answers any more.
    func cancel(_ reason: SluiceError)
}

extension GRPCCall {
    var isFull: Bool { false }
    var summary: Answer.Summary? { nil }
}
