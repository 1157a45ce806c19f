import Tensors

/// What reads bytes that a client sent, one case for each family of readers.
///
/// Whatever the bytes are, a target returns: it got values, or an error that says what the client did wrong. It stops the
/// program for anything else, which is what both the fuzzer and the tests see.
enum FuzzTarget: String, CaseIterable, Sendable {
    case json
    case openInference = "open-inference"
    case openAI = "openai"
    case csv
    case rows
    case xml
    case arrays
    case arrow
    case multipart
    case fields
    case http1
    case http2
    case grpc
    case compressed

    func run(_ bytes: [UInt8]) {
        switch self {
        case .json: BodyTargets.json(bytes)
        case .openInference: BodyTargets.openInference(bytes)
        case .openAI: BodyTargets.openAI(bytes)
        case .csv: TableTargets.csv(bytes)
        case .rows: TableTargets.rows(bytes)
        case .xml: BodyTargets.xml(bytes)
        case .arrays: BodyTargets.arrays(bytes)
        case .arrow: BodyTargets.arrow(bytes)
        case .multipart: BodyTargets.multipart(bytes)
        case .fields: FieldTargets.run(bytes)
        case .http1: ConnectionTargets.http1(bytes)
        case .http2: ConnectionTargets.http2(bytes)
        case .grpc: ConnectionTargets.grpc(bytes)
        case .compressed: ConnectionTargets.compressed(bytes)
        }
    }
}

/// Runs a reader, and stops the program where it fails by anything that isn't the client's fault.
func expectClientError(_ read: () throws(SluiceError) -> Void) {
    do throws(SluiceError) {
        try read()
    } catch {
        precondition(error.code.httpStatus < 500, "\(error.code.text): \(error.message)")
        precondition(error.message.utf8.count < 1 << 14, "a message of \(error.message.utf8.count) bytes")
    }
}
