import Foundation
import LoadGenerator
import Tensors
import Testing

@Suite struct GeneratedInputsTests {
    private func inputs(_ tensors: ModelMetadata.Tensor...) -> GeneratedInputs {
        GeneratedInputs(ModelMetadata(name: "m", inputs: tensors))
    }

    private func document(_ template: RequestTemplate) throws -> [String: Any] {
        let header = template.headers.first { $0.name == "Inference-Header-Content-Length" }.flatMap { Int($0.value) }
        let json = template.body.prefix(header ?? template.body.count)
        return try #require(JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
    }

    @Test(arguments: [
        ([2, 3], [2, 3]), ([-1, 4], [1, 4]), ([-1], [16]), ([], [1, 16]), ([-1, -1], [1, 16]), ([4, -1], [4, 16]),
        ([-1, 3, -1], [1, 3, 16]),
    ])
    func openSizesBecomeSmallOnes(declared: [Int], sent: [Int]) {
        let tensor = ModelMetadata.Tensor(name: "X", datatype: "FP32", shape: declared)
        #expect(inputs(tensor).shape(of: tensor) == sent)
    }

    @Test func givenRowsAndShapesAreUsed() throws {
        let tensor = ModelMetadata.Tensor(name: "X", datatype: "FP32", shape: [-1, 4])
        var made = inputs(tensor)
        made.rows = 8
        #expect(made.shape(of: tensor) == [8, 4])
        made.shapes = ["X": [3, 4]]
        #expect(made.shape(of: tensor) == [3, 4])
        made.shapes = ["Y": [3, 4]]
        #expect(throws: BenchError("model \"m\" has no input \"Y\"")) { try made.request(binary: false) }
    }

    @Test(arguments: DataType.allCases)
    func binaryBodiesHaveTheLengthThatTheySay(type: DataType) throws {
        let template = try inputs(.init(name: "X", datatype: type.name, shape: [2, 5])).request(binary: true)
        let document = try document(template)
        let header = try #require(Int(template.headers.first { $0.name.hasPrefix("Inference") }?.value ?? ""))
        let input = try #require((document["inputs"] as? [[String: Any]])?.first)
        let size = try #require((input["parameters"] as? [String: Any])?["binary_data_size"] as? Int)
        #expect(template.body.count == header + size)
        if type != .bytes { #expect(size == 10 * type.byteWidth) }
        #expect(input["datatype"] as? String == type.name)
    }

    @Test(arguments: DataType.allCases.filter { $0 != .fp16 && $0 != .bf16 })
    func jsonBodiesHaveAsManyValuesAsTheShapeSays(type: DataType) throws {
        let template = try inputs(.init(name: "X", datatype: type.name, shape: [2, 5])).request(binary: false)
        let input = try #require((try document(template)["inputs"] as? [[String: Any]])?.first)
        #expect((input["data"] as? [Any])?.count == 10)
        #expect(input["shape"] as? [Int] == [2, 5])
    }

    @Test func jsonCannotCarryShortFloats() {
        #expect(throws: BenchError.self) {
            try inputs(.init(name: "X", datatype: "FP16", shape: [1])).request(binary: false)
        }
    }

    @Test func bothFormsCarryTheSameValues() throws {
        let made = inputs(.init(name: "X", datatype: "FP32", shape: [1, 100]))
        let json = try #require((try document(made.request(binary: false))["inputs"] as? [[String: Any]])?.first)
        let numbers = try #require(json["data"] as? [Double])
        let raw = try made.request(binary: true).body.suffix(400)
        let floats = Array(raw).withUnsafeBytes { bytes in
            (0..<100).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        #expect(floats == numbers.map(Float.init))
        #expect(Set(floats).count > 90)
    }

    @Test func namesAreEscaped() throws {
        var made = inputs(.init(name: "a \"b\"\n", datatype: "INT64", shape: [1]))
        made.metadata.name = "vision/cats & dogs"
        let template = try made.request(binary: false)
        #expect(template.path == "/v2/models/vision%2Fcats%20&%20dogs/infer")
        let input = try #require((try document(template)["inputs"] as? [[String: Any]])?.first)
        #expect(input["name"] as? String == "a \"b\"\n")
    }

    @Test func whatCannotBeMadeUpIsRefused() {
        #expect(throws: BenchError.self) { try inputs().request(binary: false) }
        #expect(throws: BenchError.self) {
            try inputs(.init(name: "X", datatype: "COMPLEX", shape: [1])).request(binary: false)
        }
        #expect(throws: BenchError.self) {
            try inputs(.init(name: "X", datatype: "FP32", shape: [1 << 40, 1 << 40])).request(binary: true)
        }
        #expect(throws: BenchError.self) { try ModelMetadata(json: Array("{}".utf8)) }
    }

    @Test(arguments: [
        ("http://127.0.0.1:8080", "127.0.0.1:8080"), ("localhost:9000", "localhost:9000"), ("http://gate/", "gate:80"),
        ("http://[::1]:8080", "[::1]:8080"),
    ])
    func addressesAreRead(text: String, address: String) throws {
        #expect(try ServerAddress(text).text == address)
    }

    @Test(arguments: ["https://gate", "", "http://", "gate/v2", "ftp://gate"])
    func otherAddressesAreRefused(text: String) {
        #expect(throws: BenchError.self) { try ServerAddress(text) }
    }
}
