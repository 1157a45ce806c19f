@testable import Gateway
import Testing

@Suite struct ReloadQueueTests {
    @Test func whatIsAskedForDuringARunIsOneMoreRun() {
        var queue = ReloadQueue<Int>()
        let starts = [queue.ask(1), queue.ask(2)]
        #expect(starts == [true, false], "the run is ordered already")
        let first = queue.begin()
        #expect(first == [1, 2])
        let later = [queue.ask(3), queue.ask(4)]
        #expect(later == [false, false])
        let goesOn = queue.end()
        #expect(goesOn, "3 and 4 asked after the run had begun")
        let second = queue.begin()
        #expect(second == [3, 4])
        let goesOnAgain = queue.end()
        #expect(!goesOnAgain && !queue.isRunning)
        let startsAgain = queue.ask(5)
        #expect(startsAgain)
    }
}
