/// `plugins.NAME`: one shared object.
enum PluginBlock {
    static let path = Key.optional(
        "path", ValueType.text("a path", example: "./libonnx.so").placed,
        "The shared object; relative to the folder of gateway.yaml. Not together with `name`.")
    static let installedName = Key.optional(
        "name", ValueType.name(of: "plugin", example: "onnxruntime").placed, default: "the key",
        "An installed plugin: `libsluice_NAME.so` in a plugin folder.")
    static let sha256 = Key.optional(
        "sha256", HashText.digits("64 hexadecimal digits", example: HashText.exampleDigits),
        "What the file's SHA-256 must be; another file is not loaded.")

    static let block = Block(
        "plugins.NAME",
        [path.description, installedName.description, sha256.description] + RunnerKeys.descriptions)

    /// A plugin, and the first key of it that needs a process of its own.
    struct Result {
        var plugin: PluginConfiguration
        var needsProcess: Placed<String>?
    }

    static func read(_ entry: NamedNode, _ reading: Reading) -> Result? {
        if entry.node.isNull {
            reading.error("plugin \(quoted(entry.name)) has no value", at: entry.span, "write \(entry.name): {}")
            return nil
        }
        let name = "plugin \(quoted(entry.name))"
        guard let reader = MappingReader(entry.node, block, name: name, span: entry.span, reading) else { return nil }
        let path = reader.value(path)
        let installed = reader.value(installedName)
        let sha256 = reader.value(sha256)
        let (isolation, runner, needsProcess) = RunnerKeys.read(reader, reading)
        if reader.has(Self.path), reader.has(installedName) {
            reading.error(
                "\(name) has both a path and a name", at: reader.keySpan(of: installedName), "leave one of them out")
            return nil
        }
        let source: PluginConfiguration.Source
        if reader.has(Self.path) {
            guard let path else { return nil }
            let absolute = reading.absolutePath(path.value)
            guard reading.context.fileExists(absolute) else {
                reading.error("there is no file \(quoted(absolute))", at: path.span)
                return nil
            }
            source = .path(absolute)
        } else if reader.has(installedName) {
            guard let installed else { return nil }
            guard checkInstalled(installed.value, at: installed.span, reading) else { return nil }
            source = .name(installed.value)
        } else {
            guard checkInstalled(entry.name, at: entry.span, reading) else { return nil }
            source = .name(entry.name)
        }
        var plugin = PluginConfiguration(
            name: entry.name, source: source, sha256: sha256, location: entry.span.location)
        if let isolation { plugin.isolation = isolation }
        plugin.runner = runner
        return Result(plugin: plugin, needsProcess: needsProcess)
    }

    /// Reports what is said about a process where there is none.
    static func checkProcesses(_ results: [Result], models: [ModelConfiguration], _ reading: Reading) {
        for result in results {
            let name = result.plugin.name
            let decodes = name == MediaConfiguration.plugin && models.contains(where: \.usesMedia)
            var users = models.filter { $0.plugin == name }.map { $0.isolation ?? result.plugin.isolation }
            if decodes { users.append(result.plugin.isolation) }
            guard let key = result.needsProcess, !users.isEmpty, users.allSatisfy({ $0 == .inProcess }) else {
                continue
            }
            reading.error(
                "\(key.value) needs a process, but plugin \(quoted(result.plugin.name)) runs in the gateway",
                at: key.span, "write isolation: process")
        }
    }

    private static func checkInstalled(_ name: String, at span: SourceSpan, _ reading: Reading) -> Bool {
        let installed = reading.context.installedPlugins
        if installed.contains(name) { return true }
        let advice = Suggestion.text(for: name, in: installed.sorted(), label: "installed plugins")
        reading.error(
            "no plugin \(quoted(name)) is installed", at: span, advice ?? "none is; give the path of its file")
        return false
    }
}

/// SHA-256 as users write it.
enum HashText {
    static let exampleDigits = String(repeating: "9f86d081", count: 8)

    /// 64 hexadecimal digits, after `prefix`; the value is the digits in lower case.
    static func digits(_ name: String, prefix: String = "", example: String) -> ValueType<String> {
        .parsed(name, example: example, isSecret: true) { text in
            guard text.hasPrefix(prefix) else { return nil }
            let digits = text.dropFirst(prefix.count)
            let isHexadecimal = digits.utf8.allSatisfy { $0.isLetterOrDigit && ($0 | 0x20) <= 0x66 }
            return digits.utf8.count == 64 && isHexadecimal ? digits.lowercased() : nil
        }
    }
}
