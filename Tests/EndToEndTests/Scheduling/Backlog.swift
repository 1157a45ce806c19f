import Foundation
import Testing

/// Requests that line up behind one that keeps a model busy, so that what happens to them is no matter of chance.
struct Backlog {
    private let gateway: GatewayFixture
    private let model: String
    private let blocker: RawConnection
    private var connections: [RawConnection] = []

    /// How much longer everything takes under a sanitizer.
    private static let slowness = ProcessInfo.processInfo.environment["SLUICE_TEST_PLUGINS"] == nil ? 1 : 4

    /// Keeps the model, which takes one call at a time, busy for so many milliseconds.
    init(_ gateway: GatewayFixture, model: String, milliseconds: Int = 1_000, key: String? = nil) throws {
        self.gateway = gateway
        self.model = model
        blocker = try RawConnection(port: gateway.port)
        let before = Self.calls(gateway, model)
        blocker.send(
            Self.request(
                model, rows: [[0]], key: key,
                parameters: #""behaviour": "hang-ignoring-cancel", "for": "\#(milliseconds * Self.slowness)ms""#))
        try Self.wait(for: "the first call") { Self.calls(gateway, model) > before }
    }

    /// Sends a request and sees it wait.
    mutating func add(_ rows: [[Float]], key: String? = nil, parameters: String = "") throws {
        let connection = try send(rows, key: key, parameters: parameters)
        connections.append(connection)
        let (gateway, model, count) = (gateway, model, connections.count)
        try Self.wait(for: "\(count) to wait") { Self.metric("sluice_model_queue_depth", gateway, model) == count }
    }

    /// Sends a request that may be answered at once.
    func send(_ rows: [[Float]], key: String? = nil, parameters: String = "") throws -> RawConnection {
        let connection = try RawConnection(port: gateway.port)
        connection.send(Self.request(model, rows: rows, key: key, parameters: parameters))
        return connection
    }

    /// The answer to the request that was added as that one, which came before the model was free.
    mutating func earlyAnswer(to index: Int) throws -> Response { try connections.remove(at: index).response() }

    /// All other answers, in the order in which the requests were added, once the model is free again.
    func answers() throws -> [Response] {
        #expect(try blocker.response().status == 200)
        return try connections.map { try $0.response() }
    }

    /// Calls that the model has begun.
    private static func calls(_ gateway: GatewayFixture, _ model: String) -> Int {
        metric("sluice_model_queue_seconds_count", gateway, model)
    }

    static func metric(_ name: String, _ gateway: GatewayFixture, _ model: String, more: String = "") -> Int {
        guard let text = try? gateway.get("/metrics").text,
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(name){model=\"\(model)\"\(more)}") })
        else { return 0 }
        return line.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    private static func wait(for what: String, _ isThere: () -> Bool) throws {
        let deadline = Date().addingTimeInterval(120)
        while !isThere() {
            try #require(Date() < deadline, "waited for \(what) in vain")
            usleep(2_000)
        }
    }

    static func request(_ model: String, rows: [[Float]], key: String? = nil, parameters: String = "") -> [UInt8] {
        let values = rows.flatMap { $0 }.map { "\($0)" }.joined(separator: ",")
        let body =
            #"{"inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [\#(rows.count), \#(rows[0].count)], "#
            + #""data": [\#(values)]}], "parameters": {\#(parameters)}}"#
        var head = "POST /v2/models/\(model)/infer HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        if let key { head += "Authorization: Bearer \(key)\r\n" }
        return Array("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}

extension Response {
    /// The numbers of the only output of an Open Inference answer.
    var values: [Float] {
        let outputs = json["outputs"] as? [[String: Any]]
        return (outputs?.first?["data"] as? [Any])?.compactMap { ($0 as? NSNumber)?.floatValue } ?? []
    }

    var shape: [Int] { (json["outputs"] as? [[String: Any]])?.first?["shape"] as? [Int] ?? [] }

    /// What the stub says of the call that answered.
    func told(_ name: String) -> Int? {
        (json["parameters"] as? [String: Any])?[name].flatMap { Int("\($0)") }
    }
}
