internal import CSluicePlugin
internal import Foundation
internal import Glibc
internal import NIOConcurrencyHelpers
internal import Synchronization
internal import Tensors

/// One request as a plugin sees it, and a record of all that the plugin does with it.
///
/// Never freed: a plugin that uses a request after its end is found out, and crashes nothing.
///
/// Invariants behind `@unchecked Sendable`: the C form and its memory are written before a plugin knows the request;
/// the record is inside `condition`.
final class ExamRequest: @unchecked Sendable {
    /// Where the inputs lie.
    enum Memory {
        case plain
        /// Before a page that nobody may touch.
        case guarded
        /// Not to be written to.
        case readOnly
    }

    /// What to ask.
    struct Form {
        var inputs: [InputTensor] = []
        var parameters: [Envelope.Parameter] = []
        var wanted: [String] = []
        var deadline: UInt64 = 0
        var labels: [InputTensor] = []
        var subject: String?
        var sequence: Envelope.Sequence?
        var priority: UInt32 = 0
        var memory = Memory.plain
        /// Poses as a request of a later minor version, whose struct has grown.
        var isGrown = false
        /// The caller leaves after so many responses; `nil` stays.
        var leavesAfter: Int?
        /// What outputs are measured by; `nil` for what no declaration speaks of.
        var expected: Expectation?
    }

    /// One response.
    struct Part {
        var outputs: [Tensor]
        var isFinal: Bool
        var failure: Failure?
    }

    /// What the plugin says went wrong.
    struct Failure: Equatable {
        var code: sluice_status
        var text: String
    }

    private struct Record {
        var parts: [Part] = []
        var finals = 0
        var responses = 0
        var wasTold = false
        var faults: [Fault] = []
        var newOutputs: [NewOutput] = []
    }

    private struct NewOutput {
        var base: UnsafeMutableRawPointer
        var byteCount: Int
        var shape: [Int]
        var type: DataType
        /// Keeps the memory.
        var owner: AnyObject
    }

    let form: Form
    let host: ExamHost
    private let head: UnsafeMutableRawPointer
    private let pieces = MemoryPieces()
    private let condition = NSCondition()
    private var record = Record()
    private let cancelled = Atomic<Bool>(false)

    private static let known = NIOLockedValueBox<[UInt: ExamRequest]>([:])
    private static let count = Atomic<Int>(0)

    init(_ form: Form, host: ExamHost) {
        self.form = form
        self.host = host
        let size = MemoryLayout<sluice_request>.size + (form.isGrown ? 64 : 0)
        head = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        memset(head, 0xA5, size)
        let number = Self.count.add(1, ordering: .relaxed).newValue
        let request = head.bindMemory(to: sluice_request.self, capacity: 1)
        request.initialize(
            to: sluice_request(
                struct_size: size, host: host.table, id: pieces.text("check-\(number)"), deadline_ns: form.deadline,
                inputs: pieces.tensors(form.inputs, memory: form.memory), input_count: form.inputs.count,
                params: pieces.pairs(form.parameters.map { ($0.key, $0.value.text) }),
                param_count: form.parameters.count, wanted: pieces.texts(form.wanted), wanted_count: form.wanted.count,
                labels: pieces.tensors(form.labels, memory: form.memory), label_count: form.labels.count,
                subject_id: form.subject.map { UnsafePointer(pieces.text($0)) }, weight: 1,
                sequence_id: form.sequence.map { UnsafePointer(pieces.text($0.id)) },
                sequence_flags: (form.sequence?.isStart == true ? UInt32(SLUICE_SEQUENCE_START) : 0)
                    | (form.sequence?.isEnd == true ? UInt32(SLUICE_SEQUENCE_END) : 0),
                priority: form.priority))
        Self.known.withLockedValue { $0[UInt(bitPattern: head)] = self }
    }

    /// Forgets the request: for requests by the thousand, once they are answered.
    func forget() {
        Self.known.withLockedValue { $0[UInt(bitPattern: head)] = nil }
        head.deallocate()
    }

    static func of(_ request: UnsafePointer<sluice_request>?) -> ExamRequest? {
        known.withLockedValue { $0[UInt(bitPattern: request)] }
    }

    var pointer: UnsafePointer<sluice_request> { UnsafeRawPointer(head).assumingMemoryBound(to: sluice_request.self) }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
    func cancel() { cancelled.store(true, ordering: .relaxed) }

    // MARK: The record

    private func locked<Value>(_ body: (inout Record) -> Value) -> Value {
        condition.lock()
        defer { condition.unlock() }
        return body(&record)
    }

    var parts: [Part] { locked { $0.parts } }
    var finals: Int { locked { $0.finals } }
    var faults: [Fault] { locked { $0.faults } }

    func fault(_ rule: String, _ text: String) {
        locked { record in
            if record.faults.count < 20 { record.faults.append(Fault(rule: rule, text: text)) }
        }
    }

    /// Waits for FINAL; whether it came in time.
    func waitForFinal(nanoseconds: UInt64) -> Bool {
        let end = Date().addingTimeInterval(Double(nanoseconds) / 1e9)
        condition.lock()
        defer { condition.unlock() }
        while record.finals == 0 {
            if !condition.wait(until: end) { return record.finals > 0 }
        }
        return true
    }

    // MARK: What the plugin calls

