import Testing

@testable import PluginHost

@Suite struct MessageTests {
    @Test func valuesComeOutAsTheyWentIn() throws {
        var writer = MessageWriter()
        writer.write(UInt32(7))
        writer.write("Größe")
        writer.write(true)
        writer.write(1.5)
        writer.write(["a", ""]) { $0.write($1) }
        writer.write(String?.none) { $0.write($1) }
        writer.write(Int64(-1))
        var reader = MessageReader(writer.bytes)
        #expect(try reader.read(UInt32.self) == 7)
        #expect(try reader.readText() == "Größe")
        #expect(try reader.readBool())
        #expect(try reader.readDouble() == 1.5)
        #expect(
            try reader.readList(atMost: 2) { reader throws(MessageReader.Malformed) in try reader.readText() } == [
                "a", "",
            ])
        #expect(try reader.readOptional { reader throws(MessageReader.Malformed) in try reader.readText() } == nil)
        #expect(try reader.read(Int64.self) == -1)
        try reader.finish()
    }

    @Test(arguments: ["INPUT0", "INPUT1", "INPUT", "", "Größe"]) func textIsTheOneThatWasSentWhateverIsLikely(
        likely: String
    ) throws {
        var writer = MessageWriter()
        for text in ["INPUT0", "", "Größe"] { writer.write(text) }
        var reader = MessageReader(writer.bytes)
        for text in ["INPUT0", "", "Größe"] { #expect(try reader.readText(likely: likely) == text) }
        try reader.finish()
    }

    /// What was said before is overwritten, and a message may be longer than all before it.
    @Test func writerStartsAnew() throws {
        var writer = MessageWriter()
        for count in [3, 1000, 1, 100_000] {
            writer.reset()
            writer.write(UInt8(1))
            for number in 0..<count { writer.write(UInt64(number)) }
            #expect(writer.count == 1 + 8 * count)
            var reader = MessageReader(writer.bytes)
            #expect(try reader.read(UInt8.self) == 1)
            for number in 0..<count where try reader.read(UInt64.self) != UInt64(number) {
                Issue.record("another number than \(number)")
            }
            try reader.finish()
        }
    }

    @Test func everyPrefixIsRefusedAndNoneReadBeyond() {
        var writer = MessageWriter()
        writer.write("some text")
        writer.write(["a", "b"]) { $0.write($1) }
        writer.write(UInt64(1))
        for count in 0..<writer.bytes.count {
            #expect(throws: MessageReader.Malformed.self) {
                var reader = MessageReader(Array(writer.bytes[..<count]))
                _ = try reader.readText()
                _ = try reader.readList(atMost: 9) { reader throws(MessageReader.Malformed) in try reader.readText() }
                _ = try reader.read(UInt64.self)
            }
        }
    }

    @Test(
        arguments: [
            [0xFF, 0xFF, 0xFF, 0xFF], [5, 0, 0, 0, 0x61], [1, 0, 0, 0, 0xFF], [2, 0, 0, 0, 0xC3, 0x28],
        ] as [[UInt8]])
    func textThatIsNoneIsRefused(bytes: [UInt8]) {
        #expect(throws: MessageReader.Malformed.self) {
            var reader = MessageReader(bytes)
            _ = try reader.readText()
        }
    }

    @Test func longListsAreRefusedBeforeMemoryIsTaken() {
        var writer = MessageWriter()
        writer.write(UInt32.max)
        #expect(throws: MessageReader.Malformed.self) {
            var reader = MessageReader(writer.bytes)
            _ = try reader.readList(atMost: .max) { reader throws(MessageReader.Malformed) in try reader.readBool() }
        }
    }
}
