import Testing

@testable import PluginHost

@Suite struct CallStateTests {
    private func running() -> CallState {
        var state = CallState()
        state.begin()
        return state
    }

    @Test func answerInsideInferFinishesWhenInferReturns() {
        var state = running()
        #expect(state.beginResponse(isFinal: true) == .deliver)
        #expect(!state.isFinished)
        state.endResponse()
        #expect(!state.isFinished, "infer is still running")
        #expect(state.inferReturned(ok: true, mustHaveAnswered: true) == .nothing)
        #expect(state.isFinished)
    }

    @Test func answerAfterInferReturnedFinishes() {
        var state = running()
        #expect(state.inferReturned(ok: true, mustHaveAnswered: false) == .nothing)
        #expect(!state.isFinished)
        #expect(state.beginResponse(isFinal: false) == .deliver)
        state.endResponse()
        #expect(state.beginResponse(isFinal: true) == .deliver)
        #expect(!state.isFinished, "the response is still being taken")
        state.endResponse()
        #expect(state.isFinished)
    }

    @Test func secondFinalIsRefused() {
        var state = running()
        #expect(state.beginResponse(isFinal: true) == .deliver)
        state.endResponse()
        #expect(state.beginResponse(isFinal: true) == .refuse("a second final response"))
        state.endResponse()
        #expect(state.beginResponse(isFinal: false) == .refuse("a response after the final one"))
        state.endResponse()
        #expect(state.inferReturned(ok: true, mustHaveAnswered: false) == .nothing)
        #expect(state.isFinished)
    }

    @Test func responseToAFreeSlotIsRefused() {
        var state = CallState()
        #expect(state.beginResponse(isFinal: true) == .refuse("a response to a request that is long finished"))
        state.endResponse()
        #expect(!state.isFinished, "a free slot isn't given back a second time")
    }

    @Test func abandonedCallDropsResponsesAndEndsWithTheFinalOne() {
        var state = running()
        #expect(state.abandon() == true)
        #expect(state.abandon() == false, "the caller is told once")
        #expect(state.isAbandoned)
        #expect(state.beginResponse(isFinal: false) == .drop)
        state.endResponse()
        #expect(state.inferReturned(ok: true, mustHaveAnswered: false) == .nothing)
        #expect(!state.isFinished, "the plugin still has the request")
        #expect(state.beginResponse(isFinal: true) == .drop)
        state.endResponse()
        #expect(state.isFinished)
    }

    @Test func answeredCallCantBeAbandoned() {
        var state = running()
        #expect(state.beginResponse(isFinal: true) == .deliver)
        #expect(state.abandon() == false)
        state.endResponse()
    }

    @Test func errorReturnFailsTheCaller() {
        var state = running()
        #expect(state.inferReturned(ok: false, mustHaveAnswered: false) == .fail)
        #expect(state.isFinished)
    }

    @Test func errorReturnOfAnAbandonedCallEndsIt() {
        var state = running()
        #expect(state.abandon() == true)
        #expect(state.inferReturned(ok: false, mustHaveAnswered: false) == .nothing)
        #expect(state.isFinished)
    }

    @Test func errorReturnAfterAnAnswerIsAComplaint() {
        var state = running()
        #expect(state.beginResponse(isFinal: true) == .deliver)
        state.endResponse()
        guard case .complain = state.inferReturned(ok: false, mustHaveAnswered: false) else {
            Issue.record("expected a complaint")
            return
        }
        #expect(state.isFinished)
    }

    @Test func quickModelThatReturnsWithoutAnAnswerBreaksItsPromise() {
        var state = running()
        guard case .breach = state.inferReturned(ok: true, mustHaveAnswered: true) else {
            Issue.record("expected a breach")
            return
        }
        #expect(state.isAbandoned)
        #expect(!state.isFinished, "it may still answer, and its memory must live until then")
    }

    @Test func slotIsUsedAgainAfterRecycling() {
        var state = running()
        #expect(state.inferReturned(ok: false, mustHaveAnswered: false) == .fail)
        state.recycle()
        #expect(state == CallState())
        state.begin()
        #expect(state.phase == .running)
    }

    /// Whatever a plugin does, in whatever order: the caller is told exactly once that it is over.
    @Test(arguments: 0..<200)
    func callerIsToldExactlyOnce(seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func next(_ bound: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % bound
        }
        var state = running()
        var told = 0
        var inferReturned = false
        for _ in 0..<50 where !state.isFinished {
            switch next(4) {
            case 0:
                let isFinal = next(2) == 0
                if state.beginResponse(isFinal: isFinal) == .deliver && isFinal { told += 1 }
                state.endResponse()
            case 1:
                if state.abandon() { told += 1 }
            case 2 where !inferReturned:
                inferReturned = true
                switch state.inferReturned(ok: next(2) == 0, mustHaveAnswered: next(2) == 0) {
                case .fail, .breach: told += 1
                case .nothing, .complain: break
                }
            default: break
            }
            #expect(told <= 1)
        }
        if state.isFinished {
            #expect(told == 1)
            #expect(inferReturned)
        }
    }
}
