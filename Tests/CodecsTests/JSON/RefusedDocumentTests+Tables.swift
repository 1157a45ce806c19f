import Tensors

extension RefusedDocumentTests {
    /// For a model with one input and four columns: document, code, message.
    static let ofColumns: [(String, SluiceError.Code, String)] = [
        ("", .malformedBody, "the body is empty, but a JSON document is needed"),
        ("   ", .malformedBody, "invalid JSON at line 1, column 4 (byte 3): expected a value, but the text ends"),
        ("{", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a key or '}', but the text ends"),
        ("[", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a value or ']', but the text ends"),
        ("[1", .malformedBody, "invalid JSON at line 1, column 3 (byte 2): expected ',' or ']', but the text ends"),
        ("[1,", .malformedBody, "invalid JSON at line 1, column 4 (byte 3): expected a value, but the text ends"),
        ("[1,]", .malformedBody, "invalid JSON at line 1, column 4 (byte 3): expected a value, found ']'"),
        ("[,1]", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a value, found ','"),
        ("[1 2]", .malformedBody, "invalid JSON at line 1, column 4 (byte 3): expected ',' or ']', found '2'"),
        (
            "[1,2]]", .malformedBody,
            "invalid JSON at line 1, column 6 (byte 5): expected the end of the document, found ']'"
        ),
        (
            "[[1,2,3,4]] x", .malformedBody,
            "invalid JSON at line 1, column 13 (byte 12): expected the end of the document, found 'x'"
        ),
        (#"{"X"}"#, .malformedBody, "invalid JSON at line 1, column 5 (byte 4): expected ':', found '}'"),
        (#"{"X":}"#, .malformedBody, "invalid JSON at line 1, column 6 (byte 5): expected a value, found '}'"),
        (#"{"X":1,}"#, .malformedBody, "invalid JSON at line 1, column 8 (byte 7): expected a key, found '}'"),
        ("{X:1}", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a key, found 'X'"),
        ("{'X':1}", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a key, found '''"),
        ("[01]", .malformedBody, "invalid JSON at line 1, column 3 (byte 2): expected a digit, found '1'"),
        ("[1.]", .malformedBody, "invalid JSON at line 1, column 4 (byte 3): expected a digit, found ']'"),
        ("[.5]", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a value, found '.'"),
        ("[-]", .malformedBody, "invalid JSON at line 1, column 3 (byte 2): expected a digit, found ']'"),
        ("[+1]", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a value, found '+'"),
        ("[1e]", .malformedBody, "invalid JSON at line 1, column 4 (byte 3): expected a digit, found ']'"),
        ("[NaN]", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a value, found 'N'"),
        ("[Infinity]", .malformedBody, "invalid JSON at line 1, column 2 (byte 1): expected a value, found 'I'"),
        ("[0x1]", .malformedBody, "invalid JSON at line 1, column 3 (byte 2): expected ',' or ']', found 'x'"),
        ("[1,2,3,4x]", .malformedBody, "invalid JSON at line 1, column 9 (byte 8): expected ',' or ']', found 'x'"),
        ("nul", .malformedBody, "invalid JSON at line 1, column 1 (byte 0): expected a value, found 'n'"),
        ("truefalse", .malformedBody, "invalid JSON at line 1, column 1 (byte 0): expected a value, found 't'"),
        (#"["a"#, .malformedBody, "invalid JSON at line 1, column 2 (byte 1): the string that starts here doesn't end"),
        (#"["\x"]"#, .malformedBody, "invalid JSON at line 1, column 3 (byte 2): no such escape"),
        (
            #"["\u12g4"]"#, .malformedBody,
            #"invalid JSON at line 1, column 3 (byte 2): \u needs four hexadecimal digits"#
        ),
        (
            #"["\ud800"]"#, .malformedBody,
            "invalid JSON at line 1, column 3 (byte 2): half of a surrogate pair stands alone"
        ),
        (
            #"["\udc00\ud800"]"#, .malformedBody,
            "invalid JSON at line 1, column 3 (byte 2): half of a surrogate pair stands alone"
        ),
        (#"["\"#, .malformedBody, "invalid JSON at line 1, column 4 (byte 3): expected an escape, but the text ends"),
        (
            "[\"a\tb\"]", .malformedBody,
            "invalid JSON at line 1, column 4 (byte 3): a control character in a string must be escaped"
        ),
        (
            "\n\n [1,\n  2,\n oops]", .malformedBody,
            "invalid JSON at line 5, column 2 (byte 13): expected a value, found 'o'"
        ),
        ("// no\n[1]", .malformedBody, "invalid JSON at line 1, column 1 (byte 0): expected a value, found '/'"),
        (
            "[1,2,3,4", .malformedBody,
            "invalid JSON at line 1, column 9 (byte 8): expected ',' or ']', but the text ends"
        ),
        ("@", .malformedBody, "invalid JSON at line 1, column 1 (byte 0): expected a value, found '@'"),
        ("null", .invalidInput, #"input "X": FP32 needs a number, not null"#),
        ("true", .invalidInput, #"input "X": FP32 needs a number, not a boolean"#),
        (#""text""#, .invalidInput, #"input "X": FP32 needs a number, not a string"#),
        ("5", .invalidInput, #"input "X": expected FP32[-1,4], got FP32[]; the shape must have 2 dimensions"#),
        ("[]", .invalidInput, #"input "X" has no rows"#),
        ("[[]]", .invalidInput, #"input "X": expected FP32[-1,4], got FP32[1,0]; dimension 1 must be 4"#),
        ("[1,2,3]", .invalidInput, #"input "X": expected FP32[-1,4], got FP32[1,3]; dimension 1 must be 4"#),
        ("[[1,2,3]]", .invalidInput, #"input "X": expected FP32[-1,4], got FP32[1,3]; dimension 1 must be 4"#),
        ("[[1,2,3,4],[1,2,3]]", .invalidInput, #"input "X", row 2: it has 3 elements, but the rows before it have 4"#),
        ("[[1,2,3,4],5]", .invalidInput, #"input "X", row 2: an array is expected, not a number"#),
        ("[1,2,[3],4]", .invalidInput, #"input "X", row 3: a number is expected, not an array"#),
        ("[[1,2,3,4],[1,2,3,[4]]]", .invalidInput, #"input "X", row 2: a number is expected, not an array"#),
        (
            #"[[1,2,3,4],[1,2,"abc",4]]"#, .invalidInput,
            #"input "X", row 2, column "petal_length": FP32 needs a number, not a string"#
        ),
        ("[[1,2,null,4]]", .invalidInput, #"input "X", row 1, column "petal_length": FP32 needs a number, not null"#),
        (
            "[[1,2,3,4],[1,2,1e39,4]]", .invalidInput,
            #"input "X", row 2, column "petal_length": 1e39 is out of range for FP32"#
        ),
        (
            "[[true,2,3,4]]", .invalidInput,
            #"input "X", row 1, column "sepal_length": FP32 needs a number, not a boolean"#
        ),
        (
            #"[[1,2,{"a":1},4]]"#, .invalidInput,
            #"input "X", row 1, column "petal_length": FP32 needs a number, not an object"#
        ),
        (#"[{"sepal_length":1}]"#, .invalidInput, #"input "X", row 1: column "sepal_width" is missing"#),
        (
            #"[{"sepal_length":1,"sepal_width":2,"petal_length":3,"petal_wdth":4}]"#, .invalidInput,
            #"input "X", row 1: there is no column "petal_wdth"; did you mean "petal_width"?"#
        ),
        (
            #"[{"sepal_length":1,"sepal_length":2,"petal_length":3,"petal_width":4}]"#, .invalidInput,
            #"input "X", row 1: column "sepal_length" is given twice"#
        ),
        (
            #"[{"sepal_length":1,"sepal_width":2,"petal_length":3,"petal_width":4},{"sepal_length":1,"sepal_width":2,"petal_length":null,"petal_width":4}]"#,
            .invalidInput, #"input "X", row 2, column "petal_length": FP32 needs a number, not null"#
        ),
        (
            #"[{"petal_width":"wide","sepal_length":1,"sepal_width":2,"petal_length":3}]"#, .invalidInput,
            #"input "X", row 1, column "petal_width": FP32 needs a number, not a string"#
        ),
        (
            #"[{"sepal_length":[1],"sepal_width":2,"petal_length":3,"petal_width":4}]"#, .invalidInput,
            #"input "X", row 1, column "sepal_length": FP32 needs a number, not an array"#
        ),
        (
            #"[{"sepal_length":1,"sepal_width":2,"petal_length":3,"petal_width":4},[1,2,3,4]]"#, .invalidInput,
            #"input "X", row 2: an object is expected, as in the first row, not an array"#
        ),
        ("[{}]", .invalidInput, #"input "X", row 1: column "sepal_length" is missing"#),
        ("{}", .invalidInput, #"input "X" (FP32[-1,4]) is missing"#),
        (
            #"{"sepal_length":[1,2],"sepal_width":[1],"petal_length":[1,2],"petal_width":[1,2]}"#, .invalidInput,
            #"input "X": column "sepal_width" has 1 elements, but column "sepal_length" has 2"#
        ),
        (
            #"{"sepal_length":[1,"x"],"sepal_width":[1],"petal_length":[1,2],"petal_width":[1,2]}"#, .invalidInput,
            #"input "X", row 2, column "sepal_length": FP32 needs a number, not a string"#
        ),
        (
            #"{"sepal_length":[[1]],"sepal_width":[1],"petal_length":[1],"petal_width":[1]}"#, .invalidInput,
            #"input "X", column "sepal_length": an array of scalars is needed, not arrays of arrays"#
        ),
        (#"{"sepal_length":1,"sepal_length":1}"#, .invalidInput, #"input "X": column "sepal_length" is given twice"#),
        (#"{"sepal_length":1,"X":[1,2,3,4]}"#, .invalidInput, #"input "X" is given both whole and by columns"#),
        (#"{"X":[1,2,3,4],"X":[1,2,3,4]}"#, .invalidInput, #"input "X" is given twice"#),
        (#"{"Z":[1]}"#, .invalidInput, #""Z" is neither an input or column of the model nor a key of the document"#),
        (
            #"{"instance":[[1,2,3,4]]}"#, .invalidInput,
            #""instance" is neither an input or column of the model nor a key of the document; did you mean "instances"?"#
        ),
        (#"{"instances":{"X":1}}"#, .invalidInput, #""instances" must be an array of rows, not an object"#),
        (
            #"{"instances":[[1,2,3,4]],"rows":[[1,2,3,4]]}"#, .invalidInput,
            #"the document gives its data both as "instances" and as "rows"; one is enough"#
        ),
        (
            #"{"rows":[[1,2,3,4]],"X":[1]}"#, .invalidInput,
            #"the document gives its data both as "rows" and as "X"; one is enough"#
        ),
        (#"{"inputs":{"Y":[1]}}"#, .invalidInput, #"the model has no input or column "Y""#),
        (#"{"inputs":{"sepal_length":1}}"#, .invalidInput, #"input "X": column "sepal_width" is missing"#),
        (
            #"{"rows":[[1,2,3,4]],"outputs":["labl"]}"#, .invalidInput,
            #"the model has no output "labl"; it has "label", "probabilities""#
        ),
        (#"{"rows":[[1,2,3,4]],"outputs":["label","label"]}"#, .invalidInput, #"output "label" is asked for twice"#),
        (
            #"{"rows":[[1,2,3,4]],"outputs":[1]}"#, .invalidInput,
            #""outputs" must be an array of names, but holds a number"#
        ),
        (#"{"rows":[[1,2,3,4]],"id":5}"#, .malformedBody, #""id" must be a string, not a number (line 1, column 26)"#),
        (#"{"rows":[[1,2,3,4]],"id":"a","id":"b"}"#, .malformedBody, #"the key "id" comes twice (line 1, column 35)"#),
        (
            #"{"rows":[[1,2,3,4]],"parameters":{"a":[1]}}"#, .invalidParameter,
            #"parameter "a" must be a string, a number or a boolean, not an array"#
        ),
        (#"{"rows":[[1,2,3,4]],"parameters":{"a":1,"a":2}}"#, .invalidParameter, #"parameter "a" is given twice"#),
        (#"{"rows":[[1,2,3,4]],"parameters":5}"#, .invalidParameter, #""parameters" must be an object, not a number"#),
        (#"{"rows":[[1,2,3,4]],"parameters":{"a":1e999}}"#, .invalidParameter, #"parameter "a" is out of range"#),
        (#"{"rows":[]}"#, .invalidInput, #"input "X" has no rows"#),
    ]

    /// For a model with three inputs: document, code, message.
    static let ofInputs: [(String, SluiceError.Code, String)] = [
        (
            "[1,2]", .invalidInput,
            #"the model has 3 inputs ("age", "text", "embedding"), so the document must name them"#
        ),
        (
            #"{"age":1.5,"text":"a","embedding":[1,2,3]}"#, .invalidInput,
            #"input "age": 1.5 is not a whole number, as INT64 needs"#
        ),
        (
            #"{"age":9223372036854775808,"text":"a","embedding":[1,2,3]}"#, .invalidInput,
            #"input "age": 9223372036854775808 is out of range for INT64 (-9223372036854775808 to 9223372036854775807)"#
        ),
        (
            #"{"age":1,"text":2,"embedding":[1,2,3]}"#, .invalidInput,
            #"input "text": BYTES needs a string, not a number"#
        ),
        (#"{"age":1,"text":"a"}"#, .invalidInput, #"input "embedding" (FP64[-1,3]) is missing"#),
        (
            #"{"age":[1,2],"text":["a"],"embedding":[[1,2,3]]}"#, .invalidInput,
            #"input "text" has 1 rows, but input "age" has 2"#
        ),
        (
            #"{"age":1,"text":"a","embedding":[1,2]}"#, .invalidInput,
            #"input "embedding": expected FP64[-1,3], got FP64[1,2]; dimension 1 must be 3"#
        ),
        (#"[{"age":1,"text":"a"}]"#, .invalidInput, #"row 1: input "embedding" (FP64[-1,3]) is missing"#),
        (
            #"[{"age":1,"text":"a","embedding":[1,2,3]},{"age":1,"text":"a","embedding":[1,2]}]"#, .invalidInput,
            #"input "embedding", row 2: its shape is [2], but that of the rows before it [3]"#
        ),
        (
            #"[{"age":1,"text":"a","embedding":[1,2,3]},{"age":1,"age":2}]"#, .invalidInput,
            #"row 2: input "age" is given twice"#
        ),
        (
            #"[{"age":1,"txt":"a","embedding":[1,2,3]}]"#, .invalidInput,
            #"row 1: there is no input "txt"; did you mean "text"?"#
        ),
        (
            #"[{"age":1,"text":{"b64":"!"},"embedding":[1,2,3]}]"#, .invalidInput,
            #"input "text", row 1: "b64" is not base64"#
        ),
        (
            #"[{"age":1,"text":{"c":"aGk="},"embedding":[1,2,3]}]"#, .invalidInput,
            #"input "text", row 1: bytes as an object are written {"b64": "..."}"#
        ),
        (
            #"[{"age":1,"text":{"b64":"aGk=","x":1},"embedding":[1,2,3]}]"#, .invalidInput,
            #"input "text", row 1: bytes as an object are written {"b64": "..."}, with no other key"#
        ),
        (
            #"[{"age":1,"text":"a","embedding":[1,"x",3]}]"#, .invalidInput,
            #"input "embedding", row 1, column 2: FP64 needs a number, not a string"#
        ),
    ]

    /// Open Inference documents for a model with one input: document, code, message.
    static let openInference: [(String, SluiceError.Code, String)] = [
        ("", .malformedBody, "the body is empty, but a JSON document is needed"),
        ("[]", .malformedBody, "the request must be an object, not an array (line 1, column 1)"),
        ("{}", .invalidInput, #"the request has no "inputs""#),
        (#"{"inputs":null}"#, .malformedBody, #""inputs" must be an array, not null (line 1, column 11)"#),
        (#"{"inputs":[]}"#, .invalidInput, #"input "X" (FP32[-1,4]) is missing"#),
        (#"{"inputs":[5]}"#, .malformedBody, "input 1 must be an object, not a number (line 1, column 12)"),
        (#"{"inputs":[{}]}"#, .invalidInput, #"input 1 has no "name""#),
        (#"{"inputs":[{"name":"X"}]}"#, .invalidInput, #"input "X": it has no "datatype""#),
        (#"{"inputs":[{"name":"X","datatype":"FP32"}]}"#, .invalidInput, #"input "X": it has no "shape""#),
        (
            #"{"inputs":[{"name":"Y","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}"#, .invalidInput,
            #"the model has no input "Y"; it has "X""#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP64","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": expected FP32[-1,4], got FP64[1,4]; the data type must be FP32"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP23","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": there is no datatype "FP23""#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"fp32","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": there is no datatype "fp32"; did you mean "FP32"?"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":5,"data":[1,2,3,4]}]}"#, .malformedBody,
            #""datatype" must be a string, not a number (line 1, column 49)"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP16","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": FP16 can't be sent as JSON; send it as binary"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"BF16","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": BF16 can't be sent as JSON; send it as binary"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[4],"datatype":"FP32","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": expected FP32[-1,4], got FP32[4]; the shape must have 2 dimensions"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,-4],"datatype":"FP32","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": dimension 1 of "shape" must be a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,5],"datatype":"FP32","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": shape [1,5] takes 5 elements, but there are 4"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":5,"datatype":"FP32","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": "shape" must be an array, not a number"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,"4"],"datatype":"FP32","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": dimension 1 of "shape" must be a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4.5],"datatype":"FP32","data":[1,2,3,4]}]}"#, .invalidInput,
            #"input "X": dimension 1 of "shape" must be a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[9223372036854775807,9223372036854775807],"datatype":"FP32","data":[1,2,3,4]}]}"#,
            .invalidInput, #"input "X": a tensor of shape [9223372036854775807,9223372036854775807] is too large"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,99999999999999999999],"datatype":"FP32","data":[1,2,3,4]}]}"#,
            .invalidInput, #"input "X": dimension 1 of "shape" must be a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"datatype":"FP32","data":[1,2,3,4]}]}"#,
            .invalidInput, #"input "X": more than 64 dimensions"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32"}]}"#, .invalidInput,
            #"input "X": it has neither "data" nor "binary_data_size""#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":null}]}"#, .invalidInput,
            #"input "X": it has neither "data" nor "binary_data_size""#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":"x"}]}"#, .invalidInput,
            #"input "X": FP32 needs a number, not a string"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3]}]}"#, .invalidInput,
            #"input "X": shape [1,4] takes 4 elements, but there are 3"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[[1,2],[3,4]]}]}"#, .invalidInput,
            #"input "X": its data are nested as [2,2], but its shape is [1,4]"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,"3",4]}]}"#, .invalidInput,
            #"input "X", element 3: FP32 needs a number, not a string"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,null,4]}]}"#, .invalidInput,
            #"input "X", element 3: FP32 needs a number, not null"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,1e40,4]}]}"#, .invalidInput,
            #"input "X", element 3: 1e40 is out of range for FP32"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4],"data":[1]}]}"#, .malformedBody,
            #"the key "data" comes twice (line 1, column 80)"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4],"parameters":{"binary_data_size":16}}]}"#,
            .invalidInput, #"input "X": "data" and "binary_data_size" exclude each other"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":16}}]}"#,
            .invalidInput, #"input "X": its "binary_data_size" is 16, but only 0 bytes of the body are left"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":-1}}]}"#,
            .invalidParameter, #"parameter "binary_data_size" must be a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","parameters":{"binary_data_size":"16"}}]}"#,
            .invalidParameter, #"parameter "binary_data_size" must be a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","parameters":{"shared_memory_region":"r"}}]}"#,
            .invalidParameter, #"parameter "shared_memory_byte_size" is missing beside shared_memory_region"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]},{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}"#,
            .invalidInput, #"input "X" is given twice"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"nope"}]}"#,
            .invalidInput, #"the model has no output "nope"; it has "label", "probabilities""#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"label"},{"name":"label"}]}"#,
            .invalidInput, #"output "label" is asked for twice"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{}]}"#,
            .invalidInput, #"output 1 of "outputs" has no "name""#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":["label"]}"#,
            .malformedBody, "output 1 must be an object, not a string (line 1, column 86)"
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":{"name":"label"}}"#,
            .malformedBody, #""outputs" must be an array, not an object (line 1, column 85)"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"label","parameters":{"shared_memory_region":"r"}}]}"#,
            .invalidParameter, #"parameter "shared_memory_byte_size" is missing beside shared_memory_region"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"outputs":[{"name":"label","parameters":{"binary_data":1}}]}"#,
            .invalidParameter, #"parameter "binary_data" must be true or false"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"triton_x":1}}"#,
            .invalidParameter, #"parameter "triton_x" is refused: names that begin with triton_ are reserved"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"sequence_id":-1}}"#,
            .invalidParameter, #"parameter "sequence_id" must be a string or a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"sequence_id":1.5}}"#,
            .invalidParameter, #"parameter "sequence_id" must be a string or a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"sequence_start":true}}"#,
            .invalidParameter, #"parameter "sequence_id" is missing, but sequence_start or sequence_end is true"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"sequence_id":1,"sequence_start":1}}"#,
            .invalidParameter, #"parameter "sequence_start" must be true or false"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"priority":-1}}"#,
            .invalidParameter, #"parameter "priority" must be a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"priority":4294967296}}"#,
            .invalidParameter, #"parameter "priority" must be below 4294967296"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"timeout":"1"}}"#,
            .invalidParameter, #"parameter "timeout" must be a whole number, 0 or above"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"binary_data_output":"yes"}}"#,
            .invalidParameter, #"parameter "binary_data_output" must be true or false"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"parameters":{"headers":{}}}"#,
            .invalidParameter, #"parameter "headers" must be a string, a number or a boolean, not an object"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"id":7}"#, .malformedBody,
            #""id" must be a string, not a number (line 1, column 80)"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}],"inputs":[]}"#, .malformedBody,
            #"the key "inputs" comes twice (line 1, column 84)"#
        ),
        (
            #"{"inputs":[{"name":"X","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]} x"#, .malformedBody,
            "invalid JSON at line 1, column 76 (byte 75): expected the end of the document, found 'x'"
        ),
    ]
}
