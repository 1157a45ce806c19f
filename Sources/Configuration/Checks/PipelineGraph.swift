/// Whether models that are made of others come to an end: what the file alone can tell of them.
struct PipelineGraph {
    /// Pipelines within each other.
    static let deepest = 8
    /// Calls of models that one request may come to.
    static let mostCalls = 256

    /// What a model comes to.
    private struct Extent {
        var depth = 0
        var calls = 1
    }

    private let models: [String: ModelConfiguration]
    private let reading: Reading
    private var extents: [String: Extent] = [:]
    /// The models that are being looked at, from the outermost on.
    private var way: [String] = []

    /// Reports steps that are no models, loops, and what is too deep or too much.
    static func check(_ models: [ModelConfiguration], names: NameTable, _ reading: Reading) {
        for step in models.flatMap({ $0.pipeline?.steps ?? [] }) {
            names.use(step.model.text, at: SourceSpan(step.model), reading)
        }
        var graph = PipelineGraph(
            models: Dictionary(models.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
            reading: reading)
        for model in models { _ = graph.extent(of: model.name) }
    }

    private init(models: [String: ModelConfiguration], reading: Reading) {
        self.models = models
        self.reading = reading
    }

    private mutating func extent(of name: String) -> Extent {
        if let known = extents[name] { return known }
        guard let model = models[name], let pipeline = model.pipeline else { return Extent() }
        way.append(name)
        var extent = Extent(depth: 1, calls: 0)
        for step in pipeline.steps {
            if let start = way.firstIndex(of: step.model.text) {
                let loop = (way[start...] + [step.model.text]).map(quoted).joined(separator: " → ")
                reading.error("the steps go round in a circle: \(loop)", at: SourceSpan(step.model))
                continue
            }
            let inner = self.extent(of: step.model.text)
            extent.depth = max(extent.depth, inner.depth + 1)
            // Of what is too much already nobody wants to know how much.
            extent.calls = min(extent.calls + inner.calls, Int(Int32.max))
        }
        way.removeLast()
        let isTooMuch = extent.depth > Self.deepest || extent.calls > Self.mostCalls
        if extent.depth > Self.deepest {
            reading.error(
                "model \(quoted(name)) has steps within steps, \(extent.depth) deep; at most \(Self.deepest) are allowed",
                at: SourceSpan(model.location, length: name.unicodeScalars.count))
        } else if extent.calls > Self.mostCalls {
            reading.error(
                """
                a request to model \(quoted(name)) asks \(extent.calls) models, those of its steps' steps included; \
                at most \(Self.mostCalls) are allowed
                """, at: SourceSpan(model.location, length: name.unicodeScalars.count))
        }
        // What is too much is said of the innermost that is.
        extents[name] = isTooMuch ? Extent() : extent
        return extents[name] ?? extent
    }
}

extension SourceSpan {
    fileprivate init(_ name: PipelineConfiguration.Name) {
        self.init(name.location, length: name.length)
    }
}
