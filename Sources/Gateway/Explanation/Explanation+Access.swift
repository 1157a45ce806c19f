internal import Configuration
internal import Policies
internal import Routing
internal import Tensors

extension Explanation {
    /// What each rule says that is about the model, and what comes of it.
    ///
    /// - Parameter model: `nil` for what is about no model.
    mutating func explainRight(
        _ principal: Principal, model: String?, _ table: RouteTable
    ) throws(SluiceError) {
        let operation = request.operation
        let serving = configuration.listeners.first(where: operation.isServed)?.name
        let place = AccessPlace(listener: request.listener ?? serving ?? "", address: request.address)
        let what = operation.deed(on: model)
        let decision = principal.decide(operation, model: model, at: place, nowSeconds: nowSeconds)
        let findings = principal.consumer.access.findings(
            operation, model: model, place: place, principal: principal, nowSeconds: nowSeconds)
        let denial = findings.first { $0.isDeny && $0.obstacle == nil }
        let grant = findings.first { !$0.isDeny && $0.obstacle == nil }
        for finding in findings {
            guard let obstacle = finding.obstacle else { continue }
            // Of what other rules say, only what might have changed the outcome is worth a line.
            guard finding.isDeny ? grant != nil : grant == nil else { continue }
            add(
                .right, "a rule that would \(finding.isDeny ? "deny" : "allow") it doesn't hold: it \(obstacle)",
                at: finding.rule.location)
        }
        switch decision {
        case .allowed:
            let by = grant.map { ", by \($0.rule.models.map { "\"\($0)\"" }.joined(separator: ", "))" } ?? ""
            add(.right, "\"\(principal.name)\" may \(what)\(by)", at: grant?.rule.location)
        case .refused(let reason, let isKnown):
            let why = reason == .denied ? "a rule denies it" : "no rule allows it"
            let sight = isKnown || model == nil ? "" : ", nor know of it"
            add(
                .right, "\"\(principal.name)\" may not \(what)\(sight): \(why)",
                at: denial?.rule.location ?? (findings.isEmpty ? location(of: principal) : nil))
            guard isKnown || model == nil else {
                throw table.unknownModel(model ?? "") { principal.maySee($0, at: place) }
            }
            throw principal.refusal(reason, of: operation, model: model)
        }
    }

    private func location(of principal: Principal) -> SourceLocation? {
        configuration.consumers.first { $0.name == principal.name }?.location
    }
}
