internal import CPluginTemplates
internal import Foundation

/// The files of a new plugin in one language, with its name filled in.
///
/// They are compiled into the program: a plugin's authors need no other file of Sluice's.
struct PluginTemplate {
    enum Language: String, CaseIterable {
        case c
        case cpp
        case rust
        case swift
        case zig
        case python
    }

    struct File {
        var name: String
        var text: String
    }

    /// Why a folder could not be made.
    struct Failure: Error {
        var reason: String
    }

    let language: Language
    let name: String

    /// Why a plugin can't have that name; `nil` where it can.
    ///
    /// It becomes a file name, part of an identifier and a name in gateway.yaml: what all of these take.
    static func objection(toName name: String) -> String? {
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & ~0x20) }
        func isAllowed(_ byte: UInt8) -> Bool {
            isLetter(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard let first = name.utf8.first else { return "it is empty" }
        guard isLetter(first) else { return "it must start with a letter from a to z" }
        guard name.utf8.allSatisfy(isAllowed) else { return "it is made of letters, digits, - and _" }
        return name.utf8.count > 64 ? "it is longer than 64 characters" : nil
    }

    /// All files, in no special order.
    var files: [File] {
        var count = 0
        let all = UnsafeBufferPointer(start: plugin_template_files(&count), count: count)
        // The memory behind the table is constant.
        return all.filter { String(cString: $0.language) == language.rawValue }.map { file in
            let text = String(decoding: UnsafeBufferPointer(start: file.text, count: file.size), as: UTF8.self)
            return File(name: String(cString: file.name), text: filledIn(text))
        }
    }

    /// What to do in the new folder, as a shell takes it.
    var nextSteps: [String] {
        (language == .python ? [] : ["make"]) + ["sluice check gateway.yaml", "sluice serve gateway.yaml"]
    }

    private func filledIn(_ text: String) -> String {
        var text = text
        for (key, value) in [
            ("@NAME@", name), ("@MODULE@", "plugin_" + name.replacingOccurrences(of: "-", with: "_")),
            ("@LANGUAGE@", language.shownName), ("@SOURCE@", language.source), ("@COMPILER@", language.compiler),
        ] {
            text = text.replacingOccurrences(of: key, with: value)
        }
        return text
    }

    /// Makes the folder with everything in it, or leaves nothing behind.
    func write(to folder: URL) throws(Failure) {
        guard (try? folder.checkResourceIsReachable()) != true else {
            throw Failure(reason: "it exists already; choose another --folder")
        }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw Failure(reason: (error as NSError).localizedDescription)
        }
        do {
            for file in files { try Data(file.text.utf8).write(to: folder.appendingPathComponent(file.name)) }
        } catch {
            try? FileManager.default.removeItem(at: folder)
            throw Failure(reason: (error as NSError).localizedDescription)
        }
    }
}

extension PluginTemplate.Language {
    fileprivate var shownName: String {
        switch self {
        case .c: "C"
        case .cpp: "C++"
        case .rust: "Rust"
        case .swift: "Swift"
        case .zig: "Zig"
        case .python: "Python"
        }
    }

    fileprivate var source: String {
        switch self {
        case .c: "plugin.c"
        case .cpp: "plugin.cpp"
        case .rust: "plugin.rs"
        case .swift: "plugin.swift"
        case .zig: "plugin.zig"
        case .python: "model.py"
        }
    }

    fileprivate var compiler: String {
        switch self {
        case .c: "a C compiler"
        case .cpp: "a C++17 compiler"
        case .rust: "rustc 1.80 or newer, no crates"
        case .swift: "Swift 6.3 or newer"
        case .zig: "zig 0.17, as PyPI's ziglang has it"
        case .python: "python3 with NumPy"
        }
    }
}
