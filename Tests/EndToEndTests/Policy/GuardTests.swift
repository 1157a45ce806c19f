import Foundation
import Testing

/// What a model's inputs may be, what texts may hold, and who may connect.
@Suite(
    .gateway(
        """
        version: 1
        listeners:
          public: { address: LISTENER, serves: [inference, metrics] }
          closed: { address: LISTENER, serves: [inference], firewall: { deny: 127.0.0.0/8 } }
          home: { address: LISTENER, serves: [inference], firewall: { allow: [127.0.0.1, "::1"] } }
        models:
          numbers:
            plugin: echo
            config: { inputs: [{ name: INPUT0, datatype: FP32, shape: [-1, -1] }] }
            inputs: { INPUT0: { max_shape: [2, 3], range: [0, 10], finite: true } }
          texts:
            plugin: echo
            config: { inputs: [{ name: INPUT0, datatype: BYTES, shape: [-1] }] }
            inputs: { INPUT0: { max_text: 100B } }
        auth: none
        redaction:
          people: { find: [email, phone], patterns: { ticket: "TCK-[0-9]{4}" }, in: inputs }
          keys: { find: secret, action: reject, in: [inputs, outputs] }
          counted: { find: [card, iban], action: report, in: inputs }
          answers: { find: email, in: outputs }
          logged: { find: [email, secret], action: report }
          never: { patterns: { word: "forbidden" }, action: reject, in: outputs }
        observability: { redact: logged }
        routes:
          - { match: { model: numbers }, send: numbers }
          - { match: { model: masked }, send: texts, redact: [people, counted] }
          - { match: { model: refused }, send: texts, redact: keys }
          - { match: { model: answered }, send: texts, redact: [answers, never] }
        """))
struct GuardTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    private func infer(_ model: String, _ input: String) throws -> Response {
        try gateway.post("/v1/infer/\(model)", #"{"inputs": {"INPUT0": \#(input)}}"#)
    }

    private func texts(_ response: Response) -> [String]? {
        (response.json["outputs"] as? [String: Any])?["OUTPUT0"] as? [String]
    }

    @Test(
        arguments: [
            ("[[1, 11, 2]]", "input \"INPUT0\": the number at [0,1] is 11, above 10"),
            ("[[1, 2], [3, -0.5]]", "input \"INPUT0\": the number at [1,1] is -0.5, below 0"),
            ("[[1, 2, 3, 4]]", "input \"INPUT0\": its shape [1,4] is beyond [2,3]"),
            ("[[1], [2], [3]]", "input \"INPUT0\": its shape [3,1] is beyond [2,3]"),
        ])
    func anInputBeyondItsLimitsIsNamedWithItsPlace(input: String, message: String) throws {
        let answer = try infer("numbers", input)
        #expect(answer.status == 400 && answer.code == "invalid_input")
        #expect(answer.error == message)
    }

    @Test func inputsWithinTheirLimitsAreAnswered() throws {
        #expect(try infer("numbers", "[[0, 10, 5], [1, 2, 3]]").status == 200)
    }

    @Test func whatIsNoNumberIsRefusedInBinaryToo() throws {
        let body = #"{"inputs":[{"name":"INPUT0","shape":[1,1],"datatype":"FP32","data":["NaN"]}]}"#
        let answer = try gateway.post("/v2/models/numbers/infer", body)
        #expect(answer.status == 400, "\(answer.text)")
    }

    @Test func textsAreMaskedOnTheirWayIn() throws {
        let answer = try infer("masked", #"["ann@mail.example wrote", "call +49 151 23456789 on TCK-1234", "none"]"#)
        #expect(texts(answer) == ["[email] wrote", "call [phone] on [ticket]", "none"], "\(answer.text)")
        #expect(
            try gateway.metric(
                #"sluice_redactions_total{rule="people",kind="ticket",place="inputs",action="mask"}"#) == 1)
    }

    @Test func whatIsOnlyReportedGoesOn() throws {
        #expect(texts(try infer("masked", #"["4111 1111 1111 1111"]"#)) == ["4111 1111 1111 1111"])
        #expect(
            try gateway.metric(
                #"sluice_redactions_total{rule="counted",kind="card",place="inputs",action="report"}"#) == 1)
    }

    @Test func aRefusalSaysWhereAndWhatKindButNotWhat() throws {
        let secret = "sk-abcdefghijklmnopqrstuvwx"
        let answer = try infer("refused", #"["fine", "my key is \#(secret)"]"#)
        #expect(answer.status == 400 && answer.code == "invalid_input")
        #expect(
            answer.error == "input \"INPUT0\": the text at element 1 holds what rule \"keys\" keeps out (secret)")
        #expect(!answer.text.contains(secret))
        #expect(!gateway.log.contains(secret) && !gateway.accessLog.contains(secret))
        #expect(try !gateway.get("/metrics").text.contains(secret))
    }

    @Test func answersAreMaskedOrHeldBack() throws {
        #expect(texts(try infer("answered", #"["ask bob@mail.example"]"#)) == ["ask [email]"])
        let answer = try infer("answered", #"["a forbidden word"]"#)
        #expect(answer.status == 403 && answer.code == "forbidden", "\(answer.text)")
        #expect(answer.error?.contains("output \"OUTPUT0\"") == true)
    }

    @Test func whatCallersNameIsMaskedInTheLogHoweverItIsWritten() throws {
        for name in ["eve@mail.example", "eve%40mail.example", "%65ve@mail.example"] {
            let answer = try gateway.post("/v1/infer/\(name)", "{}", headers: ["x-request-id": "eve@mail.example"])
            #expect(answer.status == 404)
        }
        #expect(eventually { gateway.accessLog.components(separatedBy: #""path":"/v1/infer/[email]""#).count == 4 })
        #expect(gateway.accessLog.components(separatedBy: #""request_id":"[email]""#).count == 4)
        #expect(!gateway.accessLog.contains("mail.example"))
        #expect(
            try gateway.metric(#"sluice_redactions_total{rule="logged",kind="email",place="logs",action="mask"}"#) == 6)
    }

    @Test func aTextMayHaveNoMoreThanItsBytes() throws {
        let answer = try infer("masked", #"["\#(String(repeating: "x", count: 101))"]"#)
        #expect(answer.status == 400)
        #expect(answer.error == "input \"INPUT0\": the text at [0] has 101 bytes, above max_text 100")
    }

    @Test func aFirewallTakesNoConnectionFromWhomItDenies() throws {
        let closed = try #require(gateway.ports["closed"])
        #expect(throws: (any Error).self) { try gateway.get("/v2/health/live", port: closed) }
        #expect(try eventually { try gateway.metric(#"sluice_firewall_refusals_total{listener="closed"}"#) > 0 })
        let home = try #require(gateway.ports["home"])
        #expect(try gateway.get("/v2/health/live", port: home).status == 200)
    }
}
