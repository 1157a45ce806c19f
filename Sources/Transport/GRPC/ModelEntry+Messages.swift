internal import Gateway
internal import PluginHost
internal import SwiftProtobuf
internal import Tensors
internal import WireMessages

extension ModelEntry {
    /// The model's line in the repository's index.
    var indexMessage: Inference_RepositoryIndexResponse.ModelIndex {
        .with {
            $0.name = name
            $0.version = model.version
            $0.state = repositoryState
            $0.reason = repositoryReason
        }
    }

    /// What has become of the calls into the model.
    var statisticsMessage: Inference_ModelStatistics {
        let totals = statistics.snapshot
        return .with {
            $0.name = name
            $0.version = model.version
            $0.lastInference = totals.lastInference
            $0.inferenceCount = totals.inferences
            $0.executionCount = totals.compute.count
            $0.inferenceStats = .with {
                $0.success = totals.success.message
                $0.fail = totals.failure.message
                $0.queue = totals.queue.message
                $0.computeInput = totals.input.message
                $0.computeInfer = totals.compute.message
                $0.computeOutput = totals.output.message
                $0.cacheHit = totals.cacheHit.message
                $0.cacheMiss = totals.cacheMiss.message
            }
        }
    }
}

extension ModelStatistics.Total {
    fileprivate var message: Inference_StatisticDuration {
        .with {
            $0.count = count
            $0.ns = nanoseconds
        }
    }
}

extension ConfigurationDocument {
    /// The document as a message.
    var message: Inference_ModelConfig {
        .with {
            $0.name = entry.name
            $0.platform = platform
            $0.backend = backend
            $0.maxBatchSize = Int32(clamping: maximumBatchSize)
            $0.input = signature.inputs.map { spec in
                .with {
                    $0.name = spec.name
                    $0.dataType = spec.dataType.message
                    $0.dims = dimensions(of: spec).map(Int64.init)
                }
            }
            $0.output = signature.outputs.map { spec in
                .with {
                    $0.name = spec.name
                    $0.dataType = spec.dataType.message
                    $0.dims = dimensions(of: spec).map(Int64.init)
                }
            }
            $0.instanceGroup = [
                .with {
                    $0.name = entry.model.name
                    $0.kind = .model
                    $0.count = 1
                }
            ]
            $0.modelTransactionPolicy = .with { $0.decoupled = streams }
        }
    }
}

extension DataType {
    fileprivate var message: Inference_DataType {
        switch self {
        case .bool: .typeBool
        case .uint8: .typeUint8
        case .uint16: .typeUint16
        case .uint32: .typeUint32
        case .uint64: .typeUint64
        case .int8: .typeInt8
        case .int16: .typeInt16
        case .int32: .typeInt32
        case .int64: .typeInt64
        case .fp16: .typeFp16
        case .bf16: .typeBf16
        case .fp32: .typeFp32
        case .fp64: .typeFp64
        case .bytes: .typeString
        }
    }
}
