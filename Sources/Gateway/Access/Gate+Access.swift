package import Configuration
package import Policies
internal import Routing
internal import Telemetry
package import Tensors

extension Gate {
    /// Checks that a caller may do that with a model.
    ///
    /// - Parameter model: as clients call it.
    /// - Throws: `forbidden` where the caller may know of the model; `model_not_found`, as if there were none, where not.
    package func authorize(
        _ principal: Principal, _ operation: AccessOperation, model: String, at place: AccessPlace, nowSeconds: Int64
    ) throws(SluiceError) {
        guard
            case .refused(let reason, let isKnown) = principal.decide(
                operation, model: model, at: place, nowSeconds: nowSeconds)
        else { return }
        note(reason, isKnown: isKnown, principal, operation, model: model, at: place)
        guard isKnown else { throw routes.unknownModel(model) { principal.maySee($0, at: place) } }
        throw principal.refusal(reason, of: operation, model: model)
    }

    /// Checks that an administrator may do that.
    ///
    /// - Parameter model: as the file calls it; `nil` for what is about no model.
    /// - Throws: `forbidden`; `model_not_found` where the administrator may not know of the model.
    package func authorize(
        _ administrator: Administrator, _ operation: AccessOperation, model: String?, nowSeconds: Int64
    ) throws(SluiceError) {
        guard let principal = administrator.limited,
            case .refused(let reason, let isKnown) = principal.decide(
                operation, model: model, at: administrator.place, nowSeconds: nowSeconds)
        else { return }
        note(reason, isKnown: isKnown, principal, operation, model: model, at: administrator.place)
        if let model, !isKnown { throw SluiceError(.modelNotFound, "there is no model \"\(model)\"") }
        throw principal.refusal(reason, of: operation, model: model)
    }

    /// Whether an administrator may know how a model stands.
    ///
    /// - Parameter model: as the file calls it.
    package func maySee(_ administrator: Administrator, model: String, nowSeconds: Int64) -> Bool {
        guard let principal = administrator.limited else { return true }
        return [AccessOperation.learn, .load, .admin].contains { operation in
            switch principal.decide(operation, model: model, at: administrator.place, nowSeconds: nowSeconds) {
            case .allowed, .refused(.hours, _): true
            case .refused: false
            }
        }
    }

    private func note(
        _ reason: AccessPolicy.Reason, isKnown: Bool, _ principal: Principal, _ operation: AccessOperation,
        model: String?, at place: AccessPlace
    ) {
        metrics.gateway.denials(operation: operation.rawValue, reason: reason.rawValue).increment()
        audit?.appendRepeated(
            .denied(reason, isKnown: isKnown, consumer: principal.name, operation, model: model, place),
            key: "\(principal.name) \(operation.rawValue) \(model ?? "") \(place.address?.text ?? "")")
    }

    /// Why no route takes a request, as far as its caller may know of models.
    ///
    /// - Parameter error: why, as far as anybody may.
    func unrouted(
        _ request: RouteRequest, behind last: Route?, _ error: SluiceError, to principal: Principal,
        at place: AccessPlace
    ) -> SluiceError {
        let shows = { (name: String) in principal.maySee(name, at: place) }
        if let model = request.model, !shows(model) { return routes.unknownModel(model, showing: shows) }
        do throws(SluiceError) {
            _ = try routes.match(request, behind: last, showing: shows) { isCaller(principal, of: $0) }
        } catch {
            return error
        }
        return error
    }
}
