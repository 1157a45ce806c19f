internal import CSluicePlugin
internal import Foundation
internal import Tensors

extension Rule {
    /// What a plugin may offer besides: learning, state, extensions.
    static let offeredRules: [Rule] = [
        Rule(
            "learn.once", .contract, "learn() answers once, and refuses with a message what it can't learn from",
            needs: ["answer.outputs"]
        ) { exam in
            let (model, description) = try exam.model()
            guard let learn = model.plugin.field(\.learn) else { return .skipped("it has no learn()") }
            var form = exam.form(try exam.inputs(), description)
            form.expected = nil
            let bare = try exam.ask(model, form, function: learn, named: "learn()")
            guard bare.isAnswered else { return .failed("without labels: \(bare.text)") }
            let outputs = try exam.askWell().outputs
            form.labels = outputs.map(InputTensor.init)
            form.subject = "check-1"
            let answer = try exam.ask(model, form, function: learn, named: "learn()")
            guard answer.isAnswered else { return .failed("with the model's own answer as labels: \(answer.text)") }
            if let fault = answer.faults("answer.once").first { return .failed(fault) }
            let after = try exam.askWell()
            return after.isSuccess ? .passed(answer.failure?.text ?? "") : .failed("infer() after it: \(after.text)")
        },
        Rule(
            "state.round-trip", .contract, "what sluice.state/1 saves, a fresh model restores and saves again alike",
            needs: ["answer.outputs"]
        ) { exam in
            let (model, _) = try exam.model()
            guard let state = try exam.state() else { return .skipped("it does not offer sluice.state/1") }
            guard let save = state.pointee.save, let restore = state.pointee.restore else {
                return .failed("save or restore is NULL")
            }
            exam.step("in save()")
            let sink = StateStream()
            guard sink.save(model, save) == SLUICE_OK else { return .failed("save() failed") }
            let saved = sink.bytes
            return try exam.withModel { fresh, _ in
                exam.step("in restore()")
                let source = StateStream(saved, atMost: 7)
                guard source.restore(fresh, restore) == SLUICE_OK else {
                    return .failed("restore() of the \(saved.count) bytes that save() wrote failed")
                }
                exam.step("in save() after restore()")
                let again = StateStream()
                guard again.save(fresh, save) == SLUICE_OK else { return .failed("save() after restore() failed") }
                return again.bytes == saved
                    ? .passed("\(saved.count) bytes") : .failed("saved again, the state is not the same")
            }
        },
        Rule(
            "state.faults", .contract,
            "a state that can't be written, is cut short or is spoilt is an error, and no crash",
            needs: ["state.round-trip"]
        ) { exam in
            let (model, _) = try exam.model()
            guard let state = try exam.state(), let save = state.pointee.save, let restore = state.pointee.restore
            else {
                return .skipped("it does not offer sluice.state/1")
            }
            exam.step("in save() that can't write")
            let full = StateStream(atMost: -1)
            let sink = StateStream()
            _ = sink.save(model, save)
            if full.save(model, save) == SLUICE_OK, !sink.bytes.isEmpty {
                return .failed("save() is OK though write() failed")
            }
            return try exam.withModel { fresh, _ in
                exam.step("in restore() of half a state")
                let half = StateStream(Array(sink.bytes.prefix(sink.bytes.count / 2)))
                if half.restore(fresh, restore) == SLUICE_OK, sink.bytes.count > 1 {
                    return .failed("restore() took half a state for a whole one")
                }
                exam.step("in restore() of random bytes")
                var random = SeededRandom(seed: 8)
                let noise = StateStream((0..<4096).map { _ in UInt8(truncatingIfNeeded: random.next()) })
                if noise.restore(fresh, restore) == SLUICE_OK {
                    return .failed("restore() took random bytes for a state")
                }
                let answer = try exam.ask(fresh, exam.form(try exam.inputs(), try fresh.describe()))
                return answer.isSuccess ? .passed() : .failed("after a failed restore(), infer(): \(answer.text)")
            }
        },
        Rule(
            "extension.unknown", .contract, "extension() returns NULL for what it doesn't offer",
            needs: ["entry.functions"]
        ) { exam in
            guard let function = try exam.plugin().field(\.extension) else { return .skipped("it has no extension()") }
            exam.step("in extension()")
            for id in ["org.example.no-such/1", "", "sluice.state/4711"] where function(id) != nil {
                return .failed("it offers \"\(id)\"")
            }
            return .passed()
        },
    ]
}

extension Examination {
    fileprivate func state() throws -> UnsafePointer<sluice_state>? {
        guard let function = try plugin().field(\.extension) else { return nil }
        step("in extension()")
        return function(SLUICE_EXT_STATE)?.assumingMemoryBound(to: sluice_state.self)
    }
}

/// Where a state is written to or read from, in small pieces, or not at all.
private final class StateStream {
    private(set) var bytes: [UInt8]
    private var position = 0
    /// Bytes that one call moves; negative fails.
    private let most: Int

    init(_ bytes: [UInt8] = [], atMost most: Int = 4096) {
        self.bytes = bytes
        self.most = most
    }

    typealias Save =
        @convention(c) (
            OpaquePointer?, (@convention(c) (UnsafeMutableRawPointer?, UnsafeRawPointer?, Int) -> Int64)?,
            UnsafeMutableRawPointer?
        ) -> sluice_status
    typealias Restore =
        @convention(c) (
            OpaquePointer?, (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int) -> Int64)?,
            UnsafeMutableRawPointer?
        ) -> sluice_status

    func save(_ model: RawModel, _ save: Save) -> sluice_status {
        let context = Unmanaged.passUnretained(self).toOpaque()
        return withExtendedLifetime(self) {
            save(
                model.handle,
                { context, data, count in
                    guard let context else { return -1 }
                    return Unmanaged<StateStream>.fromOpaque(context).takeUnretainedValue().write(data, count)
                }, context)
        }
    }

    func restore(_ model: RawModel, _ restore: Restore) -> sluice_status {
        let context = Unmanaged.passUnretained(self).toOpaque()
        return withExtendedLifetime(self) {
            restore(
                model.handle,
                { context, data, count in
                    guard let context else { return -1 }
                    return Unmanaged<StateStream>.fromOpaque(context).takeUnretainedValue().read(data, count)
                }, context)
        }
    }

    private func write(_ data: UnsafeRawPointer?, _ count: Int) -> Int64 {
        guard most >= 0, count >= 0, let data else { return most < 0 ? -1 : 0 }
        let moved = min(count, most)
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: data, count: moved))
        return Int64(moved)
    }

    private func read(_ data: UnsafeMutableRawPointer?, _ count: Int) -> Int64 {
        guard most >= 0, count >= 0, let data else { return -1 }
        let moved = min(count, most, bytes.count - position)
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, moved > 0 else { return }
            data.copyMemory(from: base + position, byteCount: moved)
        }
        position += moved
        return Int64(moved)
    }
}
