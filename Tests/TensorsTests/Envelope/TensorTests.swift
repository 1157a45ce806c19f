import Tensors
import Testing

@Suite struct TensorTests {
    @Test func holdsWhatItWasGiven() throws {
        let tensor = try Tensor(name: "x", dataType: .fp32, shape: [2, 2], copying: [1, 2, 3, 4] as [Float])
        #expect(tensor.elementCount == 4)
        #expect(tensor.byteCount == 16)
        #expect(tensor.elements(as: Float.self) == [1, 2, 3, 4])
        #expect(UInt(bitPattern: tensor.storage.base) % 64 == 0)
    }

    @Test func scalarsHoldOneElement() throws {
        let tensor = try Tensor(name: "x", dataType: .int64, shape: [], copying: [42] as [Int64])
        #expect(tensor.elementCount == 1)
        #expect(tensor.elements(as: Int64.self) == [42])
    }

    @Test func emptyTensorsHoldNothing() throws {
        let tensor = try Tensor(name: "x", dataType: .fp64, shape: [3, 0], copying: [] as [Double])
        #expect(tensor.elementCount == 0)
        #expect(tensor.withBytes { $0.count } == 0)
    }

    @Test func readsAWindowOfItsStorageWhateverItsAlignment() throws {
        let storage = ([0xFF, 1, 2, 3, 4, 0xFF] as [UInt8]).withUnsafeBytes { TensorStorage.copy(of: $0) }
        let tensor = try Tensor(
            name: "x", dataType: .uint16, shape: [2], storage: storage, byteOffset: 1, byteCount: 4)
        #expect(tensor.elements(as: UInt16.self) == [0x0201, 0x0403])
    }

    @Test(
        arguments: [
            ([3], "input \"x\": FP32 of shape [3] does not take 16 bytes"),
            ([5], "input \"x\": FP32 of shape [5] does not take 16 bytes"),
            ([], "input \"x\": FP32 of shape [] does not take 16 bytes"),
            ([.max], "input \"x\": FP32 of shape [9223372036854775807] does not take 16 bytes"),
            ([-4], "input \"x\": [-4] is no possible shape"),
            ([.max, .max], "input \"x\": [9223372036854775807,9223372036854775807] is no possible shape"),
            (Array(repeating: 1, count: 65), "input \"x\": [1,1,1,1,1,1,1,1] is no possible shape"),
        ] as [([Int], String)]) func refusesShapesThatDontFitTheBytes(shape: [Int], message: String)
    {
        let error = #expect(throws: SluiceError.self) {
            try Tensor(name: "x", dataType: .fp32, shape: shape, copying: [1, 2, 3, 4] as [Float])
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message == message)
        #expect(error?.detail == [.init("input", "x")])
    }

    @Test(arguments: [(-1, 4), (13, 4), (17, 0), (.max, 4), (0, 17), (0, -4), (8, .max), (.min, .min)] as [(Int, Int)])
    func refusesAWindowOutsideItsStorage(byteOffset: Int, byteCount: Int) {
        let storage = TensorStorage.allocate(byteCount: 16)
        storage.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0)
        let error = #expect(throws: SluiceError.self) {
            try Tensor(
                name: "x", dataType: .fp32, shape: [1], storage: storage, byteOffset: byteOffset, byteCount: byteCount)
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message == "input \"x\": its bytes don't lie within the 16 that there are")
    }

    @Test func takesTheLargestRank() throws {
        let tensor = try Tensor(
            name: "x", dataType: .uint8, shape: Array(repeating: 1, count: 64), copying: [7] as [UInt8])
        #expect(tensor.elementCount == 1)
    }
}

@Suite struct BytesTensorTests {
    private func storage(_ offsets: [Int64]) -> TensorStorage {
        offsets.withUnsafeBytes { TensorStorage.copy(of: $0) }
    }

    private func data(_ text: String) -> TensorStorage {
        Array(text.utf8).withUnsafeBytes { TensorStorage.copy(of: $0) }
    }

    @Test func holdsItsElements() throws {
        let tensor = try Tensor(name: "s", shape: [2, 2], strings: ["", "a", "grüß", ""])
        #expect(tensor.strings == ["", "a", "grüß", ""])
        #expect(tensor.byteCount == 7)
        #expect(tensor.withElement(2) { $0.count } == 6)
    }

    @Test func noElementsNeedOneOffset() throws {
        let tensor = try Tensor(name: "s", bytesOf: [0], data: .empty, offsets: storage([0]))
        #expect(tensor.strings.isEmpty)
    }

    @Test func offsetsNeedNoAlignment() throws {
        var bytes: [UInt8] = [0xFF]
        for offset in [0, 2, 5] as [Int64] { withUnsafeBytes(of: offset) { bytes.append(contentsOf: $0) } }
        let owner = TensorStorage.allocate(byteCount: bytes.count)
        owner.mutableBytes.copyBytes(from: bytes)
        let offsets = TensorStorage.slice(
            of: UnsafeRawBufferPointer(rebasing: owner.bytes.dropFirst()), keptAliveBy: owner)
        let tensor = try Tensor(name: "s", bytesOf: [2], data: data("abcde"), offsets: offsets)
        #expect(tensor.strings == ["ab", "cde"])
    }

    @Test(
        arguments: [
            ([2], [0, 2, 3], "first to last but short of the data"),
            ([2], [0, 2, 6], "beyond the data"),
            ([2], [1, 2, 5], "not from 0"),
            ([2], [0, 6, 5], "descending"),
            ([2], [0, -1, 5], "negative"),
            ([2], [0, .max, 5], "far beyond"),
            ([2], [.min, 0, 5], "from below"),
            ([2], [0, 5], "too few"),
            ([2], [0, 1, 2, 5], "too many"),
            ([], [0], "a scalar has one element"),
            ([.max], [0, 5], "more elements than can be counted"),
        ] as [([Int], [Int64], String)]) func refusesOffsetsThatDontFit(shape: [Int], offsets: [Int64], why: String)
    {
        let error = #expect(throws: SluiceError.self, "\(why)") {
            try Tensor(name: "s", bytesOf: shape, data: data("abcde"), offsets: storage(offsets))
        }
        #expect(error?.code == .invalidInput)
        #expect(
            error?.message
                == "input \"s\": the offsets of its BYTES don't fit its shape \(Shape.text(shape))")
    }

    @Test(arguments: [0, 7, 23, 25]) func refusesOffsetsThatAreNoWholeNumbers(byteCount: Int) {
        let offsets = TensorStorage.allocate(byteCount: byteCount)
        offsets.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0)
        #expect(throws: SluiceError.self) {
            try Tensor(name: "s", bytesOf: [2], data: .empty, offsets: offsets)
        }
    }
}
