/// One answered request, as the access log shows it.
package struct AccessRecord: Sendable {
    /// When the answer was complete, in milliseconds since 1970.
    package var unixMilliseconds: Int64
    package var requestID: String
    package var method: String
    /// The path; what follows a `?` is never written, as it may hold secrets.
    package var path: String
    package var status: Int
    package var consumer: String?
    package var route: String?
    /// The model that answered, or was tried last.
    package var model: String?
    /// Whether another model failed before.
    package var isFallback: Bool
    package var bytesIn: Int
    package var bytesOut: Int
    package var nanoseconds: UInt64
    /// The error's code; `nil` where all went well.
    package var code: String?
    /// The client's address.
    package var remote: String?
    /// Rows that were answered in batches, and how many batches those were; `nil` for all other requests.
    package var rows: Int?
    package var batches: Int?

    package init(
        unixMilliseconds: Int64, requestID: String, method: String, path: String, status: Int,
        consumer: String? = nil, route: String? = nil, model: String? = nil, isFallback: Bool = false,
        bytesIn: Int = 0, bytesOut: Int = 0, nanoseconds: UInt64 = 0, code: String? = nil, remote: String? = nil
    ) {
        self.unixMilliseconds = unixMilliseconds
        self.requestID = requestID
        self.method = method
        self.path = path
        self.status = status
        self.consumer = consumer
        self.route = route
        self.model = model
        self.isFallback = isFallback
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.nanoseconds = nanoseconds
        self.code = code
        self.remote = remote
    }

    /// Texts from clients are cut at this many bytes.
    static let longestText = 1_024

    /// Appends the record as one line of JSON. Keys whose value is unknown are left out.
    func append(to line: inout [UInt8], timestamp: inout Timestamp) {
        line.append(contentsOf: "{\"time\":\"".utf8)
        timestamp.append(milliseconds: unixMilliseconds, to: &line)
        line.append(contentsOf: "\"".utf8)
        Self.append(",\"request_id\":", requestID, to: &line)
        Self.append(",\"method\":", method, to: &line)
        Self.append(",\"path\":", withoutQuery, to: &line)
        Self.append(",\"status\":", status, to: &line)
        Self.append(",\"consumer\":", consumer, to: &line)
        Self.append(",\"route\":", route, to: &line)
        Self.append(",\"model\":", model, to: &line)
        if isFallback { line.append(contentsOf: ",\"fallback\":true".utf8) }
        Self.append(",\"bytes_in\":", bytesIn, to: &line)
        Self.append(",\"bytes_out\":", bytesOut, to: &line)
        if let rows { Self.append(",\"rows\":", rows, to: &line) }
        if let batches { Self.append(",\"batches\":", batches, to: &line) }
        Self.append(",\"milliseconds\":", Int(clamping: nanoseconds / 1_000_000), to: &line)
        line.append(UInt8(ascii: "."))
        JSONText.append(Int(nanoseconds / 1_000 % 1_000), digits: 3, to: &line)
        Self.append(",\"code\":", code, to: &line)
        Self.append(",\"remote\":", remote, to: &line)
        line.append(contentsOf: "}\n".utf8)
    }

    private var withoutQuery: String {
        guard let end = path.utf8.firstIndex(of: UInt8(ascii: "?")) else { return path }
        return String(decoding: path.utf8[..<end], as: UTF8.self)
    }

    /// - Parameter key: the key as it stands in the line, with its comma and colon: nothing is put together here.
    private static func append(_ key: String, _ value: String?, to line: inout [UInt8]) {
        guard let value else { return }
        line.append(contentsOf: key.utf8)
        JSONText.append(value, to: &line, limit: longestText)
    }

    private static func append(_ key: String, _ value: Int, to line: inout [UInt8]) {
        line.append(contentsOf: key.utf8)
        JSONText.append(value, to: &line)
    }
}
