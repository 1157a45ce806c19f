internal import Codecs
internal import Glibc
internal import Tensors

/// How fast a table is cut into rows, read as numbers and written again, by one thread with nothing else in the way.
///
///     row-cost [ROWS]
///
/// For short numbers (as flowers have) and long ones (as models answer), MB of text a second of CPU: cut into batches
/// alone; cut and read; read as one body, as `/v1/infer` does; and the answer's writing.
@main
enum RowCost {
    private static let batchRows = 1000
    private static let columns = 4

    static func main() {
        let rows = CommandLine.arguments.dropFirst().compactMap { Int($0) }.first ?? 400_000
        print("numbers  format  MB  cut MB/s  cut and read MB/s  whole body MB/s  write MB/s")
        for (name, make) in [("short", short), ("long", long)] {
            for isCSV in [true, false] {
                do {
                    try measure(name, isCSV: isCSV, text: text(rows: rows, isCSV: isCSV, make))
                } catch {
                    print("\(name): \(error)")
                    exit(1)
                }
            }
        }
    }

    private static func measure(_ name: String, isCSV: Bool, text: [UInt8]) throws {
        let signature = ModelSignature(
            inputs: [TensorSpec(name: "x", dataType: .fp32, shape: [-1, columns])], outputs: [], batching: .concat)
        let format = isCSV ? RowFormat.csv(CSVDialect(hasHeader: false)) : .lines
        var inputs: [Tensor] = []
        let cut = try rate(text.count) { _ = try read(text, format, signature, decodes: false) }
        let reading = try rate(text.count) { inputs = try read(text, format, signature, decodes: true) }
        // What has come is in memory before it is read, here as for simdjson.
        let document = isCSV ? text : [UInt8(ascii: "[")] + text.dropLast().map { $0 == 0x0A ? 0x2C : $0 } + [0x5D]
        let body = RequestBody(document.withUnsafeBytes { TensorStorage.copy(of: $0) })
        let whole = try rate(text.count) {
            _ = try CodecRegistry().decode(
                body, facts: .init(contentType: isCSV ? "text/csv; header=absent" : "application/json"),
                signature: signature)
        }
        var written = 0
        var decoded = DecodedRows()
        let encoder = RowEncoder(format, showsFaults: false)
        let begin = now()
        for (index, tensor) in inputs.enumerated() {
            let count = tensor.shape[0]
            decoded.count = count
            let first = index * batchRows + 1
            let rows = try encoder.encode(
                [tensor], specs: [], rows: first..<(first + count), decoded: decoded, isWhole: false)
            written += rows.byteCount
        }
        let write = Double(written) * 1000 / Double(now() - begin)
        let figures = [Double(text.count) / 1e6, cut, reading, whole, write].map { Int($0) }
        print(([name, isCSV ? "CSV" : "NDJSON"] + figures.map(String.init)).joined(separator: "  "))
    }

    /// MB a second, the best of three times.
    private static func rate(_ bytes: Int, _ work: () throws -> Void) rethrows -> Double {
        var best = UInt64.max
        for _ in 0..<3 {
            let begin = now()
            try work()
            best = min(best, now() - begin)
        }
        return Double(bytes) * 1000 / Double(best)
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Takes the text as a connection brings it, in pieces of 64 KiB.
    private static func read(
        _ text: [UInt8], _ format: RowFormat, _ signature: ModelSignature, decodes: Bool
    ) throws -> [Tensor] {
        var collector = RowCollector(
            format, limits: .init(rows: batchRows, bytes: 1 << 20, rowBytes: 1 << 20), offset: 0,
            signature: signature)
        var reader = RowReader.lines
        var inputs: [Tensor] = []
        func take(_ batch: RowBatch) throws {
            guard decodes else { return }
            inputs += try reader.decode(batch, 0..<batch.count, signature: signature, skipsFaults: false).inputs
        }
        func take(_ event: RowCollector.Event) throws {
            switch event {
            case .batch(let batch): try take(batch)
            case .firstRow:
                reader = .csv(try CSVRowReader(collector.firstRow, signature: signature))
                if let batch = collector.settle(firstRowIsHeader: false) { try take(batch) }
            }
        }
        var start = 0
        while start < text.count {
            let end = min(start + (64 << 10), text.count)
            while start < end {
                let outcome = text.withUnsafeBytes { bytes in
                    Result { try collector.take(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) }
                }
                let (taken, event) = try outcome.get()
                start += taken
                if let event { try take(event) }
            }
        }
        while let event = try collector.finish() { try take(event) }
        return inputs
    }

    // MARK: Texts

    private static func text(
        rows: Int, isCSV: Bool, _ make: (inout UInt64) -> String
    ) -> [UInt8] {
        var state: UInt64 = 7
        var text: [UInt8] = []
        for _ in 0..<rows {
            let row = (0..<columns).map { _ in make(&state) }.joined(separator: ",")
            text += (isCSV ? row : "[\(row)]").utf8
            text.append(UInt8(ascii: "\n"))
        }
        return text
    }

    private static func next(_ state: inout UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }

    private static func short(_ state: inout UInt64) -> String {
        let tenths = next(&state) % 80
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func long(_ state: inout UInt64) -> String {
        String(Float(Double(next(&state) % 1_000_000_007) / 500_000_003 - 1))
    }
}
