internal import SluicePluginKit

/// Answers how often each class occurs, whatever it is asked: what a caller gets while the real model is down.
final class Baseline: PluginModel {
    let declaration: ModelDeclaration
    private let label: String
    private let scores: String
    private let classes: [String]
    private let priors: [Float]
    private let likeliest: Int

    private static let settings = [
        "input.name", "input.datatype", "input.shape", "classes", "priors", "outputs.label", "outputs.scores",
    ]

    init(options: PluginOptions) throws {
        try options.check(known: Self.settings)
        classes = options.list("classes")
        guard classes.count >= 2 else { throw PluginFailure("classes must be a list of at least two names") }
        guard Set(classes).count == classes.count else { throw PluginFailure("classes names a class twice") }
        let given = options.list("priors")
        let priors = try Self.priors(given, of: classes)
        self.priors = priors
        likeliest = priors.indices.max { priors[$0] < priors[$1] } ?? 0
        label = options.text("outputs.label") ?? "label"
        scores = options.text("outputs.scores") ?? "scores"
        guard label != scores else { throw PluginFailure("outputs.label and outputs.scores are both \"\(label)\"") }

        let typeName = options.text("input.datatype") ?? "FP32"
        guard let type = ElementType(rawValue: typeName) else {
            let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw PluginFailure("input.datatype is none of \(known): \"\(typeName)\"")
        }
        let shape = try options.list("input.shape").map { text in
            guard let size = Int64(text), size >= -1 else {
                throw PluginFailure("input.shape has to be made of sizes, or -1 for any: \"\(text)\"")
            }
            return size
        }
        var declaration = ModelDeclaration(
            inputs: [.init(options.text("input.name") ?? "X", type, shape: shape, summary: "looked at by nobody")],
            outputs: [
                .init(label, .bytes, shape: [], summary: "the class that occurs most often"),
                .init(scores, .fp32, shape: [Int64(classes.count)], summary: "how often each class occurs"),
            ])
        declaration.joinsRows = true
        declaration.isQuick = true
        declaration.isDeterministic = true
        self.declaration = declaration
    }

    /// As given, scaled to add up to 1; all alike where none are given.
    private static func priors(_ given: [String], of classes: [String]) throws -> [Float] {
        if given.isEmpty { return classes.map { _ in 1 / Float(classes.count) } }
        guard given.count == classes.count else {
            throw PluginFailure("priors has \(given.count) numbers for \(classes.count) classes")
        }
        let numbers = try given.map { text in
            guard let number = Float(text), number.isFinite, number >= 0 else {
                throw PluginFailure("priors has to be made of numbers from 0 up: \"\(text)\"")
            }
            return number
        }
        let sum = numbers.reduce(0, +)
        guard sum > 0, sum.isFinite else { throw PluginFailure("priors add up to nothing") }
        return numbers.map { $0 / sum }
    }

    func infer(_ request: PluginRequest) throws {
        guard request.inputCount == 1 else { throw PluginFailure("there is one input, \(declaration.inputs[0].name)") }
        let rows = Int(request.shape(ofInput: 0).first ?? 1)
        var outputs: [PluginOutput] = []
        if request.wants(label) {
            let names = [String](repeating: classes[likeliest], count: rows)
            outputs.append(PluginOutput(label, shape: [Int64(rows)], texts: names))
        }
        if request.wants(scores) {
            let values = (0..<rows).flatMap { _ in priors }
            outputs.append(
                PluginOutput(scores, .fp32, shape: [Int64(rows), Int64(classes.count)], values: values))
        }
        try request.respond(outputs)
    }
}
