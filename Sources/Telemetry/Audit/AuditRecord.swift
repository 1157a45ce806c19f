/// One thing that somebody did, or was kept from doing, as the audit log has it.
package struct AuditRecord: Sendable, Equatable {
    package enum Value: Sendable, Equatable {
        case text(String)
        case number(Int)
        case truth(Bool)
        case texts([String])
    }

    /// What happened, e.g. `reload`: one of a few fixed words.
    package let event: String
    /// Particulars, in the order in which they are written. Their names are fixed, too.
    package private(set) var fields: [(name: String, value: Value)] = []

    package init(_ event: String) {
        self.event = event
    }

    package func with(_ name: String, _ text: String?) -> AuditRecord { adding(name, text.map { .text($0) }) }
    package func with(_ name: String, _ number: Int?) -> AuditRecord { adding(name, number.map { .number($0) }) }
    package func with(_ name: String, _ truth: Bool) -> AuditRecord { adding(name, .truth(truth)) }

    /// A list is left out where it is empty.
    package func with(_ name: String, _ texts: [String]) -> AuditRecord {
        adding(name, texts.isEmpty ? nil : .texts(texts))
    }

    private func adding(_ name: String, _ value: Value?) -> AuditRecord {
        guard let value else { return self }
        var record = self
        record.fields.append((name, value))
        return record
    }

    package static func == (left: AuditRecord, right: AuditRecord) -> Bool {
        left.event == right.event && left.fields.map(\.name) == right.fields.map(\.name)
            && left.fields.map(\.value) == right.fields.map(\.value)
    }

    /// Longer texts are cut.
    private static let longestText = 1_024
    private static let longestList = 100

    /// Appends `,"event":…` and the particulars.
    func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: ",\"event\":".utf8)
        JSONText.append(event, to: &bytes)
        for (name, value) in fields {
            bytes.append(UInt8(ascii: ","))
            JSONText.append(name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            switch value {
            case .text(let text): JSONText.append(text, to: &bytes, limit: Self.longestText)
            case .number(let number): JSONText.append(number, to: &bytes)
            case .truth(let truth): bytes.append(contentsOf: (truth ? "true" : "false").utf8)
            case .texts(let texts):
                bytes.append(UInt8(ascii: "["))
                for (index, text) in texts.prefix(Self.longestList).enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    JSONText.append(text, to: &bytes, limit: Self.longestText)
                }
                bytes.append(UInt8(ascii: "]"))
            }
        }
    }
}
