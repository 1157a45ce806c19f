import Codecs
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
            ("/v2/models", .modelNames),
            ("/v2/models/stats", .statistics(model: nil, version: nil)),
            ("/v2/models/iris/stats", .statistics(model: "iris", version: nil)),
            ("/v2/models/iris/versions/3/stats", .statistics(model: "iris", version: "3")),
            ("/v2/models/stats/stats", .statistics(model: "stats", version: nil)),
            ("/v2/models/a/b/versions/3/config", .modelConfiguration("a/b", version: "3")),
            ("/v2/models/iris/generate", .generate("iris", version: nil, streams: false)),
            ("/v2/models/iris/versions/3/generate_stream", .generate("iris", version: "3", streams: true)),
            ("/v2/models/iris/trace/setting", .traceSettings(model: "iris")),
            ("/v2/trace/setting", .traceSettings(model: nil)),
            ("/v2/logging", .logSettings),
            ("/v2/repository/index", .repositoryIndex),
            ("/v2/repository/models/a%2Fb/load", .repositoryLoad("a/b")),
            ("/v2/repository/models/iris/unload", .repositoryUnload("iris")),
            ("/v1/stream/a%20b", .stream(model: "a b")),
            ("/v1/batch/vision/classify", .batch(model: "vision/classify")),
            ("/v1/chat/completions", .openAI(.chat)),
            ("/v1/embeddings", .openAI(.embeddings)),
            ("/v2/systemsharedmemory/status", .sharedMemory(.init(.system, nil, .status))),
            ("/v2/systemsharedmemory/region/a%20b/status", .sharedMemory(.init(.system, "a b", .status))),
            ("/v2/systemsharedmemory/region/r/register", .sharedMemory(.init(.system, "r", .register))),
            ("/v2/cudasharedmemory/unregister", .sharedMemory(.init(.cuda, nil, .unregister))),
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
        ("/v2/repository/models/iris", .notFound),
        ("/v2/repository/models/iris/drop", .notFound),
        ("/v2/systemsharedmemory/register", .notFound),
        ("/v2/systemsharedmemory/region/r", .notFound),
        ("/v2/systemsharedmemory/region//status", .notFound),
        ("/v2/systemsharedmemory/area/r/status", .notFound),
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

    @Test func methodsAreThoseOfTheProtocol() {
        #expect(Endpoint.infer(model: nil).methods == ["POST"])
        #expect(Endpoint.modelInfer("a", version: nil).methods == ["POST"])
        #expect(Endpoint.repositoryIndex.methods == ["POST"])
        #expect(Endpoint.models.methods == ["GET", "HEAD"])
        #expect(Endpoint.metrics.methods == ["GET", "HEAD"])
        #expect(Endpoint.logSettings.methods == ["GET", "HEAD", "POST"])
    }
}

extension SharedMemoryRequest {
    fileprivate init(_ kind: Kind, _ region: String?, _ action: Action) {
        self.init(kind: kind, region: region, action: action)
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
