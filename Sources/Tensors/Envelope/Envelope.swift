/// The canonical form of one request, whatever format and protocol it came in.
package struct Envelope: Sendable {
    /// Unique among all requests; the key under which logs and traces speak of it.
    package var id: String
    /// When the answer is no longer wanted.
    package var deadline: MonotonicTime?
    /// Request parameters of the client, in the order given.
    package var parameters: [Parameter]
    /// The model's inputs.
    package var inputs: [Tensor]
    /// Outputs asked for by name; empty for all.
    package var wantedOutputs: [String]
    /// The sequence that this request belongs to, for models that keep state.
    package var sequence: Sequence?
    /// 1 is the most urgent; 0 leaves it to the model.
    package var priority: UInt32
    /// What is wanted instead of an answer; `nil` where it is an answer.
    package var purpose: Purpose?
    /// What the inputs were before they were tensors, as far as whoever decoded them says so.
    package var media = Media()
}

extension Envelope {
    package init(
        id: String, deadline: MonotonicTime? = nil, parameters: [Parameter] = [], inputs: [Tensor],
        wantedOutputs: [String] = [], sequence: Sequence? = nil, priority: UInt32 = 0, purpose: Purpose? = nil
    ) {
        self.init(
            id: id, deadline: deadline, parameters: parameters, inputs: inputs, wantedOutputs: wantedOutputs,
            sequence: sequence, priority: priority, purpose: purpose, media: Media())
    }
}

extension Envelope {
    /// One named scalar of a request or response.
    package struct Parameter: Sendable, Equatable {
        package enum Value: Sendable, Equatable {
            case bool(Bool)
            case integer(Int64)
            case unsigned(UInt64)
            case double(Double)
            case string(String)

            /// The value as plugins get it: numbers and true/false as text.
            package var text: String {
                switch self {
                case .bool(let value): value ? "true" : "false"
                case .integer(let value): String(value)
                case .unsigned(let value): String(value)
                case .double(let value): String(value)
                case .string(let value): value
                }
            }
        }

        package var key: String
        package var value: Value

        package init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    /// The place of a request in a sequence.
    package struct Sequence: Sendable, Equatable {
        package var id: String
        package var isStart: Bool
        package var isEnd: Bool

        package init(id: String, isStart: Bool, isEnd: Bool) {
            self.id = id
            self.isStart = isStart
            self.isEnd = isEnd
        }
    }

    /// What pictures and sounds the inputs came from.
    package struct Media: Sendable, Equatable {
        /// Pixels of all pictures.
        package var pixels = 0
        /// Seconds of all sound.
        package var audioSeconds = 0.0

        package init() {}
    }

    /// What policy charges for, known before dispatch.
    package struct Facts: Sendable, Equatable {
        /// Elements of all inputs.
        package var elements: Int
        /// Bytes of all inputs.
        package var bytes: Int
    }

    /// The facts of this envelope.
    package var facts: Facts {
        var facts = Facts(elements: 0, bytes: 0)
        for index in inputs.indices {
            facts.elements += inputs[index].elementCount
            facts.bytes += inputs[index].byteCount
        }
        return facts
    }
}
