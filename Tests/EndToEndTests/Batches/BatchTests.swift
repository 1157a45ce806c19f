import Foundation
import Testing

/// Rows of any number in one request.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, max_body: 1MiB }
          other: { address: LISTENER, serves: [metrics] }
        models:
          iris:
            plugin: onnxruntime
            config: { file: "MODELS/iris.onnx" }
            inputs: { X: { columns: [sepal_length, sepal_width, petal_length, petal_width] } }
          bounded:
            plugin: echo
            config: { inputs: [{ name: x, datatype: FP32, shape: [-1, 2] }] }
            inputs: { x: { range: [-1000, 100] } }
          pairs: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [2, 2] }] } }
          vector: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [3] }] } }
          wide: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, -1] }] } }
          down: { plugin: onnxruntime, config: { file: "MODELS/there-is-none.onnx" } }
        routes:
          - { match: { model: iris }, send: iris }
          - { match: { model: bounded }, send: bounded }
          - { match: { model: pairs }, send: pairs }
          - { match: { model: vector }, send: vector }
          - { match: { model: wide }, send: wide }
          - { match: { model: down }, send: down }
          - match: { model: ladder }
            send: down
            fallback: [{ when: [5xx], model: iris }]
        auth: none
        """))
struct BatchTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func batch(
        _ model: String, _ body: String, type: String? = "text/csv", accept: String? = nil, query: String = ""
    ) throws -> Response {
        var headers: [String: String] = [:]
        headers["Content-Type"] = type
        headers["Accept"] = accept
        return try gateway.request("POST", "/v1/batch/\(model)\(query)", headers: headers, body: Array(body.utf8))
    }

    private func lines(_ response: Response) throws -> [[String: Any]] {
        try response.text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    private var flowers: String {
        get throws {
            let file = GatewayFixture.root.appendingPathComponent("examples/iris/flowers.csv")
            return try String(contentsOf: file, encoding: .utf8)
        }
    }

    @Test(arguments: ["iris", "ladder"])
    func aTableIsAnsweredAsByInfer(model: String) throws {
        let whole = try gateway.request(
            "POST", "/v1/infer/\(model)", headers: ["Content-Type": "text/csv", "Accept": "text/csv"],
            body: Array(try flowers.utf8))
        #expect(whole.status == 200)
        for query in ["", "?batch=1", "?batch=7", "?batch=65536"] {
            let response = try batch(model, try flowers, query: query)
            #expect(response.status == 200)
            #expect(response.headers["content-type"] == "text/csv")
            #expect(response.headers["sluice-model"] == "iris")
            #expect(response.text == whole.text)
        }
    }

    @Test func anAnswerGoesOnByOffset() throws {
        let whole = try batch("iris", try flowers).text
        let rows = whole.components(separatedBy: "\r\n").count - 2
        for offset in [1, 5, rows - 1] {
            let rest = try batch("iris", try flowers, query: "?batch=4&offset=\(offset)").text
            let head = whole.components(separatedBy: "\r\n")[...offset].joined(separator: "\r\n") + "\r\n"
            #expect(head + rest == whole)
        }
        #expect(try batch("iris", try flowers, query: "?offset=\(rows)").text == "")
        let beyond = try batch("iris", try flowers, query: "?offset=\(rows + 1)")
        #expect((beyond.status, beyond.code) == (400, "invalid_parameter"))
    }

    @Test func linesAreAnsweredAsLines() throws {
        let body = #"""
            {"sepal_length":5.1,"sepal_width":3.5,"petal_length":1.4,"petal_width":0.2}

            [6.2, 3.4, 5.4, 2.3]
            """#
        for type in ["application/x-ndjson", "application/jsonl", nil] {
            let answer = try lines(try batch("iris", body, type: type))
            #expect(answer.map { $0["row"] as? Int } == [1, 2, nil])
            let labels = answer.compactMap { ($0["outputs"] as? [String: Any])?["label"] as? String }
            #expect(labels == ["setosa", "virginica"])
            #expect(answer.last?["end"] as? String == "complete")
            #expect(answer.last?["rows"] as? Int == 2)
        }
        let csv = try batch("iris", body, type: "application/x-ndjson", accept: "text/csv", query: "?outputs=label")
        #expect(csv.text == "label\r\nsetosa\r\nvirginica\r\n")
        let json = try batch("iris", try flowers, accept: "application/x-ndjson", query: "?outputs=label&batch=3")
        #expect(try lines(json).first?["outputs"] as? [String: String] == ["label": "setosa"])
    }

    @Test func wrongRowsEndTheAnswerOrAreKeptApart() throws {
        let body = "x_0,x_1\n1,2\n3,x\n5,6\n"
        let refused = try batch("bounded", body)
        #expect((refused.status, refused.code) == (400, "invalid_input"))
        #expect(refused.text.contains(#"row 2, column \"x_1\" (line 3)"#))

        // What was answered before has gone out by then.
        let cut = try cutAnswer("bounded", body, query: "?batch=1")
        #expect(cut.contains("x_0,x_1\r\n1,2\r\n"))
        #expect(cut.contains("\"#error invalid_input: input \"\"x\"\", row 2, column \"\"x_1\"\" (line 3):"))
        #expect(cut.contains("go on with offset=1\"\r\n"))
        #expect(!cut.contains("\r\n0\r\n\r\n"))

        let failed = try lines(try batch("bounded", body, accept: "application/x-ndjson", query: "?batch=1"))
        #expect(failed.map { $0["row"] as? Int } == [1, nil])
        #expect(failed[1]["end"] as? String == "failed")
        #expect(failed[1]["code"] as? String == "invalid_input")
        #expect(failed[1]["offset"] as? Int == 1)

        for query in ["?errors=skip", "?errors=skip&batch=1"] {
            let skipped = try batch("bounded", body, query: query).text
            #expect(
                skipped.split(separator: "\r\n").map { $0.prefix(30) }
                    == [
                        "x_0,x_1,error", "1,2,", ",,\"invalid_input: input \"\"x\"\", ", "5,6,",
                    ].map { $0.prefix(30) })
            let lines = try lines(try batch("bounded", body, accept: "application/x-ndjson", query: query))
            #expect(lines.map { $0["code"] as? String } == [nil, "invalid_input", nil, nil])
            #expect(lines.last?["failed"] as? Int == 1)
        }
    }

    /// The answer up to where the connection breaks off.
    private func cutAnswer(_ model: String, _ body: String, query: String) throws -> String {
        let connection = try RawConnection(port: gateway.port)
        connection.send(
            "POST /v1/batch/\(model)\(query) HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        while try connection.fill() {}
        return String(decoding: connection.received, as: UTF8.self)
    }

    @Test func halvesAreTriedUntilWrongRowsStandAlone() throws {
        let wrong: Set<Int> = [1, 8, 64, 65, 100]
        let rows = (1...100).map { "\(wrong.contains($0) ? 1000 : $0),0" }
        let answer = try lines(
            try batch(
                "bounded", rows.joined(separator: "\n"), accept: "application/x-ndjson", query: "?errors=skip"))
        #expect(answer.count == 101)
        for (index, line) in answer.dropLast().enumerated() {
            #expect(line["row"] as? Int == index + 1)
            #expect((line["error"] != nil) == wrong.contains(index + 1))
            if let error = line["error"] as? String {
                #expect(error.contains("row \(index + 1)"), "\(error)")
            } else {
                #expect((line["outputs"] as? [String: [Double]])?["x"] == [Double(index + 1), 0])
            }
        }
    }

    @Test func fixedDimensionsSettleTheBatches() throws {
        let pairs = try batch("pairs", "1,2\n3,4\n5,6\n7,8\n", query: "?batch=1000")
        #expect(pairs.text == "x_0,x_1\r\n1,2\r\n3,4\r\n5,6\r\n7,8\r\n")
        let odd = try batch("pairs", "1,2\n3,4\n5,6\n", accept: "application/x-ndjson")
        #expect(odd.text.contains("\"end\":\"failed\"") || odd.status == 400)
        let vector = try lines(try batch("vector", "[1,2,3]\n[4,5,6]\n", type: "application/x-ndjson"))
        #expect((vector[1]["outputs"] as? [String: [Double]])?["x"] == [4, 5, 6])
    }

    /// What a spreadsheet saves gets the answers of the same table with commas.
    @Test func tablesOfOtherDialectsAreTheSame() throws {
        let expected = try batch("iris", "5.1,3.5,1.4,0.2\n6.2,3.4,5.4,2.3\n").text
        let german = "5,1;3,5;1,4;0,2\r\n6,2;3,4;5,4;2,3\r\n"
        for (text, type) in [
            (german, "text/csv"), ("sep=;\r\n" + german, "text/csv"),
            (german, "text/csv; delimiter=\";\"; decimal=\",\""),
            (german, "text/csv; charset=windows-1252"),
        ] {
            #expect(try batch("iris", text, type: type).text == expected)
        }
        let tabs = try batch("iris", "5.1\t3.5\t1.4\t0.2\n6.2\t3.4\t5.4\t2.3\n", type: "text/tab-separated-values")
        #expect(tabs.text == expected.replacing(",", with: "\t"))
        let wrong = try batch("iris", "1;2;3;4\nx;2;3;4\n5;6;7;8\n", query: "?errors=skip").text
        #expect(wrong.contains(",\"invalid_input: input \"\"X\"\", row 2, column "), "\(wrong)")
    }

    @Test func whatCannotBeAskedIsSaid() throws {
        let mistakes: [(Response, Int, String)] = [
            (try batch("iris", "1,2,3,4\n", query: "?batch=0"), 400, "invalid_parameter"),
            (try batch("iris", "1,2,3,4\n", query: "?batch=65537"), 400, "invalid_parameter"),
            (try batch("iris", "1,2,3,4\n", query: "?errors=ignore"), 400, "invalid_parameter"),
            (try batch("iris", "1,2,3,4\n", query: "?offset=-1"), 400, "invalid_parameter"),
            (try batch("iris", "1,2,3,4\n", query: "?rows=5"), 400, "invalid_parameter"),
            (try batch("iris", "1,2,3,4\n", query: "?outputs=labels"), 400, "invalid_parameter"),
            (try batch("iris", "[[1,2,3,4]]", type: "application/json"), 415, "unsupported_media_type"),
            (try batch("iris", "1,2,3,4\n", accept: "application/json"), 406, "not_acceptable"),
            (try batch("iris", ""), 400, "invalid_input"),
            (try batch("iris", "", type: nil), 400, "malformed_body"),
            (try batch("iris", "a,b\n1,2\n"), 400, "invalid_input"),
            (try batch("iris", "sepal_length,sepal_width,petal_length,petal_width\n"), 400, "invalid_input"),
            (try batch("nobody", "1,2,3,4\n"), 404, "model_not_found"),
            (try batch("down", "1,2,3,4\n"), 503, "model_unavailable"),
            (try gateway.request("GET", "/v1/batch/iris"), 405, "method_not_allowed"),
        ]
        for (response, status, code) in mistakes {
            #expect((response.status, response.code) == (status, code), "\(response.text)")
        }
        let old = try RawConnection(port: gateway.port)
        old.send("POST /v1/batch/iris HTTP/1.0\r\nContent-Length: 8\r\n\r\n1,2,3,4\n")
        #expect(try old.response().code == "malformed_request")
    }

    @Test func aConnectionLivesOnBehindARefusal() throws {
        let connection = try RawConnection(port: gateway.port)
        for query in ["?outputs=none", "?batch=0", ""] {
            let head = "POST /v1/batch/iris\(query) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
            connection.send(head)
            let early = query.isEmpty ? nil : try connection.response()
            connection.send("a,b")
            let response = try early ?? connection.response()
            #expect(response.status == 400)
        }
        connection.send("POST /v1/batch/iris HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n1,2,3,4\n")
        #expect(try connection.response().status == 200)
    }

    @Test func hostileRowsAreRefusedOrLeftOut() throws {
        let cell = String(repeating: "1", count: (1 << 20) - 100)
        let long = try batch("iris", "1,2,3,4\n" + String(repeating: "1,", count: 700_000) + "\n")
        #expect((long.status, long.code) == (413, "payload_too_large"))
        let open = try batch("iris", "1,2,3,4\n\"" + String(repeating: "x\n", count: 600_000))
        #expect((open.status, open.code) == (413, "payload_too_large"))
        #expect(open.text.contains("is a quote never closed?"))
        let unclosed = try batch("iris", "1,2,3,4\n5,6,7,8\n\"1,2,3,4\n")
        #expect(unclosed.text.contains("the quote is never closed"))
        let answer = try lines(
            try batch(
                "iris", "1,2,3,4\n1,\u{0},3,4\n\(cell),2,3,4\n1,2,3\n\"1\"x,2,3,4\n1,2,3,4\n",
                accept: "application/x-ndjson", query: "?errors=skip"))
        #expect(answer.map { $0["error"] == nil } == [true, false, false, false, false, true, true])
    }

    @Test func oneLineOfTheLogHasRowsAndBatches() throws {
        let own = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER, serves: [inference, metrics] } }
            auth: none
            models: { echo: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, 1] }] } } }
            observability: { access_log: stdout }
            """)
        let body = Array("x\n1\n2\nz\n4\n5\n".utf8)
        let response = try own.request(
            "POST", "/v1/batch/echo?batch=2&errors=skip", headers: ["Content-Type": "text/csv"], body: body)
        #expect(response.status == 200)
        #expect(try own.metric("sluice_batch_rows_total{route=\"echo\",outcome=\"answered\"}") == 4)
        #expect(try own.metric("sluice_batch_rows_total{route=\"echo\",outcome=\"failed\"}") == 1)
        // An answer is there before the loop that sent it has counted it down.
        #expect(try eventually { try own.metric("sluice_requests_in_flight") == 1 })
        own.terminate()
        #expect(own.waitForExit() == 0)
        let logged = own.accessLog.split(separator: "\n").filter { $0.contains("/v1/batch/echo") }
        #expect(logged.count == 1)
        let line = try #require(try JSONSerialization.jsonObject(with: Data(logged[0].utf8)) as? [String: Any])
        #expect(line["rows"] as? Int == 5)
        #expect(line["batches"] as? Int == 3)
        #expect(line["bytes_in"] as? Int == body.count)
        #expect(line["bytes_out"] as? Int == response.body.count)
        #expect(line["status"] as? Int == 200)
    }

    @Test func quotasAreTakenByBatch() throws {
        let key = "slk_k1_benchmark-secret"
        let own = try GatewayFixture(
            """
            version: 1
            listeners: { public: { address: LISTENER } }
            auth: api_keys
            models: { echo: { plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, 1] }] } } }
            consumers:
              few:
                keys: [{ id: k1, hash: "sha256:7f62042fab218dbca5cc31b334c586109ac38ec12656c88365a556d21e5ac79e" }]
                allow: { models: [echo] }
                limits: [rows]
            limits:
              rows: [{ count: elements, max: 5/day }]
            observability: { access_log: none }
            """)
        let rows = (1...9).map { "\($0)\n" }.joined()
        let send = { (query: String) in
            try own.request(
                "POST", "/v1/batch/echo" + query,
                headers: [
                    "Content-Type": "text/csv", "Accept": "application/x-ndjson", "Authorization": "Bearer \(key)",
                ], body: Array(rows.utf8))
        }
        #expect(try own.request("POST", "/v1/batch/echo", headers: [:], body: []).status == 401)
        let first = try lines(try send("?batch=2"))
        #expect(first.compactMap { $0["row"] as? Int } == [1, 2, 3, 4])
        #expect(first.last?["code"] as? String == "quota_exceeded")
        #expect(first.last?["offset"] as? Int == 4)
        let second = try send("?batch=2&offset=4")
        #expect((second.status, second.code) == (429, "quota_exceeded"))
        let third = try lines(try send("?batch=1&offset=4"))
        #expect(third.compactMap { $0["row"] as? Int } == [5])
    }
}
