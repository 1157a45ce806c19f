import Tensors

@testable import Codecs

/// Tables: as one body, and a row at a time.
enum TableTargets {
    /// What a client may say that its table is written like.
    static let dialects = [
        "text/csv", "text/csv; header=present", "text/csv; header=absent; delimiter=\";\"; decimal=\",\"",
        "text/csv; delimiter=\"|\"", "text/tab-separated-values", "text/csv; charset=windows-1252",
        "text/csv; charset=utf-16be", "text/csv; charset=utf-16",
    ]

    static func csv(_ bytes: [UInt8]) {
        for dialect in dialects {
            for signature in [Signatures.table, Signatures.mixed, Signatures.text] {
                BodyTargets.decode(bytes, dialect, signature)
            }
        }
    }

    static func rows(_ bytes: [UInt8]) {
        for signature in [Signatures.table, Signatures.mixed] {
            for type in ["application/x-ndjson"] + dialects {
                expectClientError { () throws(SluiceError) in
                    guard let format = try RowFormat.named(type) else { return }
                    try rows([bytes], format, signature, skipsFaults: true)
                }
                expectClientError { () throws(SluiceError) in
                    guard let format = try RowFormat.named(type) else { return }
                    try rows(Array(Pieces(bytes)), format, signature, skipsFaults: false)
                }
            }
        }
    }

    /// Cuts pieces into batches and reads them, as the gateway does.
    private static func rows(
        _ pieces: [[UInt8]], _ format: RowFormat, _ signature: ModelSignature, skipsFaults: Bool
    ) throws(SluiceError) {
        var collector = RowCollector(
            format, limits: .init(rows: 3, bytes: 1 << 10, rowBytes: 1 << 12), offset: 0, signature: signature)
        var reader = RowReader.lines
        func read(_ batch: RowBatch) throws(SluiceError) {
            _ = try reader.decode(batch, 0..<batch.count, signature: signature, skipsFaults: skipsFaults)
        }
        func act(_ event: RowCollector.Event) throws(SluiceError) {
            switch event {
            case .batch(let batch): try read(batch)
            case .firstRow:
                let rows = try CSVRowReader(collector.firstRow, signature: signature)
                reader = .csv(rows)
                if let batch = collector.settle(firstRowIsHeader: rows.hasHeader) { try read(batch) }
            }
        }
        for piece in pieces {
            var rest = piece[...]
            while !rest.isEmpty || collector.hasMore {
                let outcome = try take(rest, &collector)
                rest = rest.dropFirst(outcome.taken)
                if let event = outcome.event { try act(event) }
            }
        }
        while let event = try collector.finish() { try act(event) }
    }

    private static func take(
        _ bytes: ArraySlice<UInt8>, _ collector: inout RowCollector
    ) throws(SluiceError) -> (taken: Int, event: RowCollector.Event?) {
        let outcome = bytes.withUnsafeBytes { bytes -> Result<(taken: Int, event: RowCollector.Event?), SluiceError> in
            do throws(SluiceError) { return .success(try collector.take(bytes)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}
