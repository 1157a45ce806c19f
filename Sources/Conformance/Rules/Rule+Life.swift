internal import CSluicePlugin
internal import PluginHost
internal import Tensors

extension Rule {
    /// A hundred lives of a model, and what they leave behind.
    static let lifeRules: [Rule] = [
        Rule(
            "life.threads", .life, "100 times load, request and unload leave no threads behind",
            needs: ["answer.outputs"], budget: 12
        ) { exam in
            let growth = try exam.hundredLives().threads
            return growth < 10 ? .passed() : .failed("\(growth) threads more after 100 times: unload() joins its own")
        },
        Rule(
            "life.descriptors", .life, "100 times load, request and unload leave no descriptors open",
            needs: ["answer.outputs"], budget: 12
        ) { exam in
            let growth = try exam.hundredLives().descriptors
            return growth < 10 ? .passed() : .failed("\(growth) descriptors more after 100 times")
        },
        Rule(
            "life.memory", .life, "100 times load, request and unload leave no memory behind",
            needs: ["answer.outputs"], budget: 12
        ) { exam in
            let growth = try exam.hundredLives()
            // Rest and noise don't grow by the life; a leak does, in every quarter. Tables that double, as an
            // interpreter has them, grow in one or two.
            let perLife = (growth.heap.min() ?? 0) / LifeGrowth.quarter
            if perLife >= 128 { return .failed("the heap grows by \(perLife) bytes each time") }
            let pages = (growth.resident.min() ?? 0) / LifeGrowth.quarter
            if pages >= 64 << 10 { return .failed("resident memory grows by \(pages >> 10) KiB each time") }
            return .passed("\(max(perLife, 0)) bytes each time")
        },
        Rule(
            "life.calls", .life, "2,000 requests leave no memory behind", needs: ["answer.outputs"], budget: 8
        ) { exam in
            let (model, description) = try exam.model()
            guard let function = model.plugin.field(\.infer) else { return .skipped("a codec: it has no infer()") }
            let form = exam.form(try exam.inputs(), description)
            exam.step("in one of 2,000 infer()")
            func thousand() -> Int {
                let before = ProcessState.heapBytes
                let end = MonotonicTime.now.advanced(byNanoseconds: exam.subject.patience * 3)
                for _ in 0..<1000 where MonotonicTime.now < end {
                    let request = ExamRequest(form, host: model.host)
                    _ = Examination.answer(
                        model: model, request: request, function: function, patience: exam.subject.patience)
                    request.forget()
                }
                return ProcessState.heapBytes - before
            }
            _ = thousand()
            let perCall = min(thousand(), thousand()) / 1000
            return perCall < 16 ? .passed() : .failed("the heap grows by \(perCall) bytes each time")
        },
        Rule(
            "life.end", .life, "the process ends by itself when main() returns, and cleanly", needs: ["answer.once"]
        ) { exam in
            // The process that started this one sees how it ends.
            exam.unloadShared()
            exam.step("at the end of the process")
            return .passed()
        },
    ]

    /// The rule that is settled by how its process ends.
    static let settledByEnd = "life.end"
}

/// What a hundred lives of a model added.
struct LifeGrowth {
    static let quarter = 25
    /// Bytes of the heap in use, by quarters.
    var heap: [Int] = []
    /// Resident bytes, by quarters.
    var resident: [Int] = []
    var threads = 0
    var descriptors = 0
}

extension Examination {
    fileprivate func hundredLives() throws -> LifeGrowth {
        if let lifeGrowth { return lifeGrowth }
        unloadShared()
        host.keepsRecord = false
        defer { host.keepsRecord = true }
        // Made up by a model that then is gone.
        let inputs = try inputs()
        unloadShared()
        func live(_ count: Int) throws {
            for _ in 0..<count {
                let model = try load()
                let description = try model.describe()
                let request = ExamRequest(form(inputs, description), host: host)
                guard let function = model.plugin.field(\.infer) else { throw Settled.skipped("a codec") }
                step("in infer(), in one of 100 lives")
                let answer = Self.answer(
                    model: model, request: request, function: function, patience: subject.patience)
                guard answer.isAnswered else {
                    leaveStuck()
                    throw Settled.failed("in one of 100 lives: \(answer.text)")
                }
                request.forget()
                step("in unload(), in one of 100 lives")
                model.unload()
            }
        }
        // What is set up once is no growth.
        try live(10)
        let start = ProcessState.counts
        var last = start
        var growth = LifeGrowth()
        for _ in 0..<4 {
            try live(LifeGrowth.quarter)
            let now = ProcessState.counts
            growth.heap.append(now.heap - last.heap)
            growth.resident.append(now.resident - last.resident)
            last = now
        }
        growth.threads = last.threads - start.threads
        growth.descriptors = last.descriptors - start.descriptors
        lifeGrowth = growth
        return growth
    }
}
