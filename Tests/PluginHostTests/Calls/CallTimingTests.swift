import NIOConcurrencyHelpers
import PluginHost
import Tensors
import Testing

/// How long a plugin worked on a request is told with its final part.
@Suite struct CallTimingTests {
    private func times(_ use: (InferenceCall) -> Void) -> [UInt64] {
        let times = NIOLockedValueBox<[UInt64]>([])
        let call = InferenceCall(envelope: Envelope(id: "r", inputs: [])) { part in
            times.withLockedValue { $0.append(part.pluginNanoseconds) }
            return true
        }
        use(call)
        return times.withLockedValue { $0 }
    }

    @Test func onlyTheFinalPartOfACallThatHasBegunTells() throws {
        let started = MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds - 5_000_000)
        let told = times { call in
            call.begin(now: started)
            call.deliver(InferencePart(outputs: [], isFinal: false))
            call.deliver(InferencePart(outputs: [], isFinal: true))
        }
        #expect(told.count == 2 && told[0] == 0)
        #expect(told[1] >= 5_000_000)
    }

    @Test func requestsOfOneCallShareItsTime() {
        let started = MonotonicTime(nanoseconds: MonotonicTime.now.nanoseconds - 4_000_000_000)
        let told = times { call in
            call.begin(sharedBy: 4, now: started)
            call.deliver(InferencePart(outputs: [], isFinal: true))
        }
        #expect(told[0] >= 1_000_000_000 && told[0] < 2_000_000_000)
    }

    @Test func whatOthersHaveTimedIsPassedOn() {
        let told = times { call in
            var part = InferencePart(outputs: [], isFinal: true)
            part.pluginNanoseconds = 77
            call.deliver(part)
        }
        #expect(told == [77])
    }

    @Test func aCallWaitsUntilSomebodyHoldsIt() {
        let call = InferenceCall(envelope: Envelope(id: "r", inputs: [])) { _ in true }
        #expect(call.isWaiting)
        call.deliver(InferencePart(outputs: [], isFinal: true))
        #expect(!call.isWaiting)
    }
}
