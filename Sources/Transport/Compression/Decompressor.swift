/// What undoes one compression, step by step.
protocol Decompressor: AnyObject {
    /// Whether something may follow an end: zstd's bodies are one frame or more.
    var mayGoOn: Bool { get }

    /// Takes some of the input in, and writes some of what it stands for.
    func step(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> DecompressionStep
}

/// What came of one step.
struct DecompressionStep {
    enum Outcome {
        /// It goes on, with more input or more room.
        case more
        /// All that belongs together has been written.
        case end
        case bytesBehindEnd
        case damaged
        /// It would take more memory than HTTP lets it.
        case windowTooLarge
        case noMemory
    }

    var outcome: Outcome
    var read: Int
    var written: Int
}
