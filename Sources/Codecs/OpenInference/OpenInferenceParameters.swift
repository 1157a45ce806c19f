internal import Tensors

/// What the protocol's own request parameters mean.
enum OpenInferenceParameters {
    /// Takes the parameters that the protocol defines out of the list; the rest are the model's.
    ///
    /// - Throws: `invalid_parameter` where one has the wrong type or range, or is refused.
    static func apply(
        _ parameters: [Envelope.Parameter], to request: inout OpenInferenceCodec.Request
    ) throws(SluiceError) {
        var (isStart, isEnd) = (false, false)
        var sequenceID: String?
        for parameter in parameters {
            switch parameter.key {
            case "sequence_id": sequenceID = try self.sequenceID(parameter)
            case "sequence_start": isStart = try bool(parameter)
            case "sequence_end": isEnd = try bool(parameter)
            case "priority":
                guard let priority = UInt32(exactly: try unsigned(parameter)) else {
                    throw JSONScanner.invalidParameter(parameter.key, "must be below 4294967296")
                }
                request.priority = priority
            case "timeout":
                let (nanoseconds, overflow) = try unsigned(parameter).multipliedReportingOverflow(by: 1000)
                // 0 is what clients send for none.
                request.timeoutNanoseconds = overflow || nanoseconds == 0 ? nil : nanoseconds
            case "binary_data_output": request.answer.binaryOutput = try bool(parameter)
            case "triton_enable_empty_final_response": request.answer.marksLast = try bool(parameter)
            case let key where key.hasPrefix("triton_"):
                throw JSONScanner.invalidParameter(
                    ElementFault.shortened(key), "is refused: names that begin with triton_ are reserved")
            default: request.parameters.append(parameter)
            }
        }
        if let sequenceID {
            request.sequence = Envelope.Sequence(id: sequenceID, isStart: isStart, isEnd: isEnd)
        } else if isStart || isEnd {
            throw JSONScanner.invalidParameter(
                "sequence_id", "is missing, but sequence_start or sequence_end is true")
        }
    }

    /// A sequence id as text; 0 and the empty string stand for none.
    private static func sequenceID(_ parameter: Envelope.Parameter) throws(SluiceError) -> String? {
        switch parameter.value {
        case .string(let id): return id.isEmpty ? nil : id
        case .integer(let id) where id >= 0: return id == 0 ? nil : String(id)
        case .unsigned(let id): return String(id)
        case .integer, .double, .bool:
            throw JSONScanner.invalidParameter(parameter.key, "must be a string or a whole number, 0 or above")
        }
    }

    static func bool(_ parameter: Envelope.Parameter) throws(SluiceError) -> Bool {
        guard case .bool(let value) = parameter.value else {
            throw JSONScanner.invalidParameter(parameter.key, "must be true or false")
        }
        return value
    }

    static func unsigned(_ parameter: Envelope.Parameter) throws(SluiceError) -> UInt64 {
        switch parameter.value {
        case .integer(let value) where value >= 0: return UInt64(value)
        case .unsigned(let value): return value
        default: throw JSONScanner.invalidParameter(parameter.key, "must be a whole number, 0 or above")
        }
    }
}

extension OpenInferenceCodec.Request {
    /// The parameters with those that the protocol defines for itself put back, as a plain document would give them.
    var allParameters: [Envelope.Parameter] {
        var all = parameters
        if let sequence {
            all.append(.init("sequence_id", .string(sequence.id)))
            if sequence.isStart { all.append(.init("sequence_start", .bool(true))) }
            if sequence.isEnd { all.append(.init("sequence_end", .bool(true))) }
        }
        if priority > 0 { all.append(.init("priority", .unsigned(UInt64(priority)))) }
        if let timeoutNanoseconds { all.append(.init("timeout", .unsigned(timeoutNanoseconds / 1000))) }
        return all
    }
}
