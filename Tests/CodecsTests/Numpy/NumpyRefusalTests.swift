import Codecs
import Tensors
import Testing

@Suite struct NumpyRefusalTests {
    /// An npy file of version 1.0 with any header and data.
    private static func npy(_ header: String, data: [UInt8] = [], version: [UInt8] = [1, 0]) -> [UInt8] {
        let length = header.utf8.count
        let lengthBytes = [UInt8(length & 255), UInt8(length >> 8)] + (version[0] == 1 ? [] : [0, 0])
        return [0x93] + Array("NUMPY".utf8) + version + lengthBytes + Array(header.utf8) + data
    }

    private static func npy(type: String, shape: String, data: [UInt8] = []) -> [UInt8] {
        npy("{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape)}", data: data)
    }

    private static let floats = Formats.one(.fp32, nil)
    private static let bytes = Formats.one(.bytes, nil)
    private static func le(_ value: Double) -> [UInt8] {
        withUnsafeBytes(of: value) { Array($0) }
    }

    private static let unreadable = "malformed_body: the npy header can't be read: at byte"

    static let refusals: [Refusal] = [
        Refusal("NUMPY", floats, "malformed_body: the body is no npy file: it doesn't begin with \\x93NUMPY"),
        Refusal([0x93] + Array("NUMPY".utf8), floats, "malformed_body: the npy file ends inside its header"),
        Refusal(
            [0x93] + Array("NUMPY".utf8) + [1, 0, 200, 0], floats, "malformed_body: the npy file ends inside its header"
        ),
        Refusal(
            [0x93] + Array("NUMPY".utf8) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF], floats,
            "malformed_body: the npy header says it has 4294967295 bytes; at most 10000 are read"),
        Refusal(
            npy("{}", version: [4, 0]), floats,
            "malformed_body: npy version 4.0 is not read here; 1.0, 2.0 and 3.0 are"),
        Refusal(npy("{}"), floats, "malformed_body: the npy header has no \"descr\""),
        Refusal(npy("{'descr': '<f4'}"), floats, "malformed_body: the npy header has no \"fortran_order\""),
        Refusal(
            npy("{'descr': '<f4', 'fortran_order': False}"), floats,
            "malformed_body: the npy header has no \"shape\""),
        Refusal(npy("[]"), floats, "\(unreadable) 10, \"{\" is expected"),
        Refusal(npy("{'descr' '<f4'}"), floats, "\(unreadable) 19, \":\" is expected"),
        Refusal(npy("{'descr': '<f4' 'shape': ()}"), floats, "\(unreadable) 26, \"}\" is expected"),
        Refusal(npy("{'descr': '<f4}"), floats, "\(unreadable) 25, the string has no end"),
        Refusal(npy("{'descr': '\\x3c'}"), floats, "\(unreadable) 21, a plain string is expected"),
        Refusal(npy("{'descr': 4}"), floats, "\(unreadable) 20, a quoted string is expected"),
        Refusal(npy("{'size': 4}"), floats, "\(unreadable) 18, the key \"size\" is not one of an npy header"),
        Refusal(
            npy("{'shape': (), 'shape': ()}"), floats, "\(unreadable) 32, the key \"shape\" stands twice"),
        Refusal(npy("{'fortran_order': 1}"), floats, "\(unreadable) 28, True or False is expected"),
        Refusal(npy("{'shape': 4}"), floats, "\(unreadable) 20, \"(\" is expected"),
        Refusal(npy("{'shape': (4)}"), floats, "\(unreadable) 22, \",\" is expected"),
        Refusal(npy("{'shape': (-1,)}"), floats, "\(unreadable) 21, a dimension is expected"),
        Refusal(
            npy("{'shape': (99999999999999999999,)}"), floats, "\(unreadable) 39, the dimension is too large"),
        Refusal(
            npy("{'shape': (" + String(repeating: "1,", count: 65) + ")}"), floats,
            "\(unreadable) 149, the shape has more than 64 dimensions"),
        Refusal(
            npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x"), floats,
            "\(unreadable) 64, there is more after the dictionary"),
        Refusal(
            npy(type: "<f4", shape: "(4294967296, 4294967296)"), floats,
            "malformed_body: the npy header's shape [4294967296,4294967296] is larger than any body"),
        Refusal(
            npy(type: "<f8", shape: "(2305843009213693951,)"), floats,
            "malformed_body: the npy header's shape [2305843009213693951] is larger than any body"),
        Refusal(
            npy(type: "<f4", shape: "(1000000000, 1000)"), floats,
            "malformed_body: the npy header says float32[1000000000,1000], which takes 4000000000000 bytes, "
                + "but 0 follow it"),
        Refusal(
            npy(type: "<f4", shape: "(2,)", data: [0, 0, 0]), floats,
            "malformed_body: the npy header says float32[2], which takes 8 bytes, but 3 follow it"),
        Refusal(
            npy(type: "<f4", shape: "()", data: [0, 0, 0, 0, 0]), floats,
            "malformed_body: the npy header says float32[], which takes 4 bytes, but 5 follow it"),
        Refusal(
            npy(type: "|O", shape: "(1,)"), floats,
            "invalid_input: npy arrays of objects hold Python pickles, which are never read; convert with astype() first"
        ),
        Refusal(
            npy(type: "<c16", shape: "(1,)"), floats,
            "invalid_input: npy arrays of type \"<c16\" are not read here; convert with astype() to one of "
                + "bool, int8 to int64, uint8 to uint64, float16 to float64, S or U"),
        Refusal(
            npy(type: "<M8[ns]", shape: "(1,)"), floats,
            "invalid_input: npy arrays of type \"<M8[ns]\" are not read here; convert with astype() to one of "
                + "bool, int8 to int64, uint8 to uint64, float16 to float64, S or U"),
        Refusal(
            npy(type: "|S0", shape: "(1000000000000,)"), bytes,
            "invalid_input: npy arrays of type \"|S0\" are not read here; convert with astype() to one of "
                + "bool, int8 to int64, uint8 to uint64, float16 to float64, S or U"),
        Refusal(
            npy("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,)}"), floats,
            "malformed_body: structured npy arrays are not read here; send one array of numbers or strings"),
        Refusal(npy(type: "f4", shape: "()"), floats, "malformed_body: the npy header's descr \"f4\" is no NumPy type"),
        Refusal(
            npy(type: "<i3", shape: "()"), floats, "malformed_body: the npy header's descr \"<i3\" is no NumPy type"),
        Refusal(
            npy(type: "<f4x", shape: "()"), floats, "malformed_body: the npy header's descr \"<f4x\" is no NumPy type"),
        Refusal(npy(type: "<", shape: "()"), floats, "malformed_body: the npy header's descr \"<\" is no NumPy type"),
        Refusal(
            npy(type: "|S1", shape: "(1,)", data: [65]), floats,
            "invalid_input: input \"X\" (FP32[any rank]) takes numbers, but the npy array holds bytes (S1)"),
        Refusal(
            npy(type: "<i4", shape: "(1,)", data: [0, 0, 0, 0]), bytes,
            "invalid_input: input \"X\" (BYTES[any rank]) takes strings, but the npy array holds int32"),
        Refusal(
            npy(type: "<U1", shape: "(1,)", data: [0, 0xD8, 0, 0]), bytes,
            "invalid_input: input \"X\": element [0] of the npy array holds the number 55296, "
                + "which is no Unicode character"),
        Refusal(
            npy(type: "<f8", shape: "(1, 2)", data: le(1) + le(1e39)), floats,
            "invalid_input: input \"X\": element [0,1] of the npy array is 1e+39, which FP32 can't hold"),
        Refusal(
            npy(type: "<f8", shape: "(2,)", data: le(1) + le(1.5)), Formats.one(.int8, nil),
            "invalid_input: input \"X\": element [1] of the npy array is 1.5, which INT8 can't hold exactly"),
        Refusal(
            npy(type: "<f8", shape: "()", data: le(.nan)), Formats.one(.int8, nil),
            "invalid_input: input \"X\": element [] of the npy array is nan, which INT8 can't hold exactly"),
        Refusal(
            npy(type: "<i2", shape: "(1,)", data: [0, 1]), Formats.one(.int8, nil),
            "invalid_input: input \"X\": element [0] of the npy array is 256, which INT8 can't hold"),
        Refusal(
            npy(type: "|i1", shape: "(2,)", data: [0, 255]), Formats.one(.uint8, nil),
            "invalid_input: input \"X\": element [1] of the npy array is -1, which UINT8 can't hold"),
        Refusal(
            npy(type: "|u1", shape: "(1,)", data: [2]), Formats.one(.bool, nil),
            "invalid_input: input \"X\": element [0] of the npy array is 2, which BOOL can't hold"),
        Refusal(
            npy(type: "|b1", shape: "(2,)", data: [1, 7]), Formats.one(.bool, nil),
            "invalid_input: input \"X\": element 1 is the byte 7; a BOOL is 0 or 1"),
        Refusal(
            npy(type: "<f4", shape: "(1,)", data: [0, 0, 0, 0]), Formats.one(.fp32, [-1, 4]),
            "invalid_input: input \"X\": expected FP32[-1,4], got FP32[1]; the shape must have 2 dimensions"),
        Refusal(
            npy(type: "<f4", shape: "()"), Formats.people,
            "invalid_input: an npy body carries one input, but the model has 3: \"age\", \"height\", \"name\"; "
                + "send JSON or XML"),
    ]

    @Test(arguments: refusals)
    func saysWhatIsWrong(_ refusal: Refusal) {
        #expect(Formats.failure(refusal.body, as: "application/x-npy", for: refusal.signature) == refusal.error)
    }

    @Test(arguments: ["object", "complex", "date", "struct"])
    func refusesNumPyTypesThatNoTensorHas(_ file: String) throws {
        let error = Formats.failure(try Formats.corpus("npy/\(file).npy"), as: "application/x-npy", for: Self.floats)
        #expect(error?.contains("npy arrays") == true)
    }
}
