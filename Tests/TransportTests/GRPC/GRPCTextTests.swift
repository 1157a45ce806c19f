import Tensors
import Testing

@testable import Transport

@Suite struct GRPCTextTests {
    @Test(
        arguments: [
            ("1H", 3_600_000_000_000), ("5M", 300_000_000_000), ("2S", 2_000_000_000), ("100m", 100_000_000),
            ("7u", 7000), ("99999999n", 99_999_999), ("0n", 0), ("99999999H", UInt64.max),
        ] as [(String, UInt64)]) func aTimeoutIsDigitsAndAUnit(_ text: String, _ nanoseconds: UInt64) throws
    {
        var fields = GRPCFields()
        let isTaken = fields.take("grpc-timeout", text)
        #expect(isTaken)
        #expect(try fields.timeoutNanoseconds() == nanoseconds)
    }

    @Test(arguments: ["", "S", "1", "1s", "-1S", "+1S", "1.5S", "123456789S", "1 S", "0x1S", "１S"])
    func anythingElseIsNoTimeout(_ text: String) {
        var fields = GRPCFields()
        let isTaken = fields.take("grpc-timeout", text)
        #expect(isTaken)
        #expect(throws: SluiceError.self) { try fields.timeoutNanoseconds() }
    }

    @Test(arguments: [
        ("plain text, \"quoted\"", "plain text, \"quoted\""), ("100 %", "100 %25"), ("a\nb\r", "a%0Ab%0D"),
        ("Größe", "Gr%C3%B6%C3%9Fe"), ("", ""), ("\u{7F}", "%7F"),
    ]) func messagesArePercentEncoded(_ text: String, _ encoded: String) {
        #expect(GRPCMessageText.encode(text) == encoded)
    }

    @Test func aLongMessageIsCut() {
        #expect(GRPCMessageText.encode(String(repeating: "ä", count: 5000)).utf8.count == 3072)
    }

    @Test func everyCodeHasAStatusThatMatchesItsClass() {
        for code in SluiceError.Code.all {
            let status = GRPCStatus(code)
            #expect(status != .ok && status != .unknown, "\(code.text)")
        }
        #expect(GRPCStatus(.modelNotFound) == .notFound)
        #expect(GRPCStatus(.invalidInput) == .invalidArgument)
        #expect(GRPCStatus(.quotaExceeded) == .resourceExhausted)
        #expect(GRPCStatus(.deadlineExceeded) == .deadlineExceeded)
        #expect(GRPCStatus(.unauthenticated) == .unauthenticated)
        #expect(GRPCStatus(.forbidden) == .permissionDenied)
    }

    @Test func everyMethodOfTheProtocolIsThere() {
        let inference = GRPCMethod.allCases.filter { $0.rawValue.hasPrefix("/inference.GRPCInferenceService/") }
        #expect(inference.count == 20)
        #expect(
            GRPCMethod.services == [
                "inference.GRPCInferenceService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection",
            ])
    }
}
