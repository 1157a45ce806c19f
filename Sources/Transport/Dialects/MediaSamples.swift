internal import Codecs
internal import Foundation
internal import Gateway
internal import Tensors

/// A picture and a sound to try models on.
enum MediaSamples {
    /// The file of a type; `nil` where there is none that the model would take.
    static func file(_ mediaType: String, for decoder: MediaDecoder, of signature: ModelSignature) -> [UInt8]? {
        switch mediaType {
        case "image/png": keepsSize(decoder, of: signature) ? nil : picture
        case "audio/wav": sound
        default: nil
        }
    }

    /// Whether pictures must have the very size that the model takes.
    private static func keepsSize(_ decoder: MediaDecoder, of signature: ModelSignature) -> Bool {
        guard let made = decoder.shape, let wanted = signature.input(named: decoder.input)?.shape,
            made.count == wanted.count
        else { return false }
        // The axis of rows is open on both sides, as a rule.
        return zip(made, wanted).dropFirst().contains { $0 < 0 && $1 >= 0 }
    }

    /// A PNG of 64x64 pixels of one blue.
    private static let picture: [UInt8] = {
        let text =
            "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAUUlEQVR42u3PMQ0AMAgAMJhMNCEMWVPBQdI6aFZPXP"
            + "biOAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAYF9H01pAi5f/9loAAAAAElFTkSuQmCC"
        return Data(base64Encoded: text).map { Array($0) } ?? []
    }()

    /// Twelve seconds of a tone of 440 Hz as a WAV: 16 kHz, mono, 16 bits.
    private static let sound: [UInt8] = {
        let rate = 16_000
        // As many periods as are whole numbers of samples.
        let period = (0..<400).map { index -> Int16 in
            let angle = 2 * Double.pi * 440 * Double(index) / Double(rate)
            return Int16((sin(angle) * 8_000).rounded())
        }
        let count = 12 * rate
        var bytes: [UInt8] = []
        func append<Number: FixedWidthInteger>(_ number: Number) {
            for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
            }
        }
        bytes += "RIFF".utf8
        append(UInt32(36 + 2 * count))
        bytes += "WAVEfmt ".utf8
        append(UInt32(16))
        append(UInt16(1))
        append(UInt16(1))
        append(UInt32(rate))
        append(UInt32(2 * rate))
        append(UInt16(2))
        append(UInt16(16))
        bytes += "data".utf8
        append(UInt32(2 * count))
        for index in 0..<count { append(period[index % period.count]) }
        return bytes
    }()
}
