internal import Gateway
internal import NIOCore
internal import Policies
internal import SwiftProtobuf
internal import Tensors
internal import WireMessages

/// The repository's methods where the listener serves `repository`: for administrators, and answered once it is done.
///
/// Invariant behind `@unchecked Sendable`: only used on the connection's event loop.
final class RepositoryCall: GRPCCall, @unchecked Sendable {
    private weak var stream: GRPCStream?
    private let method: GRPCMethod
    private let administrator: Administrator
    private var message: [UInt8] = []

    init(_ stream: GRPCStream, method: GRPCMethod, administrator: Administrator) {
        self.stream = stream
        self.method = method
        self.administrator = administrator
    }

    func receive(_ message: GRPCMessage) throws(SluiceError) {
        guard case .bytes(let bytes) = message else { return }
        self.message = bytes
    }

    func receiveEnd() throws(SluiceError) {
        guard let stream else { return }
        switch method {
        case .repositoryModelLoad:
            let request = try Inference_RepositoryModelLoadRequest.received(message)
            try RepositoryRequest.check(parameterNames: request.parameters.keys)
            change(.load, request.modelName, answer: try Inference_RepositoryModelLoadResponse().sent())
        case .repositoryModelUnload:
            let request = try Inference_RepositoryModelUnloadRequest.received(message)
            try RepositoryRequest.check(parameterNames: request.parameters.keys)
            change(.unload, request.modelName, answer: try Inference_RepositoryModelUnloadResponse().sent())
        default:
            let request = try Inference_RepositoryIndexRequest.received(message)
            let states = stream.service.modelStates(for: administrator).filter { !request.ready || $0.isReady }
            finish(
                .success(try Inference_RepositoryIndexResponse.with { $0.models = states.map(\.indexMessage) }.sent()))
        }
    }

    /// A change goes on, whether its caller waits or not.
    func cancel(_ reason: SluiceError) {}

    private func change(_ change: ModelChange, _ model: String, answer: [UInt8]) {
        guard let stream else { return }
        let eventLoop = stream.eventLoop
        stream.service.administer(.repositoryChange(change, model: model), by: administrator, body: []) { result in
            eventLoop.execute { self.finish(result.map { _ in answer }) }
        }
    }

    private func finish(_ result: Result<[UInt8], SluiceError>) {
        guard let stream, let connection = stream.connection else { return }
        switch result {
        case .success(let answer):
            connection.together {
                stream.send(answer)
                stream.finish(nil)
            }
        case .failure(let error): stream.finish(error)
        }
    }
}

extension ModelState {
    /// The model as administrators see it in the index.
    fileprivate var indexMessage: Inference_RepositoryIndexResponse.ModelIndex {
        .with {
            $0.name = name
            $0.version = version
            $0.state = isReady ? "READY" : "UNAVAILABLE"
            $0.reason = reason ?? ""
        }
    }
}
