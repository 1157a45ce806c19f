package import Codecs
internal import Dispatch
internal import Logging
internal import NIOConcurrencyHelpers
internal import PluginHost
internal import Telemetry
package import Tensors

/// What came of a lesson.
package struct LessonReport: Sendable {
    package var model: String
    package var version: String
    /// What the model said of it, e.g. which revision it has now.
    package var parameters: [Envelope.Parameter]
    /// Bytes of what it has learned so far; `nil` where it keeps no state.
    package var stateBytes: Int?
    /// Why its state was not kept, where that failed: it has learned all the same.
    package var stateFailure: String?
    package var nanoseconds: UInt64
}

extension Gatekeeper {
    /// How long a model may take to say what it has learned.
    static let statePatience: UInt64 = 10_000_000_000

    package typealias LessonCompletion = @Sendable (Result<LessonReport, SluiceError>) -> Void

    /// Has a model learn. Returns at once; `completion` comes on a thread of the keeper's.
    ///
    /// Lessons and changes take turns, so that no lesson falls between a model and the one that takes over from it.
    /// - Parameters:
    ///   - body: see `LessonCodec`.
    ///   - cause: what the log says of who wanted it.
    package func teach(
        _ name: String, _ body: RequestBody, id: String, cause: String, completion: @escaping LessonCompletion
    ) {
        changes.async { [self] in
            let result: Result<LessonReport, SluiceError>
            do throws(SluiceError) {
                result = .success(try teach(name, body, id: id))
            } catch {
                result = .failure(error)
            }
            note(result, model: name, cause: cause)
            completion(result)
        }
    }

    private func teach(_ name: String, _ body: RequestBody, id: String) throws(SluiceError) -> LessonReport {
        let start = MonotonicTime.now
        let (models, isEnding) = locked.withLockedValue { ($0.models, $0.isEnding) }
        if isEnding { throw SluiceError(.shuttingDown, "the gateway is ending") }
        guard let model = models.first(where: { $0.runtime.name == name })?.runtime else {
            throw SluiceError(.modelNotFound, "there is no model \"\(name)\"")
        }
        guard let loaded = model.loaded else {
            throw SluiceError(.modelUnavailable, ReloadFailure.text(of: model), detail: [.init("model", name)])
        }
        guard loaded.description.learns else {
            throw SluiceError(.modelUnimplemented, "model \"\(name)\" doesn't learn: its plugin has no learn()")
        }
        guard loaded.instances.count == 1 else {
            throw SluiceError(
                .changeRefused,
                "model \"\(name)\" has \(loaded.instances.count) instances, each of which would learn by itself; a model "
                    + "that is to learn has one")
        }
        let lesson = try LessonCodec().decode(body, signature: loaded.signature)
        let part = model.perform(
            Envelope(
                id: id, deadline: start.advanced(byNanoseconds: lesson.patience), parameters: lesson.parameters,
                inputs: lesson.inputs, purpose: .learn(lesson.lesson)))
        if let error = part.error { throw error }
        var report = LessonReport(
            model: name, version: model.version, parameters: part.parameters, nanoseconds: 0)
        do throws(SluiceError) {
            report.stateBytes = try model.keepState(within: Self.statePatience, sealing: loader.sealing.keys)
        } catch {
            report.stateFailure = error.message
        }
        report.nanoseconds = MonotonicTime.now.nanoseconds(since: start)
        return report
    }

    private func note(_ result: Result<LessonReport, SluiceError>, model: String, cause: String) {
        var failure: String?
        if case .failure(let error) = result { failure = error.message }
        audit.append(.learned(model: model, by: cause, failure: failure))
        switch result {
        case .success(let report):
            logger.info(
                "model learned",
                metadata: [
                    "model": "\(model)", "cause": "\(cause)", "milliseconds": "\(report.nanoseconds / 1_000_000)",
                ])
            if let reason = report.stateFailure { noteUnkept(model, reason) }
        case .failure(let error):
            logger.warning(
                "lesson refused",
                metadata: [
                    "model": "\(model)", "cause": "\(cause)", "code": "\(error.code.text)",
                    "reason": "\(error.message)",
                ])
        }
    }

    private func noteUnkept(_ model: String, _ reason: String) {
        logger.warning("state not kept", metadata: ["model": "\(model)", "reason": "\(reason)"])
    }

    /// Keeps what a model has learned that is about to go.
    func keepState(of model: ModelRuntime, within patience: UInt64 = statePatience) {
        do throws(SluiceError) {
            try model.keepState(within: patience, sealing: loader.sealing.keys)
        } catch {
            noteUnkept(model.name, error.message)
        }
    }
}
