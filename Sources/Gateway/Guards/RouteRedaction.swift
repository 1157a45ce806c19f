internal import Configuration
internal import Policies
internal import Telemetry
internal import Tensors

/// What is looked for in the texts of one route's requests and answers. What is found is counted, and never shown.
struct RouteRedaction: Sendable {
    private let route: String
    private let redactors: [TextRedactor]
    private let metrics: GatewayMetrics

    /// `nil` where nothing is looked for.
    init?(_ route: RouteConfiguration, _ redactors: [String: TextRedactor], metrics: GatewayMetrics) {
        guard !route.redactions.isEmpty else { return nil }
        self.route = route.name
        self.redactors = route.redactions.compactMap { redactors[$0] }
        self.metrics = metrics
    }

    func looks(at place: RedactionConfiguration.Place) -> Bool { redactors.contains { $0.places.contains(place) } }

    /// The tensors as they may go on.
    ///
    /// - Throws: `invalid_input` for inputs and `forbidden` for outputs that may not, with the place and the kind of what was
    ///   found, and nothing of it.
    func applied(to tensors: [Tensor], _ place: RedactionConfiguration.Place) throws(SluiceError) -> [Tensor] {
        var all: [Tensor] = []
        for tensor in tensors {
            all.append(tensor.dataType == .bytes ? try applied(to: tensor, place) : tensor)
        }
        return all
    }

    private func applied(to tensor: Tensor, _ place: RedactionConfiguration.Place) throws(SluiceError) -> Tensor {
        var changed: [Int: [UInt8]] = [:]
        for index in 0..<tensor.elementCount {
            var text = unsafe tensor.withElement(index) { unsafe [UInt8]($0) }
            for redactor in redactors where redactor.places.contains(place) {
                let findings = redactor.findings(in: text.span)
                guard let first = findings.first else { continue }
                for finding in findings {
                    metrics.redactions(
                        rule: redactor.name, kind: finding.kind, place: place.rawValue, action: redactor.action.rawValue
                    ).increment()
                }
                switch redactor.action {
                case .report: break
                case .mask:
                    text = TextRedactor.masked(text.span, findings)
                    changed[index] = text
                case .reject: throw refusal(tensor.name, index, first.kind, redactor.name, place)
                }
            }
        }
        return changed.isEmpty ? tensor : try tensor.replacingTexts(changed)
    }

    /// A part of an answer whose parts are one text: what it ends in may wait for the next one.
    ///
    /// - Parameter windows: what was held back of the parts before; `nil` before the first.
    /// - Throws: `forbidden` where it holds what may not go out.
    func applied(
        toPart outputs: [Tensor], isFinal: Bool, windows: inout [TextWindow]?
    ) throws(SluiceError) -> [Tensor] {
        guard outputs.count <= 1, outputs.allSatisfy({ $0.dataType == .bytes }) else { return outputs }
        var open = windows ?? redactors.filter { $0.places.contains(.outputs) }.map(TextWindow.init)
        var text: [UInt8] = []
        for output in outputs {
            for index in 0..<output.elementCount {
                unsafe output.withElement(index) { unsafe text.append(contentsOf: $0) }
            }
        }
        let name = outputs.first?.name ?? "text"
        for index in open.indices {
            let redactor = open[index].redactor
            var refused: String?
            text = open[index].take(text, isFinal: isFinal) { finding in
                metrics.redactions(
                    rule: redactor.name, kind: finding.kind, place: RedactionConfiguration.Place.outputs.rawValue,
                    action: redactor.action.rawValue
                ).increment()
                if redactor.action == .reject { refused = refused ?? finding.kind }
            }
            if let refused {
                throw refusal(name, 0, refused, redactor.name, .outputs)
            }
        }
        windows = open
        if text.isEmpty, outputs.isEmpty { return [] }
        return [try Tensor(name: name, shape: [1], strings: [""]).replacingTexts([0: text])]
    }

    private func refusal(
        _ name: String, _ index: Int, _ kind: String, _ rule: String, _ place: RedactionConfiguration.Place
    ) -> SluiceError {
        let what = place == .inputs ? "input" : "output"
        return SluiceError(
            place == .inputs ? .invalidInput : .forbidden,
            "\(what) \"\(name)\": the text at element \(index) holds what rule \"\(rule)\" keeps out (\(kind))",
            detail: [.init(what, name), .init("element", index), .init("rule", rule), .init("kind", kind)])
    }
}
