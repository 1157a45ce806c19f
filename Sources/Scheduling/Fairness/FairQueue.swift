/// The waiting requests of one priority: a line for each consumer, served by deficit round robin.
///
/// Each consumer's turn adds `quantum` to what it may use; its requests cost their rows. So over any time in which two
/// consumers both have something waiting, they get the same number of rows, but for `bound`, however many requests either
/// sends. See M. Shreedhar, G. Varghese: Efficient Fair Queuing Using Deficit Round Robin (1995).
struct FairQueue: Sendable {
    /// What a turn adds.
    static let quantum = 1
    /// A request costs at most that, so that one with a million rows doesn't send the round round and round.
    static let largestCost = 64

    private struct Flow: Sendable {
        var consumer = 0
        var line = EntryList()
        var deficit = 0
        var next: Int32 = -1
        var previous: Int32 = -1
    }

    /// What a consumer may have used beyond its turns, by requests that shared another's call.
    private let largestDebt: Int
    private var flows: [Flow] = []
    private var free: [Int32] = []
    /// The line that was emptied last: it stays its consumer's, who is the most likely to come next. -1 is none.
    private var spare: Int32 = -1
    private var byConsumer: [Int: Int32] = [:]
    /// Whose turn it is, among those with something waiting; -1 where there are none.
    private var current: Int32 = -1
    /// Consumers with something waiting.
    private(set) var activeFlows = 0
    private(set) var count = 0

    /// - Parameter largestCall: rows that go in one call.
    init(largestCall: Int = 1) {
        largestDebt = max(Self.largestCost, largestCall)
    }

    /// Between two consumers that both have something waiting, neither ever gets so many rows more than the other.
    var bound: Int { largestDebt + Self.largestCost + 2 * Self.quantum }

    var isEmpty: Bool { count == 0 }

    /// How many requests of a consumer wait.
    func count(of consumer: Int) -> Int { byConsumer[consumer].map { flows[Int($0)].line.count } ?? 0 }

    /// A request goes to the end of its consumer's line.
    ///
    /// - Returns: the line.
    mutating func append(_ slot: Int32, in room: inout WaitingRoom) -> Int32 {
        let consumer = room[slot].consumer
        let flow: Int32
        if let known = byConsumer[consumer] { flow = known } else { flow = makeFlow(consumer) }
        if flows[Int(flow)].line.isEmpty { activate(flow) }
        flows[Int(flow)].line.append(slot, in: &room)
        count += 1
        return flow
    }

    /// A request leaves, served or not.
    mutating func remove(_ slot: Int32, flow: Int32, in room: inout WaitingRoom) {
        flows[Int(flow)].line.remove(slot, in: &room)
        count -= 1
        if flows[Int(flow)].line.isEmpty { deactivate(flow) }
    }

    /// The request whose turn it is; asking again gives the same one.
    mutating func front(_ room: WaitingRoom) -> Int32? {
        guard current >= 0 else { return nil }
        if activeFlows == 1 { return flows[Int(current)].line.head }
        while flows[Int(current)].deficit < room[flows[Int(current)].line.head].cost {
            current = flows[Int(current)].next
            flows[Int(current)].deficit += Self.quantum
        }
        return flows[Int(current)].line.head
    }

    /// A consumer is served; before its request is removed.
    mutating func charge(_ flow: Int32, cost: Int) {
        // Who is alone pays nothing: nobody was kept waiting.
        guard activeFlows > 1 else { return }
        flows[Int(flow)].deficit -= cost
    }

    /// What requests of that line may still cost that share another's call.
    func credit(of flow: Int32) -> Int { activeFlows > 1 ? flows[Int(flow)].deficit + largestDebt : .max }

    /// The lines in the order of their turns, from the present one on.
    func turns() -> [Int32] {
        var turns: [Int32] = []
        turns.reserveCapacity(activeFlows)
        var flow = current
        for _ in 0..<activeFlows {
            turns.append(flow)
            flow = flows[Int(flow)].next
        }
        return turns
    }

    /// The first request of a line.
    func head(of flow: Int32) -> Int32 { flows[Int(flow)].line.head }

    /// The last request of the longest line, and that line's length.
    func endOfLongest() -> (slot: Int32, count: Int)? {
        var longest: (slot: Int32, count: Int)?
        var flow = current
        for _ in 0..<activeFlows {
            let line = flows[Int(flow)].line
            if line.count > longest?.count ?? 0 { longest = (line.last, line.count) }
            flow = flows[Int(flow)].next
        }
        return longest
    }

    private mutating func makeFlow(_ consumer: Int) -> Int32 {
        let flow: Int32
        if let reused = free.popLast() {
            flow = reused
        } else {
            flow = Int32(flows.count)
            flows.append(Flow())
        }
        flows[Int(flow)].consumer = consumer
        byConsumer[consumer] = flow
        return flow
    }

    /// The line joins the round at its end: just before the one whose turn it is.
    private mutating func activate(_ flow: Int32) {
        if spare == flow { spare = -1 }
        activeFlows += 1
        guard current >= 0 else {
            flows[Int(flow)].deficit = Self.quantum
            flows[Int(flow)].next = flow
            flows[Int(flow)].previous = flow
            current = flow
            return
        }
        let last = flows[Int(current)].previous
        flows[Int(flow)].deficit = 0
        flows[Int(flow)].next = current
        flows[Int(flow)].previous = last
        flows[Int(last)].next = flow
        flows[Int(current)].previous = flow
    }

    private mutating func deactivate(_ flow: Int32) {
        activeFlows -= 1
        let (next, previous) = (flows[Int(flow)].next, flows[Int(flow)].previous)
        if next == flow {
            current = -1
        } else {
            flows[Int(previous)].next = next
            flows[Int(next)].previous = previous
            if current == flow {
                current = next
                flows[Int(next)].deficit += Self.quantum
            }
        }
        flows[Int(flow)].deficit = 0
        if spare >= 0 {
            byConsumer[flows[Int(spare)].consumer] = nil
            free.append(spare)
        }
        spare = flow
    }
}
