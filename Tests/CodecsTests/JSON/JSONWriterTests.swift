import Testing

@testable import Codecs

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test func commasStandBetweenValuesOnly() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("error")
        writer.string("no")
        writer.key("list")
        writer.beginArray()
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.null()
        writer.bool(true)
        writer.number(-1)
        writer.number(UInt64.max)
        writer.number(0.1)
        writer.number(Double.nan)
        writer.endArray()
        writer.key("names")
        writer.strings(["a", "b"])
        writer.key("shape")
        writer.numbers([-1, 4])
        writer.endObject()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == #"""
                {"error":"no","list":[{},[],null,true,-1,18446744073709551615,0.1,null],"names":["a","b"],"shape":[-1,4]}
                """#)
    }

    @Test func controlCharactersQuotesAndBackslashesAreEscaped() {
        var writer = JSONWriter()
        writer.string("\"\\/\n\r\t\u{1}\u{1f}é😀\u{7f}")
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #""\"\\/\n\r\t\u0001\u001fé😀"# + "\u{7f}\"")
    }
}
