internal import SharedMemory

/// In what a runner is locked up before it opens its plugin.
package struct SandboxPlan: Sendable, Equatable {
    package enum Level: String, Sendable, CaseIterable {
        /// Reads nothing but system libraries, its own plugin and what is granted; starts no programs; may use only the
        /// system calls that computing takes.
        case strict
        /// Reads files, writes only what is granted; may not touch the system.
        case standard
        /// As the gateway itself, but for its secrets.
        case off
    }

    package var level: Level
    /// Absolute paths that may be read (in `strict`), with all below them.
    package var readablePaths: [String]
    /// Absolute paths that may be read and written, with all below them.
    package var writablePaths: [String]
    /// Whether it may use the network.
    package var allowsNetwork: Bool
    /// Bytes of memory that it may take.
    package var memoryLimit: Int?

    package init(
        level: Level = .standard, readablePaths: [String] = [], writablePaths: [String] = [],
        allowsNetwork: Bool = false, memoryLimit: Int? = nil
    ) {
        self.level = level
        self.readablePaths = readablePaths
        self.writablePaths = writablePaths
        self.allowsNetwork = allowsNetwork
        self.memoryLimit = memoryLimit
    }

    func write(to writer: inout MessageWriter) {
        writer.write(level.rawValue)
        writer.write(readablePaths) { $0.write($1) }
        writer.write(writablePaths) { $0.write($1) }
        writer.write(allowsNetwork)
        writer.write(memoryLimit) { $0.write(UInt64($1)) }
    }

    init(reading reader: inout MessageReader) throws(MessageReader.Malformed) {
        guard let level = Level(rawValue: try reader.readText()) else {
            throw MessageReader.Malformed("a sandbox's level")
        }
        self.level = level
        readablePaths = try reader.readList(atMost: 4096) { reader throws(MessageReader.Malformed) in
            try reader.readText()
        }
        writablePaths = try reader.readList(atMost: 4096) { reader throws(MessageReader.Malformed) in
            try reader.readText()
        }
        allowsNetwork = try reader.readBool()
        memoryLimit = try reader.readOptional { reader throws(MessageReader.Malformed) in
            Int(clamping: try reader.read(UInt64.self))
        }
    }
}
