/// Everything that a run is told.
package struct LoadPlan: Sendable {
    package var address: ServerAddress
    package var template: RequestTemplate
    package var load = Pacer.Load.closed
    package var length = Pacer.Length.nanoseconds(10_000_000_000)
    package var warmUpNanoseconds: UInt64 = 0
    package var connections = 16
    package var threads = 1
    /// A request without an answer after this time is given up, and its connection with it.
    package var timeoutNanoseconds: UInt64 = 30_000_000_000
    package var seed: UInt64 = 1
    /// Whether somebody ended the run before its time.
    package var wasStoppedEarly = false

    package init(address: ServerAddress, template: RequestTemplate) {
        self.address = address
        self.template = template
    }

    /// One worker's part of the whole.
    struct Share: Equatable {
        var connections: Int
        var load: Pacer.Load
        var length: Pacer.Length
        /// Sources of requests with the same rate interleave.
        var phase: Double
    }

    /// Divides connections, rate and count among the threads; none is lost and none is left without a connection.
    var shares: [Share] {
        let count = max(1, min(threads, connections))
        return (0..<count).map { index in
            func part(of total: Int) -> Int { total * (index + 1) / count - total * index / count }
            var share = Share(
                connections: part(of: connections), load: load, length: length, phase: Double(index) / Double(count))
            if case .open(let rate, let spacing) = load {
                share.load = .open(rate: rate / Double(count), spacing: spacing)
            }
            if case .requests(let total) = length { share.length = .requests(part(of: total)) }
            return share
        }
    }
}
