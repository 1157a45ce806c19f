import Codecs
import Tensors
import Testing

@Suite struct NumpyDecodingTests {
    private func decode(_ file: String, _ signature: ModelSignature) throws -> Tensor {
        try #require(
            try Formats.decode(Formats.corpus("npy/\(file).npy"), as: "application/x-npy", for: signature).first)
    }

    @Test(arguments: ["u1", "u2", "u4", "u8", "big_u2", "big_u4", "big_u8"])
    func readsUnsignedNumbers(_ file: String) throws {
        let tensor = try decode(file, Formats.one(.uint64, [2, 3]))
        #expect(tensor.elements(as: UInt64.self) == [0, 1, 2, 3, 4, 5])
    }

    @Test(arguments: [
        "i1", "i2", "i4", "i8", "f2", "f4", "f8", "big_i2", "big_i4", "big_i8", "big_f2", "big_f4", "big_f8",
        "fortran_f8",
        "fortran_big_i4", "v2_f4", "v3_f4",
    ])
    func readsSignedNumbersAsEveryType(_ file: String) throws {
        let doubles = try decode(file, Formats.one(.fp64, [-1, 3]))
        #expect(doubles.elements(as: Double.self) == [-3, -2, -1, 0, 1, 2])
        #expect(try decode(file, Formats.one(.fp32, [-1, 3])).elements(as: Float.self) == [-3, -2, -1, 0, 1, 2])
        #expect(try decode(file, Formats.one(.fp16, [-1, 3])).elements(as: Float16.self) == [-3, -2, -1, 0, 1, 2])
        #expect(try decode(file, Formats.one(.int8, [-1, 3])).elements(as: Int8.self) == [-3, -2, -1, 0, 1, 2])
        #expect(try decode(file, Formats.one(.int64, [-1, 3])).elements(as: Int64.self) == [-3, -2, -1, 0, 1, 2])
        // -3, -2, -1, 0, 1, 2 as the upper halves of FP32.
        #expect(
            try decode(file, Formats.one(.bf16, [-1, 3])).elements(as: UInt16.self)
                == [0xC040, 0xC000, 0xBF80, 0, 0x3F80, 0x4000])
    }

    @Test func transposesFortranOrderOfThreeAxes() throws {
        let tensor = try decode("fortran_3d_i4", Formats.one(.int32, [2, 3, 4]))
        #expect(tensor.elements(as: Int32.self) == (0..<24).map { $0 - 3 })
    }

    @Test func readsTruthValues() throws {
        #expect(try decode("b1", Formats.one(.bool, [2, 3])).elements(as: UInt8.self) == [0, 1, 0, 1, 0, 1])
        #expect(try decode("b1", Formats.one(.fp32, [2, 3])).elements(as: Float.self) == [0, 1, 0, 1, 0, 1])
    }

    @Test(arguments: ["text", "big_text"])
    func readsText(_ file: String) throws {
        #expect(try decode(file, Formats.one(.bytes, [-1])).strings == ["setosa", "größe", "日本", ""])
    }

    @Test func readsBytesWithoutTheirPadding() throws {
        let tensor = try decode("bytes", Formats.one(.bytes, [-1]))
        let elements = (0..<4).map { index in tensor.withElement(index) { Array($0) } }
        #expect(elements == [Array("setosa".utf8), [0x61, 0, 0x62], [0xFF], []])
    }

    @Test func readsScalarsAndEmptyArrays() throws {
        #expect(try decode("scalar_f8", Formats.one(.fp32, [])).elements(as: Float.self) == [-3])
        #expect(try decode("scalar_f8", Formats.one(.fp32, [-1])).shape == [1])
        #expect(try decode("empty_f4", Formats.one(.fp32, [-1, 3])).shape == [0, 3])
    }

    @Test func aMissingFirstDimensionIsOneRow() throws {
        #expect(try decode("i4", Formats.one(.int32, [-1, 2, 3])).shape == [1, 2, 3])
    }

    @Test func sharesTheBodysMemoryWhereItIsAligned() throws {
        // NumPy pads its headers so that the elements lie 64 bytes further or a multiple of that.
        let body = Formats.body(try Formats.corpus("npy/f4.npy"))
        let shared = try NumpyCodec.decode(body, input: nil, signature: Formats.one(.fp32, [2, 3]))
        #expect(shared.storage === body.storage)
        let shifted = Formats.body([0] + (try Formats.corpus("npy/f4.npy")))
        let copied = try NumpyCodec.decode(
            RequestBody(shifted.storage, range: 1..<shifted.count), input: nil, signature: Formats.one(.fp32, [2, 3]))
        #expect(copied.storage !== shifted.storage)
        #expect(UInt(bitPattern: copied.storage.base + copied.byteOffset) % 64 == 0)
        #expect(copied.elements(as: Float.self) == shared.elements(as: Float.self))
    }

    @Test func theInputMayBeNamed() throws {
        let file = try Formats.corpus("npy/f4.npy")
        let signature = Formats.one(.fp32, [2, 3])
        #expect(try Formats.decode(file, as: "application/x-npy", for: signature, input: "X").count == 1)
        #expect(
            Formats.failure(file, as: "application/npy", for: signature, input: "Y")
                == "invalid_input: Sluice-Input names \"Y\", but the model has \"X\"")
    }

    @Test func mutatedFilesNeverCrash() throws {
        let files = ["f8", "i4", "big_f4", "fortran_f8", "u1", "b1", "v2_f4", "v3_f4", "bytes", "object"]
        let corpus = try files.map { try Formats.corpus("npy/\($0).npy") }
        var mutations = Mutations(of: corpus, seed: 3)
        mutations.check(8_000, as: "application/x-npy", for: Formats.one(.fp32, nil))
        mutations = Mutations(
            of: try ["text", "big_text", "bytes"].map { try Formats.corpus("npy/\($0).npy") }, seed: 4)
        mutations.check(6_000, as: "application/x-npy", for: Formats.one(.bytes, [-1]))
    }
}
