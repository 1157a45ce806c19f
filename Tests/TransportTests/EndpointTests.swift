import Tensors
import Testing

@testable import Transport

@Suite struct EndpointTests {
    @Test(
        arguments: [
            ("/", .welcome),
            ("/v1/infer", .infer(model: nil)),
            ("/v1/infer/", .infer(model: nil)),
            ("/v1/infer/iris", .infer(model: "iris")),
            ("/v1/infer/vision/classify", .infer(model: "vision/classify")),
            ("/v1/infer/a%20b", .infer(model: "a b")),
            ("/v1/infer/%C3%A4", .infer(model: "ä")),
            ("/v1/models", .models),
            ("/v1/models/iris", .model("iris")),
            ("/v2", .serverMetadata),
            ("/v2/", .serverMetadata),
            ("/v2/health/live", .live),
            ("/v2/health/ready", .ready),
            ("/v2/models/iris", .modelMetadata("iris", version: nil)),
            ("/v2/models/iris/ready", .modelReady("iris", version: nil)),
            ("/v2/models/iris/infer", .modelInfer("iris", version: nil)),
            ("/v2/models/iris/versions/3", .modelMetadata("iris", version: "3")),
            ("/v2/models/iris/versions/3/ready", .modelReady("iris", version: "3")),
            ("/v2/models/iris/versions/3/infer", .modelInfer("iris", version: "3")),
            ("/v2/models/vision%2Fclassify/infer", .modelInfer("vision/classify", version: nil)),
            ("/v2/models/vision/classify/infer", .modelInfer("vision/classify", version: nil)),
            ("/v2/models/ready", .modelMetadata("ready", version: nil)),
            ("/v2/models/infer/infer", .modelInfer("infer", version: nil)),
            ("/metrics", .metrics),
        ] as [(String, Endpoint)])
    func pathLeadsToItsEndpoint(path: String, endpoint: Endpoint) throws {
        #expect(try Endpoint(path: path) == endpoint)
    }

    @Test(arguments: [
        ("/nothing", SluiceError.Code.notFound),
        ("", .notFound),
        ("/v1", .notFound),
        ("/v3/infer/iris", .notFound),
        ("/v2/models//infer", .notFound),
        ("/v2/models/", .notFound),
        ("/v1/infer/%zz", .malformedRequest),
        ("/v1/infer/%4", .malformedRequest),
        ("/v1/infer/%00", .malformedRequest),
        ("/v1/infer/%ff", .malformedRequest),
        ("/v1/infer/a%0ab", .malformedRequest),
    ])
    func badPathIsRefused(path: String, code: SluiceError.Code) {
        #expect { _ = try Endpoint(path: path) } throws: { ($0 as? SluiceError)?.code == code }
    }

    @Test func overlongNameIsRefused() {
        #expect(throws: SluiceError.self) { _ = try Endpoint(path: "/v1/infer/" + String(repeating: "a", count: 257)) }
    }

    @Test func onlyInferenceTakesPost() throws {
        #expect(Endpoint.infer(model: nil).method == "POST")
        #expect(Endpoint.modelInfer("a", version: nil).method == "POST")
        #expect(Endpoint.models.method == "GET")
        #expect(Endpoint.metrics.method == "GET")
    }
}

@Suite struct QueryTests {
    @Test func modelAndOutputsAreRead() throws {
        let query = try Query("model=vision%2Fclassify&outputs=label,scores")
        #expect(query.model == "vision/classify")
        #expect(query.outputs == ["label", "scores"])
        #expect(try Query("") == Query("outputs="))
    }

    @Test(arguments: ["shape=1", "model=a&model=b", "model=%f", "outputs=%00"])
    func badQueryIsRefused(text: String) {
        #expect { _ = try Query(text) } throws: { ($0 as? SluiceError)?.code == .invalidParameter }
    }
}
