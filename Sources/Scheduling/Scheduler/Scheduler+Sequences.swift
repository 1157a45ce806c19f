internal import Tensors

/// Requests of sequences: in order, never two at once, to one instance.
extension Scheduler {
    /// Whether the request has to wait for one before it in its sequence; if not, it is the one that others wait for.
    mutating func holdBack(_ slot: Int32, in sequence: Int32) -> Bool {
        guard sequences?[sequence].isBusy == true else {
            sequences?[sequence].isBusy = true
            return false
        }
        sequences?[sequence].line.append(slot, in: &room)
        room[slot].place = .sequence
        heldRows += room[slot].rows
        return true
    }

    mutating func leaveSequenceLine(_ slot: Int32) {
        sequences?[room[slot].sequence].line.remove(slot, in: &room)
        heldRows -= room[slot].rows
    }

    /// The request that others of its sequence waited for is done with: the next one may go.
    mutating func advance(_ sequence: Int32, now: MonotonicTime) {
        guard let next = sequences?[sequence].line.head else { return }
        sequences?[sequence].isBusy = false
        if next < 0 {
            sequences?.rest(sequence, now: now)
        } else {
            leaveSequenceLine(next)
            line(up: next)
        }
    }

    /// The first request of a sequence never reached the model: those that follow it would find no state there.
    ///
    /// - Parameter first: the one behind it.
    mutating func breakOff(_ sequence: Int32, from first: Int32, _ effects: inout Effects) {
        var follower = first
        while follower >= 0, !room[follower].isStart {
            let next = room[follower].next
            leaveSequenceLine(follower)
            effects.dismissals.append(Dismissal(ticket: room.ticket(follower), reason: .sequenceBroken))
            room.stopWaiting(follower)
            room.forget(follower)
            follower = next
        }
        // Where another start follows, it begins the sequence anew; else nothing may follow but a start.
        if follower < 0 { sequences?[sequence].isBroken = true }
    }
}
