import Foundation
import Testing

/// The Open Inference Protocol over HTTP: health, metadata, inference with JSON and with binary tensors.
@Suite(
    .gateway(
        """
        version: 1
        listeners: { public: { address: LISTENER } }
        models:
          echo: { plugin: echo, version: "3" }
          team/echo: { plugin: echo }
          types:
            plugin: echo
            config:
              inputs:
                - { name: INPUT_BOOL, datatype: BOOL, shape: [-1] }
                - { name: INPUT_INT8, datatype: INT8, shape: [-1] }
                - { name: INPUT_INT16, datatype: INT16, shape: [-1] }
                - { name: INPUT_INT32, datatype: INT32, shape: [-1] }
                - { name: INPUT_INT64, datatype: INT64, shape: [-1] }
                - { name: INPUT_UINT8, datatype: UINT8, shape: [-1] }
                - { name: INPUT_UINT16, datatype: UINT16, shape: [-1] }
                - { name: INPUT_UINT32, datatype: UINT32, shape: [-1] }
                - { name: INPUT_UINT64, datatype: UINT64, shape: [-1] }
                - { name: INPUT_FP16, datatype: FP16, shape: [-1] }
                - { name: INPUT_BF16, datatype: BF16, shape: [-1] }
                - { name: INPUT_FP32, datatype: FP32, shape: [-1] }
                - { name: INPUT_FP64, datatype: FP64, shape: [-1] }
                - { name: INPUT_BYTES, datatype: BYTES, shape: [-1] }
        auth: none
        """))
struct OpenInferenceTests {
    let gateway: GatewayFixture

