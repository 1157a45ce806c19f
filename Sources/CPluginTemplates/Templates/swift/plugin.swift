// @NAME@ - answers every number of `x`, times `factor`, as `y`. Change what `init` reads, what `info` declares and what
// `infer` computes. Sluice.swift beside this file puts the contract, sluice_plugin.h, into Swift's words.
import SluicePlugin

final class Multiply: Model {
    static let info = ModelInfo(
        inputs: [TensorSpec("x", of: Float.self, shape: [-1], summary: "numbers")],
        outputs: [TensorSpec("y", of: Float.self, shape: [-1], summary: "the numbers, multiplied")],
        concurrency: 8, flags: SLUICE_MODEL_DETERMINISTIC)

    private let factor: Float

    init(options: [(key: String, value: String)]) throws {
        var factor: Float = 2
        for (key, value) in options {
            guard key == "factor" else { throw Failure(message: "unknown setting \"\(key)\"") }
            guard let number = Float(value) else { throw Failure(message: "factor is not a number: \"\(value)\"") }
            factor = number
        }
        self.factor = factor
    }

    func infer(_ request: Request) throws {
        let x = request.input(0, of: Float.self)
        try request.respond("y", shape: [Int64(x.count)]) { (y: UnsafeMutableBufferPointer<Float>) in
            for index in x.indices { y[index] = factor * x[index] }
        }
    }
}

/// The one symbol that the host looks for.
@c @implementation
public func sluice_plugin_v1(
    _ host: UnsafePointer<sluice_host>!, _ error: UnsafeMutablePointer<sluice_error>!
) -> UnsafePointer<sluice_plugin>? {
    makePlugin(id: "org.example.@NAME@", version: "0.1.0", summary: "Multiplies numbers", model: Multiply.self)
}
