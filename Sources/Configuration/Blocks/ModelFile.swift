/// A model that is no more than its file: `iris: ./iris.onnx`. The file's name tells which plugin runs it.
enum ModelFile {
    /// What stands for each ending. TorchScript isn't among them: it keeps no sizes and types.
    private static let plugins: [(ending: String, plugin: String)] = [
        (".onnx", "onnxruntime"), (".tflite", "tflite"), (".gguf", "llama"), (".ubj", "xgboost"),
        (".json", "xgboost"), (".txt", "lightgbm"), (".joblib", "python"), (".skops", "python"), (".py", "python"),
    ]

    private static let torchScript = [".pt", ".pth", ".ts", ".jit", ".torchscript"]

    /// The model, and the place where its file is named; `nil` where nothing tells how it runs, which is reported.
    static func read(
        _ scalar: YAMLNode.Scalar, of entry: NamedNode, _ reading: Reading
    ) -> Placed<ModelConfiguration>? {
        let path = scalar.text
        let span = entry.node.span
        guard let plugin = Self.plugin(for: path, reading) else {
            explain(path, at: span, reading)
            return nil
        }
        let model = ModelConfiguration(
            name: entry.name, plugin: plugin, config: .mapping([("file", .string(path))]),
            location: entry.span.location)
        return Placed(value: model, span: span)
    }

    private static func plugin(for path: String, _ reading: Reading) -> String? {
        let name = path.lowercased()
        if let known = plugins.first(where: { name.hasSuffix($0.ending) }) { return known.plugin }
        if name.hasSuffix("/saved_model.pb") { return "tensorflow" }
        let folder = reading.absolutePath(path)
        return reading.context.fileExists(folder + "/saved_model.pb") ? "tensorflow" : nil
    }

    private static func explain(_ path: String, at span: SourceSpan, _ reading: Reading) {
        if reading.context.installedPlugins.contains(path) {
            return reading.error(
                "\(quoted(path)) is a plugin, not a model's file", at: span, "write { plugin: \(path) }")
        }
        if torchScript.contains(where: path.lowercased().hasSuffix) {
            return reading.error(
                "TorchScript doesn't say what its inputs and outputs are", at: span,
                "write { plugin: pytorch, config: { file: \(path), inputs: […], outputs: […] } }, each of them as "
                    + "{ name: x, datatype: FP32, shape: [-1, 4] }")
        }
        let endings = plugins.map(\.ending).joined(separator: ", ")
        reading.error(
            "nothing tells which plugin runs \(quoted(path))", at: span,
            "write { plugin: NAME, config: { file: … } }; files that are enough end in \(endings), or are the folder of "
                + "a SavedModel")
    }
}
