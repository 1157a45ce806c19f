/// The methods that are served, by their path.
enum GRPCMethod: String, CaseIterable {
    case serverLive = "/inference.GRPCInferenceService/ServerLive"
    case serverReady = "/inference.GRPCInferenceService/ServerReady"
    case modelReady = "/inference.GRPCInferenceService/ModelReady"
    case serverMetadata = "/inference.GRPCInferenceService/ServerMetadata"
    case modelMetadata = "/inference.GRPCInferenceService/ModelMetadata"
    case modelConfig = "/inference.GRPCInferenceService/ModelConfig"
    case modelStatistics = "/inference.GRPCInferenceService/ModelStatistics"
    case modelInfer = "/inference.GRPCInferenceService/ModelInfer"
    case modelStreamInfer = "/inference.GRPCInferenceService/ModelStreamInfer"
    case repositoryIndex = "/inference.GRPCInferenceService/RepositoryIndex"
    case repositoryModelLoad = "/inference.GRPCInferenceService/RepositoryModelLoad"
    case repositoryModelUnload = "/inference.GRPCInferenceService/RepositoryModelUnload"
    case systemSharedMemoryStatus = "/inference.GRPCInferenceService/SystemSharedMemoryStatus"
    case systemSharedMemoryRegister = "/inference.GRPCInferenceService/SystemSharedMemoryRegister"
    case systemSharedMemoryUnregister = "/inference.GRPCInferenceService/SystemSharedMemoryUnregister"
    case cudaSharedMemoryStatus = "/inference.GRPCInferenceService/CudaSharedMemoryStatus"
    case cudaSharedMemoryRegister = "/inference.GRPCInferenceService/CudaSharedMemoryRegister"
    case cudaSharedMemoryUnregister = "/inference.GRPCInferenceService/CudaSharedMemoryUnregister"
    case traceSetting = "/inference.GRPCInferenceService/TraceSetting"
    case logSettings = "/inference.GRPCInferenceService/LogSettings"
    case healthCheck = "/grpc.health.v1.Health/Check"
    case healthWatch = "/grpc.health.v1.Health/Watch"
    case reflection = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    case reflectionAlpha = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

    /// Whether its messages are read as they come in, tensors straight into their own memory.
    var isInference: Bool { self == .modelInfer || self == .modelStreamInfer }

    /// Whether a listener that serves no inference has it.
    var isHealth: Bool { self == .healthCheck || self == .healthWatch }

    /// Whether the client may send more than one message.
    var streamsRequests: Bool {
        self == .modelStreamInfer || self == .reflection || self == .reflectionAlpha
    }

    /// Whether a call may go on over many revisions of the configuration.
    var isLong: Bool { streamsRequests || self == .healthWatch }

    /// Whether it is about which models there are.
    var isRepository: Bool {
        self == .repositoryIndex || self == .repositoryModelLoad || self == .repositoryModelUnload
    }
}