    init() throws { gateway = try #require(GatewayTrait.current) }

    /// Two elements of each data type at the ends of their range, as JSON and as little-endian bytes.
    static let elements: [(type: String, json: String?, bytes: [UInt8])] = [
        ("BOOL", "[true,false]", [1, 0]),
        ("INT8", "[-128,127]", [0x80, 0x7F]),
        ("INT16", "[-32768,32767]", [0, 0x80, 0xFF, 0x7F]),
        ("INT32", "[-2147483648,2147483647]", [0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0x7F]),
        (
            "INT64", "[-9223372036854775808,9223372036854775807]",
            [0, 0, 0, 0, 0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
        ),
        ("UINT8", "[0,255]", [0, 0xFF]),
        ("UINT16", "[0,65535]", [0, 0, 0xFF, 0xFF]),
        ("UINT32", "[0,4294967295]", [0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]),
        ("UINT64", "[0,18446744073709551615]", Array(repeating: 0, count: 8) + Array(repeating: 0xFF, count: 8)),
        ("FP16", nil, [0x00, 0x3C, 0xFF, 0x7B]),
        ("BF16", nil, [0x80, 0x3F, 0x7F, 0x7F]),
        ("FP32", "[0.1,-3.4028235e+38]", [0xCD, 0xCC, 0xCC, 0x3D, 0xFF, 0xFF, 0x7F, 0xFF]),
        (
            "FP64", "[0.1,5e-324]",
            [0x9A, 0x99, 0x99, 0x99, 0x99, 0x99, 0xB9, 0x3F, 1, 0, 0, 0, 0, 0, 0, 0]
        ),
        ("BYTES", #"["","näher"]"#, [0, 0, 0, 0, 6, 0, 0, 0] + Array("näher".utf8)),
    ]

    // MARK: Health and metadata

    @Test func healthIsTold() throws {
        for path in ["/v2/health/live", "/v2/health/ready", "/v2/models/echo/ready", "/v2/models/team%2Fecho/ready"] {
            #expect(try gateway.get(path).status == 200, "\(path)")
        }
        #expect(try gateway.get("/v2/models/none/ready").status == 404)
        #expect(try gateway.get("/v2/models/echo/versions/2/ready").status == 404)
        #expect(try gateway.get("/v2/models/echo/versions/3/ready").status == 200)
    }

    @Test func serverMetadataNamesItsExtensions() throws {
        let response = try gateway.get("/v2")
        #expect(response.json["name"] as? String == "sluice")
        #expect((response.json["extensions"] as? [String])?.contains("binary_tensor_data") == true)
    }

    @Test func modelMetadataTellsInputsAndOutputs() throws {
        let response = try gateway.get("/v2/models/types")
        let inputs = try #require(response.json["inputs"] as? [[String: Any]])
        let outputs = try #require(response.json["outputs"] as? [[String: Any]])
        #expect(inputs.map { $0["datatype"] as? String } == Self.elements.map(\.type))
        #expect(inputs.allSatisfy { $0["shape"] as? [Int] == [-1] })
        #expect(outputs.map { $0["name"] as? String } == Self.elements.map { "OUTPUT_\($0.type)" })
        #expect(try gateway.get("/v2/models/echo").json["versions"] as? [String] == ["3"])
        #expect(try gateway.get("/v2/models/team/echo").json["name"] as? String == "team/echo")
    }

    // MARK: Inference

    @Test func infersWithJSON() throws {
        let response = try gateway.post(
            "/v2/models/echo/versions/3/infer",
            #"""
            {"id":"7","inputs":[{"name":"INPUT0","shape":[2,2],"datatype":"FP32","data":[[1,2.5],[-3,4e2]]}],
             "outputs":[{"name":"OUTPUT0"}]}
            """#)
        #expect(response.status == 200)
        #expect(response.json["id"] as? String == "7")
        #expect(response.json["model_name"] as? String == "echo")
        #expect(response.json["model_version"] as? String == "3")
        let output = try #require((response.json["outputs"] as? [[String: Any]])?.first)
        #expect(output["name"] as? String == "OUTPUT0")
        #expect(output["datatype"] as? String == "FP32")
        #expect(output["shape"] as? [Int] == [2, 2])
        #expect(output["data"] as? [Double] == [1, 2.5, -3, 400])
    }

    @Test func namesWithSlashesWorkRawAndEncoded() throws {
        let body = #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1]}]}"#
        for path in [
            "/v2/models/team/echo/infer", "/v2/models/team%2Fecho/infer", "/v2/models/team/echo/versions/1/infer",
        ] {
            let response = try gateway.post(path, body)
            #expect(response.status == 200, "\(path)")
            #expect(response.json["model_name"] as? String == "team/echo")
        }
    }

    @Test(arguments: [[Int](), [0], [3], [1, 16], [2, 1, 3], [2, 0, 5], [1, 1, 1, 1, 1, 2]])
    func shapesComeBack(shape: [Int]) throws {
        let count = shape.reduce(1, *)
        let response = try gateway.post(
            "/v2/models/echo/infer",
            #"{"inputs":[{"name":"INPUT0","shape":\#(shape),"datatype":"FP32","data":\#(Array(0..<count))}]}"#)
        #expect(response.status == 200, "\(response.text)")
        let output = try #require((response.json["outputs"] as? [[String: Any]])?.first)
        #expect(output["shape"] as? [Int] == shape)
        #expect(output["data"] as? [Int] == Array(0..<count))
    }

    /// All 14 data types at the ends of their ranges: through JSON where JSON can carry them, binary else.
    @Test(arguments: [false, true])
    func everyDataTypeRoundTrips(binary: Bool) throws {
        var inputs: [String] = []
        var outputs: [String] = []
        var tail: [UInt8] = []
        for element in Self.elements {
            let head = #""name":"INPUT_\#(element.type)","shape":[2],"datatype":"\#(element.type)""#
            if !binary, let json = element.json {
                inputs.append("{\(head),\"data\":\(json)}")
                outputs.append(#"{"name":"OUTPUT_\#(element.type)"}"#)
            } else {
                inputs.append(#"{\#(head),"parameters":{"binary_data_size":\#(element.bytes.count)}}"#)
                outputs.append(#"{"name":"OUTPUT_\#(element.type)","parameters":{"binary_data":true}}"#)
                tail += element.bytes
            }
        }
        let json = Array(
            #"{"inputs":[\#(inputs.joined(separator: ","))],"outputs":[\#(outputs.joined(separator: ","))]}"#.utf8)
        let response = try gateway.request(
            "POST", "/v2/models/types/infer", headers: ["Inference-Header-Content-Length": "\(json.count)"],
            body: json + tail)
        #expect(response.status == 200, "\(response.text)")
        let length = try #require(response.headers["inference-header-content-length"].flatMap { Int($0) })
        let answer = Response(status: 200, headers: [:], body: Array(response.body.prefix(length)))
        let answered = try #require(answer.json["outputs"] as? [[String: Any]])
        #expect(answered.map { $0["datatype"] as? String } == Self.elements.map(\.type))
        #expect(Array(response.body.dropFirst(length)) == tail)
        for (element, output) in zip(Self.elements, answered) {
            if !binary, let json = element.json {
                // The very text: numbers are written as short as they can be.
                #expect(answer.text.contains(#""data":\#(json)"#), "\(element.type): \(answer.text)")
            } else {
                #expect((output["parameters"] as? [String: Any])?["binary_data_size"] as? Int == element.bytes.count)
            }
        }
    }

    @Test func binaryOutputIsTheDefaultWhereAskedFor() throws {
        let json =
            #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1]}],"parameters":{"binary_data_output":true}}"#
        let response = try gateway.post("/v2/models/echo/infer", json)
        #expect(Array(response.body.suffix(4)) == [0, 0, 0x80, 0x3F])
        #expect(response.headers["content-type"] == "application/octet-stream")
    }

    /// A megabyte and more: in pieces in, in pieces out.
    @Test func largeBinaryTensorsComeBack() throws {
        var generator = SystemRandomNumberGenerator()
        let count = 1 << 19
        let raw = (0..<(count / 2)).flatMap { _ in withUnsafeBytes(of: generator.next(), Array.init) }
        #expect(raw.count == 4 * count)
        let json = Array(
            #"{"inputs":[{"name":"INPUT0","shape":[\#(count)],"datatype":"FP32","parameters":{"binary_data_size":\#(raw.count)}}],"parameters":{"binary_data_output":true}}"#
                .utf8)
        let response = try gateway.request(
            "POST", "/v2/models/echo/infer", headers: ["Inference-Header-Content-Length": "\(json.count)"],
            body: json + raw)
        #expect(response.status == 200)
        #expect(response.body.suffix(raw.count).elementsEqual(raw))
    }

    @Test func anUnknownVersionIsNotFound() throws {
        let response = try gateway.post("/v2/models/echo/versions/9/infer", "{}")
        #expect(response.status == 404)
        #expect(response.code == "model_not_found")
    }
}
