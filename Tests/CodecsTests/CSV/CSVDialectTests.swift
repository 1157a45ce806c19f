import Codecs
import Tensors
import Testing

/// Tables as spreadsheets save them.
@Suite struct CSVDialectTests {
    private static let header = "sepal_length;sepal_width;petal_length;petal_width"
    private static let german = "\(header)\r\n5,1;3,5;1,4;0,2\r\n6;2,9;4,3;1,3\r\n"

    static let tables: [(String, [UInt8])] = [
        ("text/csv", Array(german.utf8)),
        ("text/csv; delimiter=\";\"; decimal=\",\"", Array(german.utf8)),
        ("text/csv; delimiter=semicolon", Array(german.utf8)),
        ("text/csv", Array(("\u{FEFF}" + german).utf8)),
        ("text/csv", Array(("sep=;\r\n" + german).utf8)),
        ("text/csv", Array(("\u{FEFF}sep=;\r\n" + german).utf8)),
        ("text/csv; header=absent", Array("5,1;3,5;1,4;0,2\n6;2,9;4,3;1,3".utf8)),
        ("text/csv", Array("5,1;3,5;1,4;0,2\n6;2,9;4,3;1,3".utf8)),
        ("text/csv", Array("5.1;3.5;1.4;0.2\n6;2.9;4.3;1.3".utf8)),
        ("text/tab-separated-values", Array("5.1\t3.5\t1.4\t0.2\n6\t2.9\t4.3\t1.3\n".utf8)),
        ("text/csv", Array("5.1\t3.5\t1.4\t0.2\n6\t2.9\t4.3\t1.3\n".utf8)),
        ("text/csv; delimiter=tab; decimal=\",\"", Array("5,1\t3,5\t1,4\t0,2\n6\t2,9\t4,3\t1,3\n".utf8)),
        ("text/csv; decimal=\",\"", Array("\"5,1\",\"3,5\",\"1,4\",\"0,2\"\n6,\"2,9\",\"4,3\",\"1,3\"\n".utf8)),
        ("text/csv; delimiter=\"|\"", Array("5.1|3.5|1.4|0.2\n6|2.9|4.3|1.3\n".utf8)),
        ("text/csv", utf16(german, isBigEndian: false, hasMark: true)),
        ("text/csv", utf16(german, isBigEndian: true, hasMark: true)),
        ("text/csv; charset=utf-16le", utf16(german, isBigEndian: false, hasMark: false)),
        ("text/csv; charset=utf-16be", utf16(german, isBigEndian: true, hasMark: false)),
        ("text/csv; charset=windows-1252", Array(german.utf8)),
    ]

    private static func utf16(_ text: String, isBigEndian: Bool, hasMark: Bool) -> [UInt8] {
        ((hasMark ? [0xFEFF] : []) + Array(text.utf16)).flatMap { unit in
            isBigEndian ? [UInt8(unit >> 8), UInt8(unit & 255)] : [UInt8(unit & 255), UInt8(unit >> 8)]
        }
    }

    @Test(arguments: tables)
    func everyDialectIsTheSameTable(_ type: String, _ body: [UInt8]) throws {
        let tensor = try Formats.decode(body, as: type, for: Formats.iris)[0]
        #expect(tensor.shape == [2, 4])
        #expect(tensor.elements(as: Float.self) == [5.1, 3.5, 1.4, 0.2, 6, 2.9, 4.3, 1.3])
    }

    @Test func textsStayAsTheyAre() throws {
        let body = "age;height;name\r\n41;1,8;\"Ann; 1,5\"\r\n7;1,2;a,b\r\n"
        let tensors = try Formats.decode(body.utf8, as: "text/csv", for: Formats.people)
        #expect(tensors[1].elements(as: Double.self) == [1.8, 1.2])
        #expect(tensors[2].strings == ["Ann; 1,5", "a,b"])
    }

    @Test func windowsLettersAreRead() throws {
        let body: [UInt8] = Array("age;height;name\r\n41;1,8;".utf8) + [0x80, 0xE4, 0xDF, 0x96] + Array("\r\n".utf8)
        let type = "text/csv; charset=windows-1252"
        #expect(try Formats.decode(body, as: type, for: Formats.people)[2].strings == ["€äß–"])
        #expect(
            Formats.failure([0x31, 0x81], as: type, for: Formats.one(.fp32, [-1]))
                == "malformed_body: the body is no text in windows-1252: byte 1 can't be read")
    }

    @Test func aModelOfOneTextHasOneColumn() throws {
        let body = "a; b\nc\td\n"
        let tensor = try Formats.decode(body.utf8, as: "text/csv; header=absent", for: Formats.one(.bytes, [-1]))[0]
        #expect(tensor.strings == ["a; b", "c\td"])
    }

    @Test func pointsAreRefusedWhereCommasAreDeclared() {
        #expect(
            Formats.failure(
                "1;2.500\n".utf8, as: "text/csv; delimiter=\";\"; decimal=\",\"", for: Formats.one(.fp32, [-1, 2]))
                == "invalid_input: input \"X\", row 1, column 2 (line 1): \"2.500\" has a point, but decimal=\",\" is declared"
        )
    }

    @Test func linesKeepTheirNumbers() {
        #expect(
            Formats.failure("sep=;\r\n\(Self.header)\r\n1;2;3;x\r\n".utf8, as: "text/csv", for: Formats.iris)
                == "invalid_input: input \"X\", row 1, column \"petal_width\" (line 3): \"x\" is not a number")
    }

    @Test func mutatedTablesNeverCrash() {
        var mutations = Mutations(
            of: [Array(Self.german.utf8), Self.utf16(Self.german, isBigEndian: false, hasMark: true)], seed: 27)
        mutations.check(20_000, as: "text/csv", for: Formats.iris)
    }
}
