import Codecs
import Tensors
import Testing

/// Changes good bodies at random, always in the same way for the same seed.
struct Mutations {
    private var random: SeededGenerator
    private let corpus: [[UInt8]]

    init(of corpus: [[UInt8]], seed: UInt64) {
        random = SeededGenerator(seed: seed)
        self.corpus = corpus
    }

    mutating func next() -> [UInt8] {
        var body = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        for _ in 0..<Int.random(in: 1...4, using: &random) where !body.isEmpty {
            let place = Int.random(in: 0..<body.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: body[place] = UInt8.random(in: 0...255, using: &random)
            case 1: body[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            case 2: body.remove(at: place)
            case 3: body.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 4: body.removeSubrange(place...)
            case 5:
                let end = min(body.count, place + Int.random(in: 1...32, using: &random))
                body.insert(contentsOf: body[place..<end], at: Int.random(in: 0...body.count, using: &random))
            default:
                let other = corpus[Int.random(in: 0..<corpus.count, using: &random)]
                body.replaceSubrange(place..., with: other.suffix(Int.random(in: 0...other.count, using: &random)))
            }
        }
        return body
    }

    /// Decodes so many mutated bodies: each gives tensors that the model takes, or an error that blames the client.
    mutating func check(_ count: Int, as contentType: String?, for signature: ModelSignature) {
        var accepted = 0
        for _ in 0..<count {
            let body = next()
            do throws(SluiceError) {
                let tensors = try Formats.decode(body, as: contentType, for: signature)
                #expect(throws: Never.self) { try signature.validate(tensors) }
                accepted += 1
            } catch {
                #expect((400..<500).contains(error.code.httpStatus), "\(error) for \(body)")
            }
        }
        // Neither all nor none, or the mutations are too weak or too strong to tell anything.
        #expect(accepted > 0)
        #expect(accepted < count)
    }
}
