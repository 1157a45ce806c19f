/// Turns the text of a gateway.yaml into validated values, or into every mistake in it at once.
package struct ConfigurationLoader: Sendable {
    /// What the file may refer to outside itself.
    package struct Context: Sendable {
        /// Absolute folder of the file; relative paths start here.
        package var folder: String
        /// Variables that `env:NAME` may name.
        package var environment: [String: String]
        /// Names of plugins that are installed in the plugin folders.
        package var installedPlugins: Set<String>
        /// Whether a file is there; asked with absolute paths.
        package var fileExists: @Sendable (String) -> Bool
        /// Seconds since 1970, for keys that expire.
        package var nowSeconds: Int64
        /// What is wrong with the contents of a listener's certificate files, which are there.
        package var tlsFault: @Sendable (ListenerTLS) -> ListenerTLS.Fault?
        /// A file's bytes, of small files only; `nil` where it can't be read. Asked with absolute paths.
        package var readFile: @Sendable (String) -> [UInt8]? = { _ in nil }
        /// What is wrong with a file's JSON Web Key Set for tokens that are signed so, as the end of a sentence.
        package var keySetFault: @Sendable ([UInt8], [TokenAlgorithm]) -> String? = { _, _ in nil }

        package init(
            folder: String, environment: [String: String], installedPlugins: Set<String>,
            fileExists: @escaping @Sendable (String) -> Bool, nowSeconds: Int64,
            tlsFault: @escaping @Sendable (ListenerTLS) -> ListenerTLS.Fault? = { _ in nil }
        ) {
            self.folder = folder
            self.environment = environment
            self.installedPlugins = installedPlugins
            self.fileExists = fileExists
            self.nowSeconds = nowSeconds
            self.tlsFault = tlsFault
        }
    }

    /// What came of reading a file.
    package struct Outcome: Sendable {
        /// `nil` where there is at least one error.
        package var configuration: GatewayConfiguration?
        /// Errors and warnings in the order of the file.
        package var diagnostics: [Diagnostic]
    }

    package init() {}

    /// Reads a file's bytes. Never throws: what is wrong, bytes that aren't UTF-8 included, comes back as diagnostics.
    package func load(_ bytes: [UInt8], context: Context) -> Outcome {
        // Checked before anything is decoded, so that a huge file by mistake costs no more than its bytes.
        if bytes.count > Bounds.fileBytes { return Outcome(configuration: nil, diagnostics: [.tooLarge]) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return Outcome(configuration: nil, diagnostics: [.notUTF8(in: bytes)])
        }
        return load(text, context: context)
    }

    /// Reads `text`. Never throws: what is wrong comes back as diagnostics, all at once.
    package func load(_ text: String, context: Context) -> Outcome {
        if text.utf8.count > Bounds.fileBytes { return Outcome(configuration: nil, diagnostics: [.tooLarge]) }
        let reading = Reading(context: context)
        let source = SourceText(text)
        guard let root = DocumentReader(source: source, reading: reading).read() else {
            return Outcome(configuration: nil, diagnostics: reading.sortedDiagnostics)
        }
        let configuration = GatewayBlock.read(root, reading)
        return Outcome(
            configuration: reading.hasErrors ? nil : configuration, diagnostics: reading.sortedDiagnostics)
    }
}

extension Diagnostic {
    static var tooLarge: Diagnostic {
        Diagnostic(
            severity: .error, message: "the file is larger than \(SizeText.text(Bounds.fileBytes))",
            location: SourceLocation(line: 1, column: 1))
    }

    /// Points at the first byte that no UTF-8 text can have there.
    fileprivate static func notUTF8(in bytes: [UInt8]) -> Diagnostic {
        var line = 1
        var column = 1
        var rest = bytes[...]
        var decoder = UTF8()
        var iterator = rest.makeIterator()
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                rest = rest.dropFirst(UTF8.width(scalar))
                if scalar == "\n" {
                    line += 1
                    column = 1
                } else {
                    column += 1
                }
            case .emptyInput, .error: break decoding
            }
        }
        let byte = String(rest.first ?? 0, radix: 16, uppercase: true)
        return Diagnostic(
            severity: .error, message: "the file is not UTF-8: byte 0x\(byte.count == 1 ? "0" : "")\(byte)",
            location: SourceLocation(line: line, column: column), suggestion: "save the file as UTF-8")
    }
}
