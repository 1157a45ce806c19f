internal import Codecs
internal import Configuration
internal import Gateway
internal import Logging
internal import NIOCore
internal import PluginHost
internal import Policies
internal import Telemetry
internal import Tensors

extension Service {
    /// What came of an administrator's request.
    typealias AdminAnswer = Result<HTTPResponse, SluiceError>

    /// Does what an administrator asks. `done` comes at once or later, on whatever thread.
    ///
    /// - Parameters:
    ///   - body: the request's body, which some requests of the Open Inference protocol have.
    func administer(
        _ endpoint: AdminEndpoint, by administrator: Administrator, body: [UInt8],
        done: @escaping @Sendable (AdminAnswer) -> Void
    ) {
        do throws(SluiceError) {
            try authorize(endpoint, administrator)
        } catch {
            return done(.failure(error))
        }
        let keeper = administration.keeper
        switch endpoint {
        case .status: done(.success(status()))
        case .configuration:
            done(.success(HTTPResponse(json: Array(gate.configuration.effective.json.utf8))))
        case .models: done(.success(HTTPResponse(json: Self.models(modelStates(for: administrator)))))
        case .usage(let consumer): done(usage(of: consumer))
        case .breakers: done(.success(breakers()))
        case .breaker(let opens, let model): done(setBreaker(of: model, opens: opens, by: administrator.name))
        case .shadows: done(.success(shadows()))
        case .routes: done(.success(routes()))
        case .canary(let route, let share): done(moveCanary(of: route, to: share, by: administrator.name))
        case .reload:
            keeper.reload(cause: "admin \(administrator.name)") { done(Self.answer($0, keeper)) }
        case .change(let change, let model):
            keeper.change(change, model: model, cause: "admin \(administrator.name)") { done(Self.answer($0, keeper)) }
        case .learn(let model):
            let lesson = RequestBody(unsafe body.withUnsafeBytes { unsafe TensorStorage.copy(of: $0) })
            keeper.teach(model, lesson, id: RequestID.make(), cause: "admin \(administrator.name)") { result in
                done(result.map { HTTPResponse(json: $0.encoded()) })
            }
        case .drain(let drains):
            administration.wantsNoRequests = drains
            keeper.audit.append(.drain(drains, by: administrator.name))
            done(.success(status()))
        case .logLevel(let word):
            guard let level = ObservabilityConfiguration.Level(rawValue: word) else {
                let words = ObservabilityConfiguration.Level.allCases.map(\.rawValue)
                return done(
                    .failure(
                        SluiceError(
                            .invalidParameter,
                            "\"\(word.prefix(32))\" is no log level; there are \(words.joined(separator: ", "))",
                            detail: [.init("levels", words)])))
            }
            administration.logThreshold.level = level.loggerLevel
            keeper.audit.append(.logLevel(level.rawValue, by: administrator.name))
            done(.success(status()))
        case .repositoryIndex: done(repositoryIndex(modelStates(for: administrator), body: body))
        case .repositoryChange(let change, let model):
            do throws(SluiceError) {
                try RepositoryRequest.checkParameters(of: body)
            } catch {
                return done(.failure(error))
            }
            // The protocol's `load` of a loaded model loads it anew.
            keeper.change(change == .load ? .swap : change, model: model, cause: "repository \(administrator.name)") {
                result in
                switch result {
                case .success: done(.success(HTTPResponse(json: Array("{}".utf8))))
                case .failure(let failure): done(.failure(failure.asError(serving: keeper.gate?.revision)))
                }
            }
        }
    }

    /// Checks that an administrator may ask for that.
    private func authorize(_ endpoint: AdminEndpoint, _ administrator: Administrator) throws(SluiceError) {
        let operation: AccessOperation
        var model: String?
        switch endpoint {
        // These list what may be seen.
        case .models, .repositoryIndex: return
        case .learn(let name): (operation, model) = (.learn, name)
        case .change(_, let name), .repositoryChange(_, let name): (operation, model) = (.load, name)
        default: operation = .admin
        }
        try gate.authorize(administrator, operation, model: model, nowSeconds: Int64(WallClock.secondsSince1970))
    }

    /// The models of the revision that serves, as far as an administrator may know of them.
    func modelStates(for administrator: Administrator) -> [ModelState] {
        let states = administration.keeper.modelStates
        guard administrator.limited != nil else { return states }
        let now = Int64(WallClock.secondsSince1970)
        return states.filter { gate.maySee(administrator, model: $0.name, nowSeconds: now) }
    }

