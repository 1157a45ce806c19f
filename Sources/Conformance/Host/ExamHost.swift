internal import CSluicePlugin
internal import Glibc
internal import NIOConcurrencyHelpers
internal import Tensors

/// The host that a plugin is examined by: keeps a record of all that the plugin does, and can be made to be short of
/// everything.
///
/// Invariant behind `@unchecked Sendable`: `table` is written once, here, and never freed, as a plugin may keep it for
/// as long as the process lives; everything else is inside `locked`.
final class ExamHost: @unchecked Sendable {
    /// What the host refuses.
    struct Shortage: OptionSet, Sendable {
        let rawValue: Int
        static let metrics = Shortage(rawValue: 1)
        static let memory = Shortage(rawValue: 2)
        static let outputs = Shortage(rawValue: 4)
    }

    private struct Locked {
        var shortage: Shortage = []
        var guardsOutputs = false
        var holdsOutputs = false
        var keepsRecord = true
        var faults: [Fault] = []
        var logLines = 0
        var metrics: Set<UInt32> = []
        var metricNames: [String: (id: UInt32, kind: Int32)] = [:]
        var observations = 0
        var allocations: [UInt: Int] = [:]
        var allocationCount = 0
        var held: [HeldOutput] = []
        var released = 0
        var outputsMade = 0
        var outputsRefused = 0
    }

    let table: UnsafePointer<sluice_host>
    private let locked = NIOLockedValueBox(Locked())

    /// - Parameter isNewer: poses as a host of a later minor version, whose structs have grown.
    init(isNewer: Bool = false) {
        let size = MemoryLayout<sluice_host>.size
        let grown = size + (isNewer ? 64 : 0)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
        memset(memory, 0xA5, grown)
        let table = memory.bindMemory(to: sluice_host.self, capacity: 1)
        self.table = UnsafePointer(table)
        table.initialize(
            to: sluice_host(
                struct_size: grown, abi_minor: SLUICE_ABI_MINOR + (isNewer ? 7 : 0),
                log_level: UInt32(SLUICE_LOG_DEBUG), name: strdup("sluice plugin check"), version: strdup("1"),
                context: nil, log: examLog, now_ns: examNow, alloc: examAllocate, free: examFree, metric: examMetric,
                observe: examObserve, is_cancelled: examIsCancelled, new_output: examNewOutput, respond: examRespond,
                extension: examExtension))
        table.pointee.context = Unmanaged.passRetained(self).toOpaque()
    }

    static func of(_ table: UnsafePointer<sluice_host>?) -> ExamHost? {
        table?.pointee.context.map { Unmanaged<ExamHost>.fromOpaque($0).takeUnretainedValue() }
    }

    // MARK: What a test sets and reads

    var shortage: Shortage {
        get { locked.withLockedValue { $0.shortage } }
        set { locked.withLockedValue { $0.shortage = newValue } }
    }

    /// Whether memory of `new_output` ends at a page nobody may touch.
    var guardsOutputs: Bool {
        get { locked.withLockedValue { $0.guardsOutputs } }
        set { locked.withLockedValue { $0.guardsOutputs = newValue } }
    }

    /// Whether outputs in the plugin's memory are kept until `releaseHeld`; else given back as soon as they are read.
    var holdsOutputs: Bool {
        get { locked.withLockedValue { $0.holdsOutputs } }
        set { locked.withLockedValue { $0.holdsOutputs = newValue } }
    }

    /// Whether faults are kept; not where the kit's own memory would be taken for the plugin's.
    var keepsRecord: Bool {
        get { locked.withLockedValue { $0.keepsRecord } }
        set { locked.withLockedValue { $0.keepsRecord = newValue } }
    }

    var faults: [Fault] { locked.withLockedValue { $0.faults } }
    var logLines: Int { locked.withLockedValue { $0.logLines } }
    var metricCount: Int { locked.withLockedValue { $0.metricNames.count } }
    var observations: Int { locked.withLockedValue { $0.observations } }
    var allocationCount: Int { locked.withLockedValue { $0.allocationCount } }
    /// Blocks of `alloc` that were not given back.
    var outstandingAllocations: Int { locked.withLockedValue { $0.allocations.count } }
    /// Outputs in the plugin's memory that were given back.
    var released: Int { locked.withLockedValue { $0.released } }
    var outputsMade: Int { locked.withLockedValue { $0.outputsMade } }
    var outputsRefused: Int { locked.withLockedValue { $0.outputsRefused } }

    func fault(_ rule: String, _ text: String) {
        locked.withLockedValue { locked in
            // A plugin that floods must not flood the report.
            if locked.keepsRecord, locked.faults.count < 100 { locked.faults.append(Fault(rule: rule, text: text)) }
        }
    }

    // MARK: Outputs in the plugin's memory

    func take(_ output: HeldOutput) {
        let holds = locked.withLockedValue { locked in
            if locked.holdsOutputs { locked.held.append(output) }
            return locked.holdsOutputs
        }
        if !holds { release(output) }
    }

    /// Gives back everything that is held, the last first; the number of outputs.
    @discardableResult
    func releaseHeld() -> Int {
        let held = locked.withLockedValue { locked in
            defer { locked.held = [] }
            return locked.held
        }
        for output in held.reversed() { release(output) }
        return held.count
    }

    private func release(_ output: HeldOutput) {
        if let fault = output.release() { self.fault("output.release", fault) }
        locked.withLockedValue { $0.released += 1 }
    }
}

// MARK: - What the plugin calls

