internal import Configuration
internal import Gateway
internal import PluginHost
internal import Policies
internal import SharedMemory
internal import SwiftProtobuf
internal import Telemetry
internal import Tensors
internal import WireMessages

extension Service {
    /// Answers a method that is no inference and no stream.
    ///
    /// - Throws: what ends the call instead.
    func answer(_ method: GRPCMethod, _ bytes: [UInt8], caller: Credentials) throws(SluiceError) -> [UInt8] {
        switch method {
        case .serverLive:
            return try Inference_ServerLiveResponse.with { $0.live = true }.sent()
        case .serverReady:
            let isReady = gate.isReady && !isDraining
            return try Inference_ServerReadyResponse.with { $0.ready = isReady }.sent()
        case .modelReady:
            let request = try Inference_ModelReadyRequest.received(bytes)
            let entry = try entry(request.name, request.version, caller: caller)
            return try Inference_ModelReadyResponse.with { $0.ready = entry.isReady }.sent()
        case .serverMetadata:
            return try Inference_ServerMetadataResponse.with {
                $0.name = "sluice"
                $0.version = sluiceVersion
                $0.extensions = extensions
            }.sent()
        case .modelMetadata:
            return try modelMetadata(try .received(bytes), caller: caller).sent()
        case .healthCheck:
            let request = try Grpc_Health_V1_HealthCheckRequest.received(bytes)
            guard let status = health(of: request.service, caller: caller) else {
                throw SluiceError(.modelNotFound, "there is no service \"\(request.service.prefix(128))\" here")
            }
            return try Grpc_Health_V1_HealthCheckResponse.with { $0.status = status }.sent()
        case .modelConfig:
            let request = try Inference_ModelConfigRequest.received(bytes)
            let document = try ConfigurationDocument(try entry(request.name, request.version, caller: caller))
            return try Inference_ModelConfigResponse.with { $0.config = document.message }.sent()
        case .modelStatistics:
            let request = try Inference_ModelStatisticsRequest.received(bytes)
            let version = request.version.isEmpty ? nil : request.version
            let entries = try entries(request.name.isEmpty ? nil : request.name, version, caller: caller)
            return try Inference_ModelStatisticsResponse.with { $0.modelStats = entries.map(\.statisticsMessage) }
                .sent()
        case .repositoryIndex:
            let request = try Inference_RepositoryIndexRequest.received(bytes)
            let entries = try gate.catalogue(caller: caller).filter { !request.ready || $0.model.isReady }
            return try Inference_RepositoryIndexResponse.with { $0.models = entries.map(\.indexMessage) }.sent()
        case .repositoryModelLoad:
            try gate.loadModel(
                named: try Inference_RepositoryModelLoadRequest.received(bytes).modelName, caller: caller)
            return try Inference_RepositoryModelLoadResponse().sent()
        case .repositoryModelUnload:
            try gate.unloadModel(
                named: try Inference_RepositoryModelUnloadRequest.received(bytes).modelName, caller: caller)
            return try Inference_RepositoryModelUnloadResponse().sent()
        case .traceSetting:
            let request = try Inference_TraceSettingRequest.received(bytes)
            try gate.checkCatalogueAccess(caller: caller)
            if !request.modelName.isEmpty { _ = try entry(request.modelName, "", caller: caller) }
            guard request.settings.isEmpty else { throw SettingsDocument.refusal }
            return try Inference_TraceSettingResponse.with {
                $0.settings = ["trace_level": .with { $0.value = ["OFF"] }]
            }.sent()
        case .logSettings:
            let request = try Inference_LogSettingsRequest.received(bytes)
            try gate.checkCatalogueAccess(caller: caller)
            guard request.settings.isEmpty else { throw SettingsDocument.refusal }
            return try Inference_LogSettingsResponse.with { $0.settings = logSettings }.sent()
        case .systemSharedMemoryStatus:
            return try sharedMemoryStatus(try .received(bytes), caller: caller).sent()
        case .systemSharedMemoryUnregister:
            let name = try Inference_SystemSharedMemoryUnregisterRequest.received(bytes).name
            try gate.unregisterRegion(name.isEmpty ? nil : name, caller: caller)
            return try Inference_SystemSharedMemoryUnregisterResponse().sent()
        case .systemSharedMemoryRegister:
            try gate.registerRegion(try ClientRegions.Status(try .received(bytes)), caller: caller)
            return try Inference_SystemSharedMemoryRegisterResponse().sent()
        case .cudaSharedMemoryStatus, .cudaSharedMemoryRegister, .cudaSharedMemoryUnregister:
            throw SluiceError(.modelUnimplemented, "CUDA memory can't be shared with this gateway; it has none")
        case .modelInfer, .modelStreamInfer, .healthWatch, .reflection, .reflectionAlpha:
            throw SluiceError(.internalError, "this method isn't answered at once")
        }
    }

    private var logSettings: [String: Inference_LogSettingsResponse.SettingValue] {
        let level = gate.configuration.observability.logLevel
        return [
            "log_file": .with { $0.stringParam = "" },
            "log_info": .with { $0.boolParam = SettingsDocument.logs(.info, at: level) },
            "log_warning": .with { $0.boolParam = SettingsDocument.logs(.warning, at: level) },
            "log_error": .with { $0.boolParam = SettingsDocument.logs(.error, at: level) },
            "log_verbose_level": .with { $0.uint32Param = level == .debug ? 1 : 0 },
            "log_format": .with { $0.stringParam = "json" },
        ]
    }

    /// A model as one of the protocol's requests names it: an empty version is any.
    func entry(_ name: String, _ version: String, caller: Credentials) throws(SluiceError) -> ModelEntry {
        try gate.entry(name: name, version: version.isEmpty ? nil : version, caller: caller)
    }

    private func modelMetadata(
        _ request: Inference_ModelMetadataRequest, caller: Credentials
    ) throws(SluiceError) -> Inference_ModelMetadataResponse {
        let entry = try entry(request.name, request.version, caller: caller)
        guard let signature = entry.signature else {
            throw SluiceError(
                .modelUnavailable, "model \"\(request.name)\" is not available", detail: [.init("model", request.name)])
        }
        return .with {
            $0.name = request.name
            $0.versions = [entry.model.version]
            $0.platform = entry.model.loaded?.description.platform ?? ""
            $0.inputs = signature.inputs.map(\.metadata)
            $0.outputs = signature.outputs.map(\.metadata)
        }
    }

    /// The state of the whole gateway, of one of its services, or of a model that the caller may see; `nil` for none of
    /// these.
    func health(of service: String, caller: Credentials) -> Grpc_Health_V1_HealthCheckResponse.ServingStatus? {
        if service.isEmpty || GRPCMethod.services.contains(service) {
            return gate.isReady && !isDraining ? .serving : .notServing
        }
        guard let entry = try? gate.entry(name: service, version: nil, caller: caller) else { return nil }
        return entry.isReady && !isDraining ? .serving : .notServing
    }
}

extension TensorSpec {
    /// The tensor as a model's metadata show it: a tensor of any rank has the shape [-1].
    fileprivate var metadata: Inference_ModelMetadataResponse.TensorMetadata {
        .with {
            $0.name = name
            $0.datatype = dataType.name
            $0.shape = (shape ?? [-1]).map(Int64.init)
        }
    }
}

extension GRPCMethod {
    /// The full names of the services that there are.
    static let services: [String] = {
        var names: [String] = []
        for method in allCases {
            let name = String(method.rawValue.dropFirst().prefix { $0 != "/" })
            if !names.contains(name) { names.append(name) }
        }
        return names
    }()
}
