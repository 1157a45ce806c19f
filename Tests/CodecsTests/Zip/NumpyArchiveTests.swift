import Codecs
import Tensors
import Testing

@Suite struct NumpyArchiveTests {
    private static let type = "application/x-npz"
    private static let matrix = Formats.one(.fp32, [-1, 3])

    @Test(arguments: ["npz/people.npz", "npz/people_deflated.npz"])
    func arraysAreFoundByTheirNames(_ file: String) throws {
        let people = Formats.people
        for type in [Self.type, "application/zip", nil] as [String?] {
            let tensors = try Formats.decode(Formats.corpus(file), as: type, for: people)
            #expect(tensors.map(\.name) == ["age", "height", "name"])
            #expect(tensors[0].elements(as: Int8.self) == [41, 7])
            #expect(tensors[1].elements(as: Double.self) == [1.8, 1.2])
            #expect(tensors[2].strings == ["Ann", "Bo"])
        }
    }

    @Test func arraysWithoutNamesComeInOrder() throws {
        let tensors = try Formats.decode(Formats.corpus("npz/unnamed.npz"), as: Self.type, for: Self.matrix)
        #expect(tensors[0].elements(as: Float.self) == [-3, -2, -1, 0, 1, 2])
    }

    @Test func whatItBecomesIsBounded() throws {
        let body = Formats.body(try Formats.corpus("npz/x_large.npz"))
        var facts = CodecRegistry.RequestFacts(contentType: Self.type, maximumBytes: 24_128)
        let decoded = try CodecRegistry().decode(body, facts: facts, signature: Self.matrix)
        #expect(decoded.inputs[0].shape == [1000, 3])
        facts.maximumBytes -= 1
        let error = #expect(throws: SluiceError.self) {
            try CodecRegistry().decode(body, facts: facts, signature: Self.matrix)
        }
        #expect(error?.code == .payloadTooLarge)
    }

    @Test func answersAreReadBack() throws {
        let tensors = [
            try Tensor(name: "scores", dataType: .fp32, shape: [2, 2], copying: [0.5, 1, -1, .nan] as [Float]),
            try Tensor(name: "größe", shape: [2], strings: ["a", "bc"]),
        ]
        let facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        let bytes = Formats.bytes(of: try CodecRegistry().encode(tensors, as: .npz, facts: facts))
        let specs = tensors.map { TensorSpec(name: $0.name, dataType: $0.dataType, shape: $0.shape) }
        let back = try Formats.decode(bytes, as: Self.type, for: ModelSignature(inputs: specs, outputs: []))
        #expect(back[0].withBytes { Array($0) } == tensors[0].withBytes { Array($0) })
        #expect(back[1].strings == ["a", "bc"])
    }

    // MARK: Refusals

    private static let zip = "malformed_body: the zip file can't be read:"

    /// `X.npy` stored in a zip file, with some of its bytes replaced.
    private static func changed(_ change: (inout [UInt8], Places) -> Void) -> [UInt8] {
        let tensor = try? Tensor(name: "X", dataType: .fp32, shape: [1, 3], copying: [1, 2, 3] as [Float])
        let facts = CodecRegistry.AnswerFacts(model: "m", version: "1", id: "r")
        guard let tensor, let body = try? CodecRegistry().encode([tensor], as: .npz, facts: facts) else { return [] }
        var bytes = Formats.bytes(of: body)
        change(&bytes, Places(end: bytes.count - 22, directory: bytes.count - 22 - 46 - 5))
        return bytes
    }

    private struct Places {
        var end: Int
        var directory: Int
    }

    static let refusals: [Refusal] = [
        Refusal("PK", matrix, "\(zip) it has 2 bytes"),
        Refusal(
            changed { bytes, _ in bytes.removeLast() }, matrix, "\(zip) its directory is missing; it may be cut off"),
        Refusal(changed { bytes, _ in bytes.append(0) }, matrix, "\(zip) its directory is missing; it may be cut off"),
        Refusal(
            changed { bytes, places in bytes[places.end + 4] = 1 }, matrix, "\(zip) it is one of several parts"),
        Refusal(
            changed { bytes, places in
                bytes[places.end + 8] = 2
                bytes[places.end + 10] = 2
            }, matrix, "\(zip) its directory is damaged"),
        Refusal(
            changed { bytes, places in
                bytes.replaceSubrange((places.end + 8)..<(places.end + 12), with: [0xFF, 0xFF, 0xFF, 0xFF])
            }, matrix, "\(zip) it has 65535 entries; at most 1024 are read"),
        Refusal(
            changed { bytes, places in bytes[places.end + 16] ^= 1 }, matrix, "\(zip) its directory isn't where it says"
        ),
        Refusal(
            changed { bytes, places in bytes[places.directory] = 0 }, matrix, "\(zip) its directory is damaged"),
        Refusal(
            changed { bytes, places in bytes[places.directory + 8] = 1 }, matrix, "\(zip) \"X.npy\" is encrypted"),
        Refusal(
            changed { bytes, places in bytes[places.directory + 10] = 14 }, matrix,
            "\(zip) \"X.npy\" is compressed by method 14; it may be stored or deflated"),
        Refusal(
            changed { bytes, places in bytes[places.directory + 24] ^= 1 }, matrix,
            "\(zip) \"X.npy\" is stored, but its two sizes differ"),
        Refusal(
            changed { bytes, places in bytes[places.directory + 16] ^= 1 }, matrix,
            "\(zip) the checksum of \"X.npy\" is wrong"),
        Refusal(
            changed { bytes, places in bytes[places.directory + 42] = 1 }, matrix,
            "\(zip) \"X.npy\" isn't where the directory says"),
        Refusal(
            changed { bytes, places in
                bytes.replaceSubrange(
                    (places.directory + 20)..<(places.directory + 28), with: [255, 255, 0, 0, 255, 255, 0, 0])
            }, matrix, "\(zip) \"X.npy\" is cut off"),
        Refusal(
            changed { bytes, places in bytes[places.directory + 46] = 0x59 }, matrix,
            "\(zip) \"Y.npy\" has another header than the directory says"),
        Refusal(
            changed { bytes, places in
                bytes[places.directory + 27] = 0xFF
                bytes[places.directory + 26] = 0xFF
                bytes[places.directory + 25] = 0xFF
                bytes[places.directory + 24] = 0xFF
            }, matrix, "\(zip) \"X.npy\" lacks its zip64 field"),
        Refusal(
            changed { bytes, places in
                bytes[8] = 8
                bytes[places.directory + 10] = 8
            }, matrix, "\(zip) \"X.npy\" doesn't become the 140 bytes that it says"),
        Refusal(
            changed { bytes, places in
                bytes[8] = 8
                bytes[places.directory + 10] = 8
                bytes[places.directory + 26] = 0xFF
            }, matrix, "\(zip) \"X.npy\" says that it becomes 16711820 bytes, which can't be"),
    ]

    @Test(arguments: refusals)
    func refuses(_ refusal: Refusal) {
        #expect(Formats.failure(refusal.body, as: Self.type, for: refusal.signature) == refusal.error)
    }

    /// The directory lists one place twice: two names for the same bytes, as bombs do it.
    @Test func entriesThatOverlapAreRefused() throws {
        for name in ["X", "Y"] {
            let bytes = Self.changed { bytes, places in
                var entry = Array(bytes[places.directory..<places.end])
                entry[46] = UInt8(name.utf8.first ?? 0)
                let end = Array(bytes[places.end...])
                bytes.removeSubrange(places.end...)
                bytes += entry + end
                let last = bytes.count - 22
                bytes[last + 8] = 2
                bytes[last + 10] = 2
                bytes[last + 12] = UInt8(2 * entry.count)
            }
            let expected =
                name == "X" ? "\"X.npy\" is in it twice" : "\"Y.npy\" has another header than the directory says"
            #expect(Formats.failure(bytes, as: Self.type, for: Self.matrix) == "\(Self.zip) \(expected)")
        }
    }

    @Test func namesThatAreNoInputsAreNamed() throws {
        let error = Formats.failure(try Formats.corpus("npz/people.npz"), as: Self.type, for: Self.matrix)
        #expect(error == "invalid_input: the npz body has \"age\", but the model has no such input; it has \"X\"")
    }

    @Test func mutatedFilesNeverCrash() throws {
        let files = ["npz/people.npz", "npz/people_deflated.npz"]
        var mutations = Mutations(of: try files.map(Formats.corpus), seed: 22)
        mutations.check(20_000, as: Self.type, for: Formats.people)
    }
}
