internal import Codecs
internal import NIOCore
internal import Tensors

/// A message that has come in.
enum GRPCMessage {
    case infer(InferMessage)
    case bytes([UInt8])
}

/// Gathers one message from its pieces.
enum GRPCMessageSink {
    case infer(InferMessageAssembler)
    case bytes([UInt8])

    init(isInference: Bool, length: Int) {
        self = isInference ? .infer(InferMessageAssembler(length: length)) : .bytes([])
    }

    mutating func append(_ piece: ByteBuffer) throws(SluiceError) {
        switch consume self {
        case .infer(var assembler):
            self = .bytes([])
            let failure = unsafe piece.withUnsafeReadableBytes { bytes -> SluiceError? in
                do throws(SluiceError) {
                    try unsafe assembler.append(bytes)
                    return nil
                } catch {
                    return error
                }
            }
            self = .infer(assembler)
            if let failure { throw failure }
        case .bytes(var gathered):
            self = .bytes([])
            gathered.append(contentsOf: piece.readableBytesView)
            self = .bytes(gathered)
        }
    }

    consuming func finish() throws(SluiceError) -> GRPCMessage {
        switch consume self {
        case .infer(let assembler): .infer(try assembler.finish())
        case .bytes(let gathered): .bytes(gathered)
        }
    }
}