    func newOutput(_ tensor: UnsafeMutablePointer<sluice_tensor>) -> sluice_status {
        let declared: (type: DataType, shape: [Int], elements: Int)
        switch OutputReader.declared(tensor.pointee) {
        case .success(let found): declared = found
        case .failure(let fault):
            self.fault("output.new-output", "new_output() with \(fault.text)")
            return sluice_status(SLUICE_INVALID_ARGUMENT)
        }
        let bytes = Int(clamping: tensor.pointee.byte_size)
        if let needed = Shape.byteCount(declared.shape, of: declared.type), needed != bytes {
            fault(
                "output.new-output",
                "new_output() of \(declared.type)\(Shape.text(declared.shape)) with byte_size \(bytes), not \(needed)")
            return sluice_status(SLUICE_INVALID_ARGUMENT)
        }
        guard bytes <= 1 << 32, host.admitsOutput() else { return sluice_status(SLUICE_RESOURCE_EXHAUSTED) }
        if locked({ $0.finals > 0 }) { return sluice_status(SLUICE_CANCELLED) }
        let owner: AnyObject
        let base: UnsafeMutableRawPointer
        if host.guardsOutputs {
            let memory = GuardedMemory(byteCount: bytes)
            (owner, base) = (memory, memory.base)
        } else {
            // With room behind, so that the rule about bounds is the one that finds who leaves them.
            let storage = TensorStorage.allocate(byteCount: bytes + 4096)
            (owner, base) = (storage, storage.base)
        }
        tensor.pointee.data = base
        tensor.pointee.byte_offset = 0
        tensor.pointee.strides = nil
        tensor.pointee.device_type = Int32(SLUICE_CPU)
        tensor.pointee.device_id = 0
        tensor.pointee.release = nil
        tensor.pointee.owner = nil
        tensor.pointee.offsets = nil
        if declared.type == .bytes {
            let offsets = GuardedMemory(byteCount: (declared.elements + 1) * 8)
            tensor.pointee.offsets = UnsafePointer(offsets.base.assumingMemoryBound(to: Int64.self))
            pieces.keep(offsets)
        }
        let output = NewOutput(base: base, byteCount: bytes, shape: declared.shape, type: declared.type, owner: owner)
        locked { $0.newOutputs.append(output) }
        return sluice_status(SLUICE_OK)
    }

    func respond(_ response: UnsafePointer<sluice_response>) -> sluice_status {
        let size = response.pointee.struct_size
        // Fields up to and including `error` have been there from the start.
        guard size >= MemoryLayout<sluice_response>.offset(of: \.params)!, size <= 1 << 16 else {
            fault("answer.response", "respond() with a sluice_response whose struct_size is \(size)")
            return sluice_status(SLUICE_INVALID_ARGUMENT)
        }
        let flags = response.pointee.flags
        if flags & ~UInt32(SLUICE_FINAL) != 0 { fault("answer.response", "respond() with the unknown flags \(flags)") }
        let isFinal = flags & UInt32(SLUICE_FINAL) != 0
        let (wasFinished, number, wasTold) = locked { record in
            let before = (record.finals > 0, record.responses, record.wasTold)
            record.responses += 1
            if isFinal { record.finals += 1 }
            return before
        }
        if wasFinished {
            fault("answer.once", isFinal ? "a second FINAL for one request" : "a response after FINAL")
        } else if wasTold && !isFinal {
            fault("answer.hang-up", "response \(number + 1) came after respond() had said that the caller is gone")
        }
        let failure = failure(in: response, isFinal: isFinal)
        let outputs = OutputReader(request: self, host: host).take(response, failed: failure != nil)
        if let expected = form.expected, failure == nil, !wasFinished {
            measure(outputs, isFinal: isFinal, by: expected)
        }
        if wasFinished { return sluice_status(SLUICE_FAILED_PRECONDITION) }
        let leaves = form.leavesAfter.map { number >= $0 } ?? false
        if leaves { cancel() }
        condition.lock()
        record.parts.append(Part(outputs: outputs ?? [], isFinal: isFinal, failure: failure))
        if leaves { record.wasTold = true }
        if isFinal { record.newOutputs = [] }
        condition.broadcast()
        condition.unlock()
        return leaves || isCancelled ? sluice_status(SLUICE_CANCELLED) : sluice_status(SLUICE_OK)
    }

    /// Memory of `new_output` that begins where the output does.
    func isFromNewOutput(_ tensor: sluice_tensor, type: DataType, shape: [Int]) -> Bool {
        guard let data = tensor.data else { return false }
        guard let made = locked({ $0.newOutputs.first { $0.base == data && $0.byteCount > 0 } }) else { return false }
        if made.type != type || made.shape != shape {
            fault(
                "output.new-output",
                "new_output() made \(made.type)\(Shape.text(made.shape)), and it came back as \(type)\(Shape.text(shape))"
            )
        }
        return true
    }

    private func failure(in response: UnsafePointer<sluice_response>, isFinal: Bool) -> Failure? {
        guard let error = response.pointee.error, error.pointee.code != SLUICE_OK else { return nil }
        if !isFinal { fault("answer.response", "an error in a response without FINAL") }
        let (failure, fault) = ErrorText.read(error.pointee, where: "the error of a response")
        if let fault { self.fault("answer.errors", fault) }
        return failure
    }

    private func measure(_ outputs: [Tensor]?, isFinal: Bool, by expected: Expectation) {
        if !isFinal && !expected.streams {
            fault("answer.response", "a response without FINAL, but the model does not declare SLUICE_MODEL_STREAMS")
        }
        guard let outputs else { return }
        let fault = expected.signature.fault(
            inOutputs: outputs, wanted: form.wanted, isComplete: isFinal && !expected.streams)
        if let fault { self.fault("answer.outputs", fault) }
    }
}
