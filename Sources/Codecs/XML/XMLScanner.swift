internal import CLibXML2
internal import Tensors

/// Runs libxml2's parser over a document and hands what it finds to an `XMLRequestReader`.
///
/// libxml2 builds no tree, loads nothing, knows no entities but the five of XML itself, and prints nothing.
final class XMLScanner {
    /// The most namespace declarations that may be in force: libxml2 searches them one by one.
    private static let maximumNamespaces = 64

    private let context: xmlParserCtxtPtr
    private var reader: XMLRequestReader
    private var failure: SluiceError?
    /// Namespace declarations of the open elements.
    private var namespaces: [Int] = []

    /// Once, before any thread's first document: `xmlInitParser` isn't safe to run twice at a time.
    private static let isReady: Void = xmlInitParser()

    /// Reads `bytes`, which are a whole document.
    ///
    /// - Throws: `malformed_body`, with line and column, or whatever the reader throws.
    static func read(_ bytes: UnsafeRawBufferPointer, with reader: XMLRequestReader) throws(SluiceError) -> [Tensor] {
        try XMLPrescan.check(bytes)
        _ = isReady
        guard let context = xmlNewParserCtxt() else {
            throw SluiceError(.internalError, "libxml2 gave no parser")
        }
        defer { xmlFreeParserCtxt(context) }
        return try XMLScanner(context: context, reader: reader).read(bytes)
    }

    private init(context: xmlParserCtxtPtr, reader: XMLRequestReader) {
        self.context = context
        self.reader = reader
    }

    private func read(_ bytes: UnsafeRawBufferPointer) throws(SluiceError) -> [Tensor] {
        guard let length = Int32(exactly: bytes.count) else {
            throw SluiceError(.payloadTooLarge, "XML documents of 2 GiB and more are not read")
        }
        context.pointee.userData = Unmanaged.passUnretained(self).toOpaque()
        context.pointee.sax.pointee = Self.handler()
        // Two options that sound dangerous and aren't. NOENT: there are no entities to expand, for a document type ends
        // the parse; without it libxml2 gives "&amp;" in attributes as "&#38;". HUGE: documents beyond 10 MB are read;
        // the depth, the attributes and the text, which it sets free, have bounds of their own here.
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOENT.rawValue | XML_PARSE_HUGE.rawValue
        let document = xmlCtxtReadMemory(
            context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), length, nil, "UTF-8", Int32(options))
        xmlFreeDoc(document)
        if let failure { throw failure }
        guard context.pointee.wellFormed == 1 else { throw fault("this is no well-formed XML") }
        return try reader.finish()
    }

    private func fault(_ what: String) -> SluiceError {
        XMLPlace(context).malformed(what)
    }

    /// Notes the first failure and ends the parse.
    private func fail(_ error: SluiceError) {
        if failure == nil { failure = error }
        xmlStopParser(context)
    }

    /// Runs a step of the reader, unless something has failed already.
    private func step(_ body: (inout XMLRequestReader) throws(SluiceError) -> Void) {
        guard failure == nil else { return }
        reader.place = XMLPlace(context)
        do throws(SluiceError) {
            try body(&reader)
        } catch {
            fail(error)
        }
    }

    private func open(
        name: String, namespaces count: Int, attributes: UnsafeBufferPointer<UnsafePointer<xmlChar>?>
    ) {
        namespaces.append(count)
        guard namespaces.reduce(0, +) <= Self.maximumNamespaces else {
            return fail(fault("more than \(Self.maximumNamespaces) namespaces are in force"))
        }
        var list: [XMLRequestReader.Attribute] = []
        // libxml2 gives five pointers for each: name, prefix, namespace, first byte of the value, end of the value.
        for index in stride(from: 0, to: attributes.count - 4, by: 5) where attributes[index + 1] == nil {
            guard let name = attributes[index], let start = attributes[index + 3], let end = attributes[index + 4]
            else {
                continue
            }
            let value = UnsafeBufferPointer(start: start, count: end - start)
            list.append(.init(name: String(cString: name), value: String(decoding: value, as: UTF8.self)))
        }
        step { (reader) throws(SluiceError) in try reader.open(name: name, attributes: list) }
    }

    private func close() {
        _ = namespaces.popLast()
        step { (reader) throws(SluiceError) in try reader.close() }
    }

    private func text(_ bytes: UnsafeBufferPointer<xmlChar>) {
        step { (reader) throws(SluiceError) in try reader.text(bytes) }
    }

    private func report(_ error: UnsafePointer<xmlError>) {
        let error = error.pointee
        // Names are compared without their namespaces, so a prefix that nobody declared does no harm.
        guard error.level == XML_ERR_FATAL, error.domain != XML_FROM_NAMESPACE.rawValue else { return }
        let message = error.message.map { String(cString: $0) } ?? "this is no well-formed XML"
        var line = message.prefix { $0 != "\n" }
        if line.hasPrefix("xml"), let colon = line.firstRange(of: ": ") { line = line[colon.upperBound...] }
        let text = Quote.shortened(String(line), limit: 200)
        fail(XMLPlace(line: Int(error.line), column: Int(error.int2)).malformed(text))
    }

    private static func scanner(_ userData: UnsafeMutableRawPointer?) -> XMLScanner? {
        userData.map { Unmanaged<XMLScanner>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func handler() -> xmlSAXHandler {
        var handler = xmlSAXHandler()
        handler.initialized = UInt32(XML_SAX2_MAGIC)
        handler.internalSubset = { data, _, _, _ in
            guard let scanner = XMLScanner.scanner(data) else { return }
            scanner.fail(scanner.fault("a document type; DOCTYPE and entities are not read here"))
        }
        handler.startElementNs = { data, name, _, _, namespaces, _, count, _, attributes in
            guard let scanner = XMLScanner.scanner(data), let name else { return }
            scanner.open(
                name: String(cString: name), namespaces: Int(namespaces),
                attributes: UnsafeBufferPointer(start: attributes, count: attributes == nil ? 0 : Int(count) * 5))
        }
        handler.endElementNs = { data, _, _, _ in XMLScanner.scanner(data)?.close() }
        handler.characters = { data, text, count in
            XMLScanner.scanner(data)?.text(UnsafeBufferPointer(start: text, count: Int(count)))
        }
        handler.cdataBlock = handler.characters
        handler.ignorableWhitespace = handler.characters
        handler.serror = { data, error in
            guard let error else { return }
            XMLScanner.scanner(data)?.report(error)
        }
        return handler
    }
}

/// Where in a document something stands; both count from 1.
struct XMLPlace: Sendable, Equatable {
    var line: Int
    var column: Int

    func malformed(_ what: String) -> SluiceError {
        SluiceError(
            .malformedBody, "XML line \(line), column \(column): \(what)",
            detail: [.init("line", line), .init("column", column)])
    }
}

extension XMLPlace {
    /// Where the parser is.
    fileprivate init(_ context: xmlParserCtxtPtr) {
        self.init(line: Int(xmlSAX2GetLineNumber(context)), column: Int(xmlSAX2GetColumnNumber(context)))
    }
}