extension ExamHost {
    func log(level: Int32, message: UnsafePointer<CChar>?) {
        locked.withLockedValue { $0.logLines += 1 }
        if !(0...3).contains(level) { fault("host.log", "log() with level \(level)") }
        guard let message else { return fault("host.log", "log() with no message") }
        if String(validatingCString: message) == nil { fault("host.log", "log() with a message that is not UTF-8") }
    }

    func allocate(size: Int, alignment: Int) -> UnsafeMutableRawPointer? {
        if alignment < 0 || (alignment != 0 && alignment & (alignment - 1) != 0) {
            fault("host.memory", "alloc() with the alignment \(alignment), which is no power of two")
            return nil
        }
        guard size >= 0, !shortage.contains(.memory) else { return nil }
        var block: UnsafeMutableRawPointer?
        guard posix_memalign(&block, max(alignment, 64), max(size, 1)) == 0, let block else { return nil }
        locked.withLockedValue { locked in
            locked.allocations[UInt(bitPattern: block)] = size
            locked.allocationCount += 1
        }
        return block
    }

    func deallocate(_ block: UnsafeMutableRawPointer?) {
        guard let block else { return }
        let isOurs = locked.withLockedValue { $0.allocations.removeValue(forKey: UInt(bitPattern: block)) != nil }
        if isOurs {
            free(block)
        } else {
            fault("host.memory", "free() of memory that is not alloc()'s, or not any more")
        }
    }

    func metric(kind: Int32, name: UnsafePointer<CChar>?, help: UnsafePointer<CChar>?) -> UInt32 {
        guard let name, let text = String(validatingCString: name) else {
            fault("host.metrics", "metric() without a name")
            return 0
        }
        if !(0...2).contains(kind) { fault("host.metrics", "metric() \"\(text)\" of the kind \(kind)") }
        let isName =
            !text.isEmpty && !(text.first?.isNumber ?? false)
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
            }
        if !isName { fault("host.metrics", "metric() with the name \"\(text)\": letters, digits and _ make a name") }
        guard !shortage.contains(.metrics) else { return 0 }
        return locked.withLockedValue { locked in
            if let known = locked.metricNames[text] {
                if known.kind != kind {
                    if locked.keepsRecord {
                        locked.faults.append(Fault(rule: "host.metrics", text: "metric \"\(text)\" given two kinds"))
                    }
                }
                return known.id
            }
            let id = UInt32(locked.metrics.count + 1)
            locked.metrics.insert(id)
            locked.metricNames[text] = (id, kind)
            return id
        }
    }

    func observe(metric: UInt32, value: Double) {
        let isKnown = locked.withLockedValue { locked in
            locked.observations += 1
            return metric == 0 || locked.metrics.contains(metric)
        }
        if !isKnown { fault("host.metrics", "observe() of the metric \(metric), which metric() never gave out") }
        if value.isNaN { fault("host.metrics", "observe() of NaN") }
    }

    /// Whether `new_output` has memory to give; counts what was asked for.
    func admitsOutput() -> Bool {
        locked.withLockedValue { locked in
            if locked.shortage.contains(.outputs) {
                locked.outputsRefused += 1
                return false
            }
            locked.outputsMade += 1
            return true
        }
    }
}

private let examLog: @convention(c) (UnsafePointer<sluice_host>?, Int32, UnsafePointer<CChar>?) -> Void = {
    host, level, message in
    ExamHost.of(host)?.log(level: level, message: message)
}

private let examNow: @convention(c) (UnsafePointer<sluice_host>?) -> UInt64 = { _ in MonotonicTime.now.nanoseconds }

private let examAllocate: @convention(c) (UnsafePointer<sluice_host>?, Int, Int) -> UnsafeMutableRawPointer? = {
    host, size, alignment in
    ExamHost.of(host)?.allocate(size: size, alignment: alignment)
}

private let examFree: @convention(c) (UnsafePointer<sluice_host>?, UnsafeMutableRawPointer?) -> Void = { host, block in
    ExamHost.of(host)?.deallocate(block)
}

private let examMetric:
    @convention(c) (UnsafePointer<sluice_host>?, Int32, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> UInt32 = {
        host, kind, name, help in
        ExamHost.of(host)?.metric(kind: kind, name: name, help: help) ?? 0
    }

private let examObserve: @convention(c) (UnsafePointer<sluice_host>?, UInt32, Double) -> Void = { host, metric, value in
    ExamHost.of(host)?.observe(metric: metric, value: value)
}

private let examIsCancelled: @convention(c) (UnsafePointer<sluice_request>?) -> Int32 = { request in
    ExamRequest.of(request)?.isCancelled ?? true ? 1 : 0
}

private let examNewOutput:
    @convention(c) (UnsafePointer<sluice_request>?, UnsafeMutablePointer<sluice_tensor>?) -> sluice_status = {
        request, tensor in
        guard let request = ExamRequest.of(request), let tensor else { return sluice_status(SLUICE_INVALID_ARGUMENT) }
        return request.newOutput(tensor)
    }

private let examRespond:
    @convention(c) (UnsafePointer<sluice_request>?, UnsafePointer<sluice_response>?) -> sluice_status = {
        request, response in
        guard let request = ExamRequest.of(request), let response else {
            return sluice_status(SLUICE_INVALID_ARGUMENT)
        }
        return request.respond(response)
    }

private let examExtension: @convention(c) (UnsafePointer<sluice_host>?, UnsafePointer<CChar>?) -> UnsafeRawPointer? = {
    _, _ in nil
}
