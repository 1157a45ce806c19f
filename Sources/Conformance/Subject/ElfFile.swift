internal import Foundation

/// What a shared object says of itself without being loaded: the symbols that it exports and the libraries it needs.
///
/// Reads 64-bit little-endian ELF and trusts no number in the file.
package struct ElfFile: Sendable {
    /// What is wrong with the file.
    package struct Fault: Error, Sendable {
        package var message: String
    }

    package struct Symbol: Sendable, Equatable {
        package var name: String
        package var isFunction: Bool
        /// Weak or unique, as C++ has them for what every library may define again.
        package var isWeak: Bool
    }

    /// The machine as ELF numbers it: 62 is x86-64, 183 is AArch64.
    package let machine: UInt16
    /// Default-visible symbols that the file defines.
    package let exports: [Symbol]
    /// Names of the libraries that it needs.
    package let dependencies: [String]

    /// The machine that this program runs on.
    static var ownMachine: UInt16 {
        #if arch(x86_64)
        62
        #elseif arch(arm64)
        183
        #else
        0
        #endif
    }

    package init(path: String) throws(Fault) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Fault(message: "\(path) can't be read")
        }
        try self.init([UInt8](data))
    }

    package init(_ bytes: [UInt8]) throws(Fault) {
        let reader = Reader(bytes: bytes)
        guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
            throw Fault(message: "no ELF file: it begins with \(Self.hex(bytes.prefix(4)))")
        }
        guard bytes.count >= 64, bytes[4] == 2, bytes[5] == 1 else {
            throw Fault(message: "an ELF file, but not a 64-bit little-endian one")
        }
        let type = try reader.integer(at: 16, as: UInt16.self)
        guard type == 3 else { throw Fault(message: "an ELF file of type \(type), not a shared object (3)") }
        machine = try reader.integer(at: 18, as: UInt16.self)
        guard machine == Self.ownMachine else {
            throw Fault(message: "built for ELF machine \(machine), and this is machine \(Self.ownMachine)")
        }
        let sections = try reader.sections()
        var exports: [Symbol] = []
        var dependencies: [String] = []
        for section in sections {
            // 11 is SHT_DYNSYM, 6 is SHT_DYNAMIC; `link` is the section of their names.
            guard section.type == 11 || section.type == 6, section.link < sections.count else { continue }
            let names = sections[section.link]
            if section.type == 11 {
                exports += try reader.exports(in: section, names: names)
            } else {
                dependencies += try reader.dependencies(in: section, names: names)
            }
        }
        self.exports = exports
        self.dependencies = dependencies
    }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        bytes.isEmpty ? "nothing" : bytes.map { String(format: "%02x", $0) }.joined(separator: " ")
    }
}

extension ElfFile {
    fileprivate struct Section {
        var type: UInt32
        var offset: Int
        var size: Int
        var link: Int
    }

    fileprivate struct Reader {
        let bytes: [UInt8]

        func integer<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type) throws(Fault) -> Number {
            let width = MemoryLayout<Number>.size
            guard offset >= 0, offset <= bytes.count - width else { throw Fault(message: "the file is cut short") }
            var value: Number = 0
            for index in (0..<width).reversed() {
                value = value << 8 | Number(truncatingIfNeeded: bytes[offset + index])
            }
            return value
        }

        func place(at offset: Int) throws(Fault) -> Int {
            guard let place = Int(exactly: try integer(at: offset, as: UInt64.self)), place <= bytes.count else {
                throw Fault(message: "the file is cut short, or its headers are wrong")
            }
            return place
        }

        func sections() throws(Fault) -> [Section] {
            let table = try place(at: 40)
            let width = Int(try integer(at: 58, as: UInt16.self))
            let count = Int(try integer(at: 60, as: UInt16.self))
            guard table > 0, count > 0 else { throw Fault(message: "no section table: was it stripped of it?") }
            guard width >= 64 else { throw Fault(message: "section headers of \(width) bytes") }
            var sections: [Section] = []
            for index in 0..<count {
                let start = table + index * width
                let type = try integer(at: start + 4, as: UInt32.self)
                // 8 is SHT_NOBITS: it has a size, but nothing in the file.
                let isEmpty = type == 8
                sections.append(
                    Section(
                        type: type, offset: isEmpty ? 0 : try place(at: start + 24),
                        size: isEmpty ? 0 : try place(at: start + 32),
                        link: Int(try integer(at: start + 40, as: UInt32.self))))
            }
            return sections
        }

        func exports(in section: Section, names: Section) throws(Fault) -> [Symbol] {
            var symbols: [Symbol] = []
            for start in stride(from: section.offset, to: section.offset + section.size - 23, by: 24) {
                let info = try integer(at: start + 4, as: UInt8.self)
                let visibility = try integer(at: start + 5, as: UInt8.self) & 3
                let definedIn = try integer(at: start + 6, as: UInt16.self)
                let binding = info >> 4
                // Defined here, global, weak or unique, and visible to others.
                guard definedIn != 0, binding == 1 || binding == 2 || binding == 10, visibility == 0 || visibility == 3
                else { continue }
                let kind = info & 15
                let name = try text(Int(try integer(at: start, as: UInt32.self)), in: names)
                // An absolute symbol without a type is a version's name.
                if definedIn == 0xFFF1 && kind == 1 { continue }
                symbols.append(Symbol(name: name, isFunction: kind == 2 || kind == 10, isWeak: binding != 1))
            }
            return symbols
        }

        func dependencies(in section: Section, names: Section) throws(Fault) -> [String] {
            var libraries: [String] = []
            for start in stride(from: section.offset, to: section.offset + section.size - 15, by: 16) {
                let tag = try integer(at: start, as: Int64.self)
                if tag == 0 { break }
                // 1 is DT_NEEDED.
                if tag == 1 { libraries.append(try text(try place(at: start + 8), in: names)) }
            }
            return libraries
        }

        private func text(_ index: Int, in names: Section) throws(Fault) -> String {
            let end = min(names.offset + names.size, bytes.count)
            guard index >= 0, names.offset + index < end else { throw Fault(message: "a name outside of the file") }
            let tail = bytes[(names.offset + index)..<end]
            return String(decoding: tail.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
