/// JSON bodies, of the unified endpoint and of the Open Inference Protocol.
extension HostileTests {
    private static func json(
        _ name: String, _ body: String, _ message: String, code: String = "malformed_body", model: String = "table"
    ) -> Malformed {
        .body("JSON: " + name, "/v1/infer/\(model)", type: "application/json", body, message, code: code)
    }

    static let jsonTable: [Malformed] = [
        json("nothing", "", "empty"),
        json("spaces", "  \n ", "expected a value, but the text ends"),
        json("cut short", "[[1,2,3,4]", "line 1"),
        json("a trailing comma", "[[1,2,3,4],]", "column 12"),
        json("text behind the end", "[[1,2,3,4]] x", "column 13"),
        json("two documents", "[[1,2,3,4]][[1,2,3,4]]", "column 12"),
        json("single quotes", "{'X':[[1,2,3,4]]}", "column 2"),
        json("a comment", "[[1,2,3,4]] // x", "column 13"),
        json("NaN", "[[NaN,2,3,4]]", "column 3"),
        json("Infinity", "[[1,-Infinity,3,4]]", "column 6"),
        json("a leading zero", "[[01,2,3,4]]", "column 4"),
        json("a leading plus", "[[+1,2,3,4]]", "column 3"),
        json("no digit before the point", "[[.5,2,3,4]]", "column 3"),
        json("no digit behind the point", "[[1.,2,3,4]]", "column"),
        json("no digit in the exponent", "[[1e,2,3,4]]", "column"),
        json("hexadecimal", "[[0x1,2,3,4]]", "column 4"),
        json("a broken literal", "[[tru,2,3,4]]", "column 3"),
        json("not UTF-8", "{\"\u{0}\":1}", "column 3"),
        json("a lone surrogate", #"{"\ud800":1}"#, "surrogate"),
        json("an unknown escape", #"{"\x":1}"#, "escape"),
        json("nested too deep", String(repeating: "[", count: 100) + String(repeating: "]", count: 100), "deep"),
        json("nested a thousand times deeper", String(repeating: "[", count: 100_000), "deep"),
        json("a missing colon", #"{"X" [[1,2,3,4]]}"#, "column 6"),
        json("a key twice", #"{"X":[[1,2,3,4]],"X":[[1,2,3,4]]}"#, "twice", code: "invalid_input"),
        json("just a number", "7", "X", code: "invalid_input"),
        json("just null", "null", "null", code: "invalid_input"),
        json("just a string", #""text""#, "X", code: "invalid_input"),
        json("an empty object", "{}", "X", code: "invalid_input"),
        json("a ragged row", "[[1,2,3,4],[1,2,3]]", "row 2", code: "invalid_input"),
        json("rows too narrow", "[[1,2,3]]", "X", code: "invalid_input"),
        json("rows too deep", "[[[[1,2,3,4]]]]", "X", code: "invalid_input"),
        json("null for a number", "[[1,null,3,4]]", "not null", code: "invalid_input"),
        json("text for a number", #"[[1,"2",3,4]]"#, "not a string", code: "invalid_input"),
        json("a truth value for a number", "[[1,true,3,4]]", "FP32 needs a number", code: "invalid_input"),
        json("a number above FP32", "[[1e39,2,3,4]]", "FP32", code: "invalid_input"),
        json("a missing column", #"[{"a":1,"b":2,"c":3}]"#, #""d""#, code: "invalid_input"),
        json("a misspelt column", #"[{"a":1,"b":2,"c":3,"dd":4}]"#, #""dd""#, code: "invalid_input"),
        json("an unknown input", #"{"Y":[[1,2,3,4]]}"#, #""Y""#, code: "invalid_input"),
        json("a number above INT8", "[[1,128]]", "INT8", code: "invalid_input", model: "ints"),
        json("a number below INT8", "[[1,-129]]", "INT8", code: "invalid_input", model: "ints"),
        json("a fraction for INT8", "[[1,0.5]]", "INT8", code: "invalid_input", model: "ints"),
        json("a number for BOOL", "[1]", "BOOL", code: "invalid_input", model: "flags"),
        json("a number for BYTES", "[1]", "BYTES", code: "invalid_input", model: "words"),
        json("broken base64", #"[{"b64":"%%%"}]"#, "base64", code: "invalid_input", model: "words"),
        json("one of two inputs", #"{"A":[1,2]}"#, #""B""#, code: "invalid_input", model: "two"),
        json("two inputs without names", "[1,2]", "the model has 2 inputs", code: "invalid_input", model: "two"),
        json(
            "parameters that are a list", #"{"rows":[[1,2,3,4]],"parameters":[1]}"#, "parameters",
            code: "invalid_parameter"),
        json(
            "a parameter that is an object", #"{"rows":[[1,2,3,4]],"parameters":{"a":{}}}"#, "\"a\"",
            code: "invalid_parameter"),
        json(
            "an output that isn't there", #"{"rows":[[1,2,3,4]],"outputs":["none"]}"#, "\"none\"",
            code: "invalid_input"),
        .body(
            "JSON: bytes that aren't UTF-8", "/v1/infer/words", type: "application/json",
            Array("[\"".utf8) + [0xFF] + Array("\"]".utf8), "UTF-8"),
        .body("JSON: UTF-16", "/v1/infer/table", type: "application/json", [0xFF, 0xFE, 0x5B, 0, 0x5D, 0], "line 1"),
    ]

    private static func open(
        _ name: String, _ body: String, _ message: String, code: String = "invalid_input", model: String = "any"
    ) -> Malformed {
        .body("OIP: " + name, "/v2/models/\(model)/infer", type: "application/json", body, message, code: code)
    }

    private static func input(_ members: String) -> String { #"{"inputs":[{\#(members)}]}"# }

    static let openInferenceTable: [Malformed] = [
        open("nothing", "", "empty", code: "malformed_body"),
        open("a list", "[]", "object", code: "malformed_body"),
        open("cut short", #"{"inputs":["#, "line 1", code: "malformed_body"),
        open("no inputs", "{}", "inputs"),
        open("inputs that are none", #"{"inputs":[]}"#, "INPUT0"),
        open("inputs that are an object", #"{"inputs":{}}"#, "must be an array", code: "malformed_body"),
        open("an input that is a number", #"{"inputs":[1]}"#, "input 1 must be an object", code: "malformed_body"),
        open("no name", input(#""shape":[1],"datatype":"FP32","data":[1]"#), "has no \"name\""),
        open("no shape", input(#""name":"INPUT0","datatype":"FP32","data":[1]"#), "has no \"shape\""),
        open("no datatype", input(#""name":"INPUT0","shape":[1],"data":[1]"#), "has no \"datatype\""),
        open("no data", input(#""name":"INPUT0","shape":[1],"datatype":"FP32""#), "neither \"data\" nor"),
        open("a name twice", input(#""name":"INPUT0","name":"INPUT0""#), "twice", code: "malformed_body"),
        open(
            "an input twice",
            #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1]},{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1]}]}"#,
            "INPUT0"),
        open("an unknown input", input(#""name":"INPUT1","shape":[1],"datatype":"FP32","data":[1]"#), "INPUT1"),
        open("another datatype", input(#""name":"INPUT0","shape":[1],"datatype":"INT32","data":[1]"#), "INT32"),
        open("no such datatype", input(#""name":"INPUT0","shape":[1],"datatype":"FP31","data":[1]"#), "\"FP31\""),
        open(
            "a negative dimension", input(#""name":"INPUT0","shape":[-1],"datatype":"FP32","data":[1]"#),
            "dimension 0 of"),
        open(
            "half a dimension", input(#""name":"INPUT0","shape":[0.5],"datatype":"FP32","data":[1]"#), "dimension 0 of"),
        open(
            "a shape that overflows",
            input(#""name":"INPUT0","shape":[4294967296,4294967296],"datatype":"FP32","data":[1]"#), "too large"),
        open(
            "a shape of many dimensions",
            input(
                #""name":"INPUT0","shape":[\#(Array(repeating: "1", count: 65).joined(separator: ","))],"datatype":"FP32","data":[1]"#
            ),
            "more than 64 dimensions"),
        open(
            "a shape in words", input(#""name":"INPUT0","shape":"1,2","datatype":"FP32","data":[1]"#),
            "must be an array"),
        open(
            "fewer data than the shape", input(#""name":"INPUT0","shape":[3],"datatype":"FP32","data":[1]"#), "INPUT0"),
        open(
            "more data than the shape", input(#""name":"INPUT0","shape":[1],"datatype":"FP32","data":[1,2]"#), "INPUT0"),
        open(
            "data nested otherwise", input(#""name":"INPUT0","shape":[4],"datatype":"FP32","data":[[1,2],[3,4]]"#),
            "nested"),
        open(
            "FP16 as JSON", input(#""name":"INPUT0","shape":[1],"datatype":"FP16","data":[1]"#), "can't be sent as JSON"
        ),
        open("null data", input(#""name":"INPUT0","shape":[1],"datatype":"FP32","data":[null]"#), "not null"),
        open(
            "shared memory",
            input(
                #""name":"INPUT0","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r","shared_memory_byte_size":4}"#
            ), "shared memory is off", code: "invalid_parameter"),
        open(
            "shared memory without a size",
            input(#""name":"INPUT0","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r"}"#),
            "shared_memory_byte_size", code: "invalid_parameter"),
        open(
            "shared memory beside data",
            input(
                #""name":"INPUT0","shape":[1],"datatype":"FP32","data":[1],"parameters":{"shared_memory_region":"r","shared_memory_byte_size":4}"#
            ), "exclude each other", code: "invalid_input"),
        open(
            "a shape that the model doesn't take",
            input(#""name":"X","shape":[1,5],"datatype":"FP32","data":[1,2,3,4,5]"#), "X", model: "table"),
        open(
            "a number above INT8", input(#""name":"N","shape":[1,2],"datatype":"INT8","data":[1,300]"#), "INT8",
            model: "ints"),
        open(
            "an unknown output",
            #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1]}],"outputs":[{"name":"none"}]}"#,
            "none"),
        open(
            "a timeout that is none",
            #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1]}],"parameters":{"timeout":-1}}"#,
            "timeout", code: "invalid_parameter"),
        open(
            "a private parameter",
            #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1]}],"parameters":{"triton_x":1}}"#,
            "triton_x", code: "invalid_parameter"),
        open(
            "data and binary data",
            input(#""name":"INPUT0","shape":[1],"datatype":"FP32","data":[1],"parameters":{"binary_data_size":4}"#),
            "exclude each other"),
    ]

    private static func binary(
        _ name: String, _ json: String, _ tail: [UInt8], _ message: String, length: String? = nil,
        code: String = "invalid_input", model: String = "any"
    ) -> Malformed {
        .body(
            "binary: " + name, "/v2/models/\(model)/infer", type: "application/octet-stream", Array(json.utf8) + tail,
            message, code: code,
            headers: "Inference-Header-Content-Length: \(length ?? "\(json.utf8.count)")\r\n")
    }

    private static func raw(_ size: Int, shape: String = "[1]", datatype: String = "FP32", name: String = "INPUT0")
        -> String
    {
        input(
            #""name":"\#(name)","shape":\#(shape),"datatype":"\#(datatype)","parameters":{"binary_data_size":\#(size)}"#
        )
    }

    static let binaryTable: [Malformed] = [
        binary("fewer bytes than announced", raw(4), [0, 0, 0], "only 3 bytes of the body are left"),
        binary("more bytes than announced", raw(4), [0, 0, 0, 0, 0], "1 bytes follow", code: "malformed_body"),
        binary(
            "bytes that don't fit the shape", raw(8), Array(repeating: 0, count: 8), "FP32 of shape [1] takes 4 bytes"),
        binary("a negative size", raw(-4), [], "binary_data_size", code: "invalid_parameter"),
        binary("a huge size", raw(Int.max), [], "are left"),
        binary(
            "a size in words",
            input(#""name":"INPUT0","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":"4"}"#), [],
            "binary_data_size", code: "invalid_parameter"),
        binary(
            "a header longer than the body", raw(4), [0, 0, 0, 0], "Inference-Header-Content-Length", length: "9999",
            code: "malformed_body"),
        binary("a header cut short", raw(4), [0, 0, 0, 0], "line 1", length: "10", code: "malformed_body"),
        binary(
            "a negative header length", raw(4), [], "must be one number of bytes", length: "-1",
            code: "malformed_request"),
        binary(
            "a header length in words", raw(4), [], "must be one number of bytes", length: "ten",
            code: "malformed_request"),
        binary(
            "a header length beyond 64 bits", raw(4), [], "must be one number of bytes", length: "99999999999999999999",
            code: "malformed_request"),
        binary("a BOOL that is 2", raw(1, datatype: "BOOL", name: "F"), [2], "BOOL", model: "flags"),
        binary("BYTES without a length", raw(2, datatype: "BYTES", name: "W"), [1, 0], "too few", model: "words"),
        binary(
            "BYTES longer than the body", raw(5, datatype: "BYTES", name: "W"), [9, 0, 0, 0, 65],
            "element 1 says it has 9 bytes, but only 1 are left", model: "words"),
        binary(
            "BYTES of 4 GiB", raw(5, datatype: "BYTES", name: "W"), [255, 255, 255, 255, 65], "4294967295 bytes",
            model: "words"),
        binary(
            "BYTES with more behind", raw(6, datatype: "BYTES", name: "W"), [1, 0, 0, 0, 65, 66], "1 bytes follow",
            model: "words"),
        binary(
            "many BYTES of no bytes", raw(4, shape: "[1000000000]", datatype: "BYTES", name: "W"), [0, 0, 0, 0],
            "too few", model: "words"),
        binary("the whole body for two inputs", "", [0, 0, 0, 0], "input", length: "0", model: "two"),
        binary("a whole body that is no row", "", [0, 0, 0], "INPUT0", length: "0"),
    ]
}