    private static func answer(
        _ result: Result<RevisionReport, ReloadFailure>, _ keeper: Gatekeeper
    ) -> AdminAnswer {
        switch result {
        case .success(let report): .success(HTTPResponse(json: report.encoded()))
        case .failure(let failure): .failure(failure.asError(serving: keeper.gate?.revision))
        }
    }

    private func status() -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("name", "sluice")
        json.member("version", sluiceVersion)
        let serving = administration.keeper.gate ?? gate
        json.key("revision")
        json.number(serving.revision.number)
        json.member("hash", serving.revision.hash)
        json.key("ready")
        json.bool(serving.isReady && !administration.wantsNoRequests)
        json.key("draining")
        json.bool(administration.wantsNoRequests)
        json.member("log_level", administration.logThreshold.level.rawValue)
        if let head = administration.keeper.audit.log?.head {
            json.key("audit")
            json.beginObject()
            json.key("records")
            json.number(head.sequence)
            json.member("head", head.hash)
            json.endObject()
        }
        json.endObject()
        return HTTPResponse(json: json.bytes)
    }

    private static func models(_ states: [ModelState]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("models")
        json.beginArray()
        for model in states {
            json.beginObject()
            json.member("name", model.name)
            json.member("version", model.version)
            json.key("ready")
            json.bool(model.isReady)
            if let reason = model.reason { json.member("reason", reason) }
            if model.steps.isEmpty {
                json.member("plugin", model.plugin)
            } else {
                json.key("steps")
                json.strings(model.steps)
            }
            if let hash = model.pluginSHA256 { json.member("plugin_sha256", hash) }
            if let platform = model.platform { json.member("platform", platform) }
            json.key("waiting")
            json.number(model.waiting)
            json.key("running")
            json.number(model.running)
            if let declared = model.declared {
                json.key("learns")
                json.bool(declared.description.learns)
                json.key("keeps_state")
                json.bool(declared.description.keepsState)
                json.member("batching", declared.signature.batching.text)
                json.specs(declared.signature.inputs, as: "inputs")
                json.specs(declared.signature.outputs, as: "outputs")
            }
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    private func repositoryIndex(_ states: [ModelState], body: [UInt8]) -> AdminAnswer {
        let onlyReady: Bool
        do throws(SluiceError) {
            onlyReady = try RepositoryRequest.wantsReadyOnly(body)
        } catch {
            return .failure(error)
        }
        var json = JSONWriter()
        json.beginArray()
        for model in states where model.isReady || !onlyReady {
            json.beginObject()
            json.member("name", model.name)
            json.member("version", model.version)
            json.member("state", model.isReady ? "READY" : "UNAVAILABLE")
            json.member("reason", model.reason ?? "")
            json.endObject()
        }
        json.endArray()
        return .success(HTTPResponse(json: json.bytes))
    }
}

extension LessonReport {
    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("model", model)
        json.member("version", version)
        json.key("parameters")
        json.parameters(parameters)
        if let stateBytes {
            json.key("state_bytes")
            json.number(stateBytes)
        }
        if let stateFailure { json.member("state_error", stateFailure) }
        json.key("milliseconds")
        json.number(Int(clamping: nanoseconds / 1_000_000))
        json.endObject()
        return json.bytes
    }
}

extension RevisionReport {
    func encoded() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("revision")
        json.number(revision.number)
        json.member("hash", revision.hash)
        json.key("changes")
        json.strings(changes)
        json.key("loaded")
        json.strings(loaded)
        json.key("retired")
        json.strings(retired)
        json.key("milliseconds")
        json.number(Int(clamping: nanoseconds / 1_000_000))
        json.endObject()
        return json.bytes
    }
}

extension ReloadFailure {
    /// The failure as an administrator sees it.
    func asError(serving: Revision?) -> SluiceError {
        if stage == .unknown { return SluiceError(.modelNotFound, message) }
        if stage == .ending { return SluiceError(.shuttingDown, message) }
        var detail = [SluiceError.Detail("stage", stage.rawValue)]
        if let serving {
            detail.append(.init("serving", serving.number))
            detail.append(.init("hash", serving.hash))
        }
        if !diagnostics.isEmpty {
            detail.append(
                .init(
                    "diagnostics",
                    diagnostics.prefix(100).map {
                        "\($0.location.line):\($0.location.column): \($0.severity.rawValue): \($0.message)"
                    }))
        }
        return SluiceError(.changeRefused, message, detail: detail)
    }
}
