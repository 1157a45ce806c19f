internal import Dispatch
internal import Foundation
internal import NIOConcurrencyHelpers
package import Tensors

/// Something that wants to be told when a moment has come.
package protocol Alarmed: AnyObject, Sendable {
    /// The moment has come, or is past. On the clock's thread: must not block.
    func rang()
}

/// One thread that wakes all schedulers of a process at the moments they ask for.
package final class AlarmClock: Sendable {
    package static let shared = AlarmClock()

    private struct Alarm: Sendable {
        var moment: MonotonicTime
        weak var sleeper: (any Alarmed)?
    }

    private struct Locked: Sendable {
        var alarms: [ObjectIdentifier: Alarm] = [:]
        /// When the thread will look again; the end of time where nothing is asked for.
        var next = MonotonicTime(nanoseconds: .max)
        var isRunning = false
    }

    private let locked = NIOLockedValueBox(Locked())
    private let earlier = DispatchSemaphore(value: 0)

    package init() {}

    /// Has `sleeper` told at that moment, and no longer at the one it asked for before. Whoever has gone by then isn't.
    package func ring(_ sleeper: any Alarmed, at moment: MonotonicTime) {
        let (isEarlier, mustStart) = locked.withLockedValue { locked -> (Bool, Bool) in
            locked.alarms[ObjectIdentifier(sleeper)] = Alarm(moment: moment, sleeper: sleeper)
            let mustStart = !locked.isRunning
            locked.isRunning = true
            guard moment < locked.next else { return (false, mustStart) }
            locked.next = moment
            return (true, mustStart)
        }
        if mustStart {
            let thread = Thread { [self] in keepTime() }
            thread.name = "alarm-clock"
            thread.start()
        }
        if isEarlier { earlier.signal() }
    }

    private func keepTime() {
        while true {
            let now = MonotonicTime.now
            let (due, next) = locked.withLockedValue { locked -> ([any Alarmed], MonotonicTime) in
                var due: [any Alarmed] = []
                var next = MonotonicTime(nanoseconds: .max)
                for (id, alarm) in locked.alarms {
                    if alarm.moment <= now {
                        locked.alarms[id] = nil
                        if let sleeper = alarm.sleeper { due.append(sleeper) }
                    } else if alarm.sleeper == nil {
                        locked.alarms[id] = nil
                    } else {
                        next = min(next, alarm.moment)
                    }
                }
                locked.next = next
                return (due, next)
            }
            for sleeper in due { sleeper.rang() }
            guard due.isEmpty else { continue }
            let left = next.nanoseconds(since: .now)
            if next.nanoseconds == .max {
                earlier.wait()
            } else {
                _ = earlier.wait(timeout: .now() + .nanoseconds(Int(clamping: left)))
            }
        }
    }
}
