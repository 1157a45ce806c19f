internal import CSluicePlugin
internal import Foundation

extension Rule {
    /// The file, before any of its code runs.
    static let fileRules: [Rule] = [
        Rule("file.elf", .file, "a 64-bit ELF shared object for this machine") { exam in
            do {
                _ = try ElfFile(path: exam.subject.path)
                return .passed()
            } catch let fault as ElfFile.Fault {
                return .failed(fault.message)
            }
        },
        Rule("file.symbol", .file, "it exports the function sluice_plugin_v1", needs: ["file.elf"]) { exam in
            let exports = try ElfFile(path: exam.subject.path).exports
            guard let symbol = exports.first(where: { $0.name == "sluice_plugin_v1" }) else {
                let others = exports.prefix(8).map(\.name).joined(separator: ", ")
                return .failed(
                    "it exports \(exports.isEmpty ? "nothing" : others): mark the entry SLUICE_EXPORT, and extern \"C\""
                )
            }
            return symbol.isFunction ? .passed() : .failed("sluice_plugin_v1 is no function")
        },
        Rule("file.other-symbols", .file, "it exports nothing else", needs: ["file.symbol"]) { exam in
            // Weak symbols are what C++ templates and inline functions leave behind; the host's don't clash with them.
            let others = try ElfFile(path: exam.subject.path).exports.filter {
                $0.name != "sluice_plugin_v1" && !$0.isWeak && $0.name != "_init" && $0.name != "_fini"
            }
            guard !others.isEmpty else { return .passed() }
            let named = others.prefix(5).map(\.name).joined(separator: ", ")
            return .warned(
                "\(others.count) more: \(named)\(others.count > 5 ? ", …" : ""); another library's symbol of the same name "
                    + "would be taken instead: build with -fvisibility=hidden or a version script")
        },
    ]

    /// The table that the entry function hands out.
    static let entryRules: [Rule] = [
        Rule("entry.opens", .contract, "dlopen with RTLD_NOW finds every library and symbol", needs: ["file.elf"]) {
            _ = try $0.library()
            return .passed()
        },
        Rule(
            "entry.accepts", .contract, "sluice_plugin_v1 returns a table, or NULL with a reason",
            needs: ["file.symbol", "entry.opens"]
        ) { exam in
            let plugin = try exam.plugin()
            return .passed("\(plugin.text(\.id) ?? "no id") \(plugin.text(\.version) ?? "without a version")")
        },
        Rule(
            "entry.struct-size", .contract, "struct_size is sizeof(sluice_plugin) of the header it was built with",
            needs: ["entry.accepts"]
        ) { exam in
            let size = try exam.plugin().size
            let full = MemoryLayout<sluice_plugin>.size
            let least = MemoryLayout<sluice_plugin>.offset(of: \.learn)!
            if size < least || size > 1 << 16 {
                return .failed(
                    "\(size); ABI 1.0 has \(full), and below \(least) there is no infer: write SLUICE_PLUGIN_HEAD")
            }
            if size < full { return .warned("\(size); ABI 1.0 has \(full): its last functions read as missing") }
            return .passed(size > full ? "\(size): a later header, of which \(full) bytes are known here" : "")
        },
        Rule(
            "entry.tensor-size", .contract, "tensor_size is sizeof(sluice_tensor), \(MemoryLayout<sluice_tensor>.size)",
            needs: ["entry.struct-size"]
        ) { exam in
            let size = Int(try exam.plugin().table.pointee.tensor_size)
            return size == MemoryLayout<sluice_tensor>.size
                ? .passed() : .failed("\(size): its binding doesn't match sluice_plugin.h")
        },
        Rule(
            "entry.abi-minor", .contract, "abi_minor is a minor version of ABI 1 that this kit knows",
            needs: ["entry.tensor-size"]
        ) { exam in
            let minor = try exam.plugin().table.pointee.abi_minor
            return minor <= SLUICE_ABI_MINOR
                ? .passed("1.\(minor)")
                : .warned("1.\(minor): what came after 1.\(SLUICE_ABI_MINOR) was not checked; use that version's kit")
        },
        Rule(
            "entry.functions", .contract, "load, unload, describe, and at least one of infer, decode and encode",
            needs: ["entry.tensor-size"]
        ) { exam in
            let plugin = try exam.plugin()
            var missing: [String] = []
            if plugin.field(\.load) == nil { missing.append("load") }
            if plugin.field(\.unload) == nil { missing.append("unload") }
            if plugin.field(\.describe) == nil { missing.append("describe") }
            if !plugin.isBackend && !plugin.isCodec { missing.append("infer, decode or encode") }
            if plugin.field(\.learn) != nil && !plugin.isBackend { missing.append("infer, which learn is for") }
            return missing.isEmpty ? .passed() : .failed("without \(missing.joined(separator: ", "))")
        },
        Rule(
            "entry.texts", .contract, "an id such as org.example.iris, a version, a summary of one line",
            needs: ["entry.tensor-size"]
        ) { exam in
            let plugin = try exam.plugin()
            var faults: [String] = []
            for (name, text) in [("id", plugin.field(\.id)), ("version", plugin.field(\.version))] {
                guard let text, let read = String(validatingCString: text), !read.isEmpty else {
                    faults.append("no \(name)")
                    continue
                }
                let isPlain = read.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
                if !isPlain || read.utf8.count > 128 {
                    faults.append(
                        "the \(name) \"\(read.prefix(40))\": printable ASCII without spaces, at most 128 of it")
                }
            }
            if let summary = plugin.field(\.summary) {
                let read = String(validatingCString: summary)
                if read == nil { faults.append("a summary that is not UTF-8") }
                if read?.contains(where: \.isNewline) == true { faults.append("a summary of several lines") }
            }
            guard faults.isEmpty else { return .failed(faults.joined(separator: "; ")) }
            return plugin.text(\.summary)?.isEmpty ?? true ? .warned("no summary") : .passed()
        },
        Rule(
            "entry.content-types", .contract, "a codec names its media types, a backend none",
            needs: ["entry.functions"]
        ) { exam in
            let plugin = try exam.plugin()
            let list = plugin.field(\.content_types)
            guard plugin.isCodec else {
                return list == nil ? .passed() : .failed("media types, but neither decode nor encode")
            }
            guard let list else { return .failed("decode or encode, but no content_types") }
            var types: [String] = []
            while let text = list[types.count], types.count < 256 { types.append(String(cString: text)) }
            let odd = types.first { type in
                let parts = type.split(separator: "/", omittingEmptySubsequences: false)
                return parts.count != 2 || parts.contains("") || type.contains(where: \.isWhitespace)
            }
            if let odd { return .failed("\"\(odd)\" is no media type such as image/png") }
            return types.isEmpty ? .failed("an empty list") : .passed(types.joined(separator: ", "))
        },
    ]
}
