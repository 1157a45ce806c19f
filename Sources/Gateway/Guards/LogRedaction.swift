internal import Configuration
internal import Policies
internal import Telemetry

/// What is masked in texts before they are logged.
package struct LogRedaction: Sendable {
    private let redactors: [TextRedactor]
    private let metrics: GatewayMetrics

    /// `nil` where texts are logged as they are.
    init?(_ names: [String], _ redactors: [String: TextRedactor], metrics: GatewayMetrics) {
        guard !names.isEmpty else { return nil }
        self.redactors = names.compactMap { redactors[$0] }
        self.metrics = metrics
    }

    package func masked(_ text: String) -> String {
        var bytes = Array(text.utf8)
        var isChanged = false
        for redactor in redactors {
            let findings = redactor.findings(in: bytes.span)
            guard !findings.isEmpty else { continue }
            for finding in findings {
                metrics.redactions(rule: redactor.name, kind: finding.kind, place: "logs", action: "mask").increment()
            }
            bytes = TextRedactor.masked(bytes.span, findings)
            isChanged = true
        }
        return isChanged ? String(decoding: bytes, as: UTF8.self) : text
    }
}
