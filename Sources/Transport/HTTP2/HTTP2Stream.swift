internal import NIOCore

/// What one request of an HTTP/2 connection is to the connection; plain HTTP and gRPC each have their own.
///
/// All of it is called on the connection's event loop.
protocol HTTP2Stream: AnyObject {
    /// What the request waits for, and since when.
    var clock: ConnectionClock { get }

    /// Decides what can be decided before the body.
    func begin()

    /// A piece of the body.
    func receive(_ piece: ByteBuffer)

    /// The client has sent everything.
    func receiveEnd()

    /// The client has been silent for too long, in the middle of the body.
    func timeOut()

    /// The client takes its answer, if slowly.
    func madeProgress()

    /// Nothing can be sent any more: everything was, or the stream was reset, or the connection is gone.
    func close()
}
