internal import Configuration
internal import Policies
package import Telemetry

/// The records of the audit log, each as it is written.
extension AuditRecord {
    static func failed(_ failure: AuthenticationFailure) -> AuditRecord {
        AuditRecord("auth_failure").with("credentials", failure.credentials).with("reason", failure.reason)
            .with("address", failure.place.address?.text).with("listener", failure.place.listener)
            .with("admin", failure.isAdministrator)
    }

    static func banned(_ kind: BanGuard.Kind, _ address: NetworkAddress?) -> AuditRecord {
        AuditRecord("ban").with("of", kind.rawValue).with("address", address?.text)
    }

    /// Something began to be unlike what it usually is, or ended.
    static func anomaly(_ finding: AnomalyWatch.Finding) -> AuditRecord {
        let record = AuditRecord("anomaly").with("of", finding.subject.kind.rawValue).with("name", finding.subject.name)
            .with("signal", finding.signal.rawValue).with("begins", finding.begins).with("count", finding.count)
            .with("requests", finding.requests)
        return finding.signal == .payloadSize
            ? record.with("usual_bytes", finding.usual) : record.with("usual", ShareText.text(finding.usual))
    }

    static func denied(
        _ reason: AccessPolicy.Reason, isKnown: Bool, consumer: String, _ operation: AccessOperation, model: String?,
        _ place: AccessPlace
    ) -> AuditRecord {
        AuditRecord("denied").with("consumer", consumer).with("operation", operation.rawValue).with("model", model)
            .with("reason", reason.rawValue).with("hidden", !isKnown).with("address", place.address?.text)
            .with("listener", place.listener)
    }

    /// What came of a change, or of the wish for one.
    ///
    /// - Parameters:
    ///   - action: `start`, `reload`, `load`, `unload` or `swap`.
    ///   - before: what served until then.
    static func change(
        _ action: String, model: String?, by causes: String, before: Revision?,
        _ result: Result<RevisionReport, ReloadFailure>
    ) -> AuditRecord {
        let record = AuditRecord("change").with("action", action).with("model", model).with("by", causes)
            .with("was_revision", before?.number).with("was_file_hash", before?.hash)
        switch result {
        case .success(let report):
            return record.with("done", true).with("revision", report.revision.number)
                .with("file_hash", report.revision.hash).with("changes", report.changes).with("loaded", report.loaded)
                .with("retired", report.retired)
        case .failure(let failure):
            return record.with("done", false).with("stage", failure.stage.rawValue).with("reason", failure.message)
        }
    }

    static func learned(model: String, by cause: String, failure: String?) -> AuditRecord {
        AuditRecord("learn").with("model", model).with("by", cause).with("done", failure == nil).with("reason", failure)
    }

    /// Somebody opened or closed a breaker by hand.
    package static func breaker(of model: String, opens: Bool, by administrator: String) -> AuditRecord {
        AuditRecord("breaker").with("model", model).with("action", opens ? "open" : "close")
            .with("by", "admin \(administrator)")
    }

    /// Somebody moved a route's canary by hand, to a share or back to what the file says.
    package static func canary(of route: String, share: String, by administrator: String) -> AuditRecord {
        AuditRecord("canary").with("route", route).with("share", share).with("by", "admin \(administrator)")
    }

    /// Somebody wants no more requests, or wants them again.
    package static func drain(_ drains: Bool, by administrator: String) -> AuditRecord {
        AuditRecord("drain").with("drains", drains).with("by", "admin \(administrator)")
    }

    /// Somebody changed what is logged.
    package static func logLevel(_ level: String, by administrator: String) -> AuditRecord {
        AuditRecord("log_level").with("level", level).with("by", "admin \(administrator)")
    }
}
