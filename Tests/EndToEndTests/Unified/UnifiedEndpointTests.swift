import Foundation
import Testing

/// One endpoint, whatever the client has: the same flowers in every format give the same classes.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          iris:
            plugin: onnxruntime
            config: { file: "MODELS/iris.onnx" }
            inputs: { X: { columns: [sepal_length, sepal_width, petal_length, petal_width] } }
          echo: { plugin: echo }
        auth: none
        """))
struct UnifiedEndpointTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private static let flowers = GatewayFixture.root.appendingPathComponent("examples/iris")

    private func flowers(_ file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: Self.flowers.appendingPathComponent(file)))
    }

    private func infer(_ file: String, type: String?, accept: String? = nil, query: String = "") throws -> Response {
        var headers: [String: String] = [:]
        headers["Content-Type"] = type
        headers["Accept"] = accept
        return try gateway.request("POST", "/v1/infer/iris" + query, headers: headers, body: try flowers(file))
    }

    private func labels(_ response: Response) throws -> [String] {
        let outputs = try #require(response.json["outputs"] as? [String: Any], "\(response.text)")
        return try #require(outputs["label"] as? [String])
    }

    static let formats = [
        ("flowers.csv", "text/csv"), ("flowers.json", "application/json"), ("flowers.xml", "application/xml"),
        ("flowers.npy", "application/x-npy"),
    ]

    @Test(arguments: formats)
    func theSameFlowersGiveTheSameClasses(file: String, type: String) throws {
        let expected = try labels(try infer("flowers.csv", type: "text/csv"))
        #expect(Set(expected) == ["setosa", "versicolor", "virginica"])
        let response = try infer(file, type: type)
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/json")
        #expect(response.headers["sluice-model"] == "iris")
        #expect(response.headers["sluice-fallback"] == nil)
        #expect(try labels(response) == expected)
    }

    @Test(arguments: formats)
    func withoutContentTypeTheBodyTells(file: String, type: String) throws {
        let expected = try labels(try infer(file, type: type))
        #expect(try labels(try infer(file, type: nil)) == expected)
        // What `curl -d` sends of itself counts as no type at all.
        #expect(try labels(try infer(file, type: "application/x-www-form-urlencoded")) == expected)
    }

    @Test func answersCSV() throws {
        let expected = try labels(try infer("flowers.csv", type: "text/csv"))
        let response = try infer("flowers.json", type: "application/json", accept: "text/csv")
        #expect(response.status == 200)
        #expect(response.headers["content-type"]?.hasPrefix("text/csv") == true)
        let lines = response.text.components(separatedBy: "\r\n")
        #expect(lines.first == "label,probabilities_0,probabilities_1,probabilities_2")
        #expect(lines.last == "")
        #expect(lines.dropFirst().dropLast().map { String($0.prefix { $0 != "," }) } == expected)
    }

    @Test func answersXML() throws {
        let expected = try labels(try infer("flowers.csv", type: "text/csv"))
        let response = try infer("flowers.npy", type: "application/x-npy", accept: "application/xml")
        #expect(response.headers["content-type"]?.hasPrefix("application/xml") == true)
        let found = response.text.matches(of: /<label>([^<]*)<\/label>/).map { String($0.1) }
        #expect(found == expected)
        #expect(response.text.matches(of: /<v>[^<]+<\/v>/).count == 3 * expected.count)
    }

    @Test func answersNpy() throws {
        let response = try infer(
            "flowers.csv", type: "text/csv", accept: "application/x-npy", query: "?outputs=probabilities")
        #expect(response.status == 200)
        #expect(response.headers["content-type"] == "application/x-npy")
        #expect(Array(response.body.prefix(8)) == [0x93] + Array("NUMPY".utf8) + [1, 0])
        let header = String(decoding: response.body.dropFirst(10).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let rows = try labels(try infer("flowers.csv", type: "text/csv")).count
        #expect(header.contains("'descr': '<f4'"))
        #expect(header.contains("'shape': (\(rows), 3)"))
        #expect(response.body.count == 10 + header.utf8.count + 1 + 4 * 3 * rows)
    }

    @Test func severalOutputsDoNotFitOneArray() throws {
        let response = try infer("flowers.csv", type: "text/csv", accept: "application/x-npy")
        #expect(response.status == 406)
        #expect(response.code == "not_acceptable")
    }

    @Test func answersOneJSONLineWhereAskedForLines() throws {
        let response = try infer("flowers.csv", type: "text/csv", accept: "application/x-ndjson")
        #expect(response.headers["content-type"] == "application/x-ndjson")
        #expect(response.headers["transfer-encoding"] == "chunked")
        let lines = response.text.split(separator: "\n")
        #expect(lines.count == 1)
        let expected = try labels(try infer("flowers.csv", type: "text/csv"))
        #expect(try labels(Response(status: 200, headers: [:], body: Array(lines[0].utf8))) == expected)
    }

    @Test func outputsAreChosenInTheQuery() throws {
        let response = try infer("flowers.csv", type: "text/csv", query: "?outputs=probabilities")
        let outputs = try #require(response.json["outputs"] as? [String: Any])
        #expect(Array(outputs.keys) == ["probabilities"])
        let wrong = try infer("flowers.csv", type: "text/csv", query: "?outputs=labels")
        #expect(wrong.status == 400)
        #expect(wrong.code == "invalid_parameter")
        #expect(wrong.error == #"the model has no output "labels"; it has "label", "probabilities""#)
    }

    @Test func theModelIsNamedInTheQuery() throws {
        let headers = ["Content-Type": "text/csv"]
        let body = try flowers("flowers.csv")
        let response = try gateway.request("POST", "/v1/infer?model=iris", headers: headers, body: body)
        #expect(response.status == 200)
        #expect(response.headers["sluice-model"] == "iris")
        let twice = try gateway.request("POST", "/v1/infer/iris?model=iris", headers: headers, body: body)
        #expect(twice.status == 400)
        #expect(twice.error == "the model is named both in the path and in the query")
        let none = try gateway.request("POST", "/v1/infer", headers: headers, body: body)
        #expect(none.status == 404)
    }

    @Test func requestIDsComeBack() throws {
        let own = try gateway.post("/v1/infer/echo", "[[1,2]]", headers: ["X-Request-Id": "mine-1"])
        #expect(own.headers["x-request-id"] == "mine-1")
        let error = try gateway.post("/v1/infer/none", "[[1,2]]", headers: ["X-Request-Id": "mine-2"])
        #expect(error.headers["x-request-id"] == "mine-2")
        #expect(error.json["request_id"] as? String == "mine-2")
        let fresh = try gateway.post("/v1/infer/echo", "[[1,2]]", headers: ["X-Request-Id": "not acceptable"])
        #expect(fresh.headers["x-request-id"]?.count == 15)
    }

    @Test func listsItsModels() throws {
        let response = try gateway.get("/v1/models")
        #expect(response.status == 200)
        let models = try #require(response.json["models"] as? [[String: Any]])
        #expect(models.map { $0["name"] as? String } == ["iris", "echo"])
        #expect(models.allSatisfy { $0["ready"] as? Bool == true })
    }

    /// What the gate says one can send, one can send.
    @Test(arguments: ["iris", "echo"])
    func documentedSamplesWork(model: String) throws {
        let document = try gateway.get("/v1/models/\(model)")
        #expect(document.status == 200)
        let accepts = try #require(document.json["accepts"] as? [[String: Any]])
        let answers = try #require(document.json["answers"] as? [String])
        let samples = accepts.compactMap { entry in
            (entry["sample"] as? String).map { (entry["content_type"] as! String, $0) }
        }
        #expect(samples.contains { $0.0 == "application/json" })
        for (type, sample) in samples {
            for accept in answers {
                let response = try gateway.post(
                    "/v1/infer/\(model)?outputs=\(model == "iris" ? "probabilities" : "OUTPUT0")", sample, type: type,
                    headers: ["Accept": accept])
                #expect(response.status == 200, "\(type) → \(accept): \(response.text)")
                #expect(response.headers["content-type"]?.hasPrefix(accept) == true)
            }
        }
    }

    @Test func voiceSamplesAsRawOctetsNeedTheirShape() throws {
        let floats: [Float] = [1, 2, 3, 4]
        let raw = floats.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        var headers = ["Content-Type": "application/octet-stream", "Sluice-Shape": "2,2"]
        let response = try gateway.request("POST", "/v1/infer/echo", headers: headers, body: raw)
        #expect((response.json["outputs"] as? [String: [[Double]]])?["OUTPUT0"] == [[1, 2], [3, 4]])
        headers["Sluice-Shape"] = "3,2"
        let wrong = try gateway.request("POST", "/v1/infer/echo", headers: headers, body: raw)
        #expect(wrong.status == 400)
        #expect(wrong.code == "invalid_input")
    }

    @Test func theFrontDoorSaysWhereToGo() throws {
        let response = try gateway.get("/")
        #expect(response.json["infer"] as? String == "POST /v1/infer/{model}")
        #expect(try gateway.get("/nothing").code == "not_found")
        let method = try gateway.get("/v1/infer/iris")
        #expect(method.status == 405)
        #expect(method.headers["allow"] == "POST")
        #expect(try gateway.post("/v1/models", "").headers["allow"] == "GET, HEAD")
    }
}
