internal import SwiftProtobuf
internal import Tensors
internal import WireMessages

/// Server reflection: tells clients that don't have the `.proto` files which services and messages there are.
///
/// Version 1 and its alpha have the same messages but for their package.
final class ReflectionCall: GRPCCall {
    typealias Request = Grpc_Reflection_V1_ServerReflectionRequest
    typealias Response = Grpc_Reflection_V1_ServerReflectionResponse

    private weak var stream: GRPCStream?

    init(_ stream: GRPCStream) {
        self.stream = stream
    }

    func receive(_ message: GRPCMessage) throws(SluiceError) {
        guard case .bytes(let bytes) = message else { return }
        stream?.send(try Self.answer(try Request.received(bytes)).sent())
        stream?.messageTaken()
    }

    func receiveEnd() throws(SluiceError) {
        stream?.finish(nil)
    }

    func cancel(_ reason: SluiceError) {}

    /// What is said to one question.
    static func answer(_ request: Request) -> Response {
        var response = Response()
        response.validHost = request.host
        response.originalRequest = request
        switch request.messageRequest {
        case .listServices:
            response.listServicesResponse.service = GRPCMethod.services.map { name in .with { $0.name = name } }
        case .fileByFilename(let name):
            if let file = ServiceDescriptors.files.first(where: { $0.name == name }) {
                response.fileDescriptorResponse.fileDescriptorProto = [file.descriptor]
            } else {
                response.errorResponse = notFound("file", name)
            }
        case .fileContainingSymbol(let symbol):
            if let file = ServiceDescriptors.files.first(where: { $0.symbols.contains(symbol) }) {
                response.fileDescriptorResponse.fileDescriptorProto = [file.descriptor]
            } else {
                response.errorResponse = notFound("symbol", symbol)
            }
        case .allExtensionNumbersOfType(let type):
            // Messages of proto3 have no extensions; what isn't a message has none to ask for either.
            if ServiceDescriptors.files.contains(where: { $0.symbols.contains(type) }) {
                response.allExtensionNumbersResponse.baseTypeName = type
            } else {
                response.errorResponse = notFound("type", type)
            }
        case .fileContainingExtension(let request):
            response.errorResponse = notFound("extension of", request.containingType)
        case nil:
            response.errorResponse = .with {
                $0.errorCode = Int32(GRPCStatus.invalidArgument.rawValue)
                $0.errorMessage = "the request asks for nothing"
            }
        }
        return response
    }

    private static func notFound(_ what: String, _ name: String) -> Grpc_Reflection_V1_ErrorResponse {
        .with {
            $0.errorCode = Int32(GRPCStatus.notFound.rawValue)
            $0.errorMessage = "there is no \(what) \"\(name.prefix(128))\" here"
        }
    }
}
