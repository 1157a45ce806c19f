internal import CSQLite
internal import Glibc
internal import Policies

/// One open SQLite file. Not for several threads at once.
///
/// Counts stand in one of two tables: in `counts` as they are, in `sealed` encrypted, under names that say nothing.
struct SQLiteDatabase: ~Copyable {
    /// One row of counts.
    struct Row {
        var key: String
        var until: UInt64
        var used: UInt64
    }

    /// What tells our files from others': "slqc".
    private static let applicationID: Int32 = 0x736C_7163
    /// The layout of a file with `counts` alone, and of one with both tables.
    private static let (plainLayout, layout): (Int32, Int32) = (1, 2)

    private let handle: OpaquePointer
    private let statements: [Form: Statements]
    /// What counts are encrypted with; `nil` for nothing.
    private var sealing: SealingKeys?

    private enum Form {
        case plain
        case sealed
    }

    private struct Statements {
        let upsert: OpaquePointer
        let remove: OpaquePointer
    }

    private init(handle: OpaquePointer, statements: [Form: Statements], sealing: SealingKeys?) {
        self.handle = handle
        self.statements = statements
        self.sealing = sealing
    }

    /// Opens the file, makes it where there is none, and makes sure that nobody else has it.
    ///
    /// - Parameters:
    ///   - sealing: what counts are encrypted with from now on; those that aren't are written anew.
    ///   - rows: gets every row.
    static func open(
        _ path: String, sealing: SealingKeys?, rows: inout [Row]
    ) throws(StoreFailure) -> SQLiteDatabase {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE
        guard sqlite3_open_v2(path, &opened, flags, nil) == SQLITE_OK, let handle = opened else {
            defer { sqlite3_close(opened) }
            throw StoreFailure("\(path) can't be opened: \(message(of: opened))")
        }
        let statements: [Form: Statements]
        do throws(StoreFailure) {
            // Who may read it is who may read the gateway's files.
            chmod(path, 0o600)
            sqlite3_busy_timeout(handle, 1_000)
            // One process only: two would each write what the other doesn't know. WAL and NORMAL: a crash of the process
            // loses nothing that was committed, a power cut the last moments, and neither damages the file.
            for statement in [
                "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL",
                // The disk is waited for when the store says so, and not in the middle of counting.
                "PRAGMA wal_autocheckpoint = 0",
                // What is removed, as when counts are encrypted that weren't, is gone from the file.
                "PRAGMA secure_delete = ON",
            ] { try run(statement, handle, path) }
            try prepareLayout(handle, path)
            statements = [
                .plain: Statements(
                    upsert: try prepare(
                        """
                        INSERT INTO counts (key, until, used) VALUES (?1, ?2, ?3)
                        ON CONFLICT (key) DO UPDATE SET until = excluded.until, used = excluded.used
                        """, handle, path), remove: try prepare("DELETE FROM counts WHERE key = ?1", handle, path)),
                .sealed: Statements(
                    upsert: try prepare(
                        """
                        INSERT INTO sealed (name, box) VALUES (?1, ?2)
                        ON CONFLICT (name) DO UPDATE SET box = excluded.box
                        """, handle, path), remove: try prepare("DELETE FROM sealed WHERE name = ?1", handle, path)),
            ]
        } catch {
            sqlite3_close(handle)
            throw error
        }
        let database = SQLiteDatabase(handle: handle, statements: statements, sealing: sealing)
        let isAsWanted: Bool
        (rows, isAsWanted) = try database.rows(path)
        if !isAsWanted { try database.replace(rows) }
        try tidy(handle, path)
        return database
    }

    deinit {
        for statement in statements.values.flatMap({ [$0.upsert, $0.remove] }) { sqlite3_finalize(statement) }
        sqlite3_close(handle)
    }

    private static func prepareLayout(_ handle: OpaquePointer, _ path: String) throws(StoreFailure) {
        let (application, layout) = (
            try number("PRAGMA application_id", handle, path), try number("PRAGMA user_version", handle, path)
        )
        let sealed = "CREATE TABLE sealed (name BLOB PRIMARY KEY, box BLOB NOT NULL) WITHOUT ROWID;"
        if application == 0, layout == 0, try number("SELECT count(*) FROM sqlite_master", handle, path) == 0 {
            try run(
                """
                BEGIN IMMEDIATE;
                CREATE TABLE counts (key TEXT PRIMARY KEY, until INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
                \(sealed)
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(Self.layout);
                COMMIT;
                """, handle, path)
            return
        }
        guard application == applicationID else { throw StoreFailure("\(path) is a database of another program") }
        guard layout == Self.layout || layout == plainLayout else {
            throw StoreFailure("\(path) was written by another version of Sluice (layout \(layout))")
        }
        // Takes the lock, too: reading alone would leave it to the first write to find out that somebody has the file.
        try run("BEGIN IMMEDIATE; COMMIT;", handle, path)
        let check = try text("PRAGMA quick_check(1)", handle, path)
        guard check == "ok" else { throw StoreFailure("\(path) is damaged: \(check)") }
        if layout == plainLayout {
            try run("BEGIN IMMEDIATE; \(sealed) PRAGMA user_version = \(Self.layout); COMMIT;", handle, path)
        }
    }

    /// Moves what has been written from the log into the file. Waits for the disk, which takes as long as it takes.
    func tidy() throws(StoreFailure) { try Self.tidy(handle, "") }

    private static func tidy(_ handle: OpaquePointer, _ path: String) throws(StoreFailure) {
        // The first write to a log that begins anew waits for the disk, too: it is made here, by a value that is as it was.
        try run("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA user_version = \(layout);", handle, path)
    }

    // MARK: Counts

    private var form: Form { sealing?.seals == true ? .sealed : .plain }

    /// Every row, in no order, and whether all of them stand as they would be written now.
    private func rows(_ path: String) throws(StoreFailure) -> ([Row], isAsWanted: Bool) {
        var rows: [Row] = []
        let plain = try Self.prepare("SELECT key, until, used FROM counts", handle, path)
        defer { sqlite3_finalize(plain) }
        while sqlite3_step(plain) == SQLITE_ROW {
            guard let key = sqlite3_column_text(plain, 0) else { continue }
            rows.append(
                Row(
                    key: String(cString: key), until: UInt64(clamping: sqlite3_column_int64(plain, 1)),
                    used: UInt64(clamping: sqlite3_column_int64(plain, 2))))
        }
        var isAsWanted = rows.isEmpty || form == .plain
        let sealed = try Self.prepare("SELECT box FROM sealed", handle, path)
        defer { sqlite3_finalize(sealed) }
        while sqlite3_step(sealed) == SQLITE_ROW {
            let bytes = UnsafeRawBufferPointer(
                start: sqlite3_column_blob(sealed, 0), count: Int(sqlite3_column_bytes(sealed, 0)))
            guard let box = SealedBox(Array(bytes)) else { throw StoreFailure("\(path) is damaged: a count is none") }
            guard let sealing else {
                throw StoreFailure("\(path) is encrypted with key \"\(box.key)\", and the file has no encryption")
            }
            let plain: [UInt8]
            do throws(SealingFailure) {
                plain = try sealing.open(box, as: .quota)
            } catch {
                throw StoreFailure("\(path) \(error)")
            }
            guard let row = Row(sealed: plain) else { throw StoreFailure("\(path) is damaged: a count is none") }
            rows.append(row)
            if !sealing.isCurrent(box) { isAsWanted = false }
        }
        return (rows, isAsWanted)
    }

    /// Encrypts from now on in another way, the rows that there are included.
    mutating func become(_ sealing: SealingKeys?, rows: [Row]) throws(StoreFailure) {
        let before = self.sealing
        self.sealing = sealing
        do throws(StoreFailure) {
            try replace(rows)
        } catch {
            self.sealing = before
            throw error
        }
    }

    /// Writes all rows anew, and nothing else is left.
    private func replace(_ rows: [Row]) throws(StoreFailure) {
        try transact { () throws(StoreFailure) in
            try Self.run("DELETE FROM counts; DELETE FROM sealed;", handle, "")
            for row in rows { try write(row) }
        }
    }

    /// Writes all of it, or nothing.
    func write(_ rows: [Row], removing keys: [String]) throws(StoreFailure) {
        try transact { () throws(StoreFailure) in
            for row in rows { try write(row) }
            for key in keys { try remove(key) }
        }
    }

    private func transact(_ work: () throws(StoreFailure) -> Void) throws(StoreFailure) {
        try Self.run("BEGIN IMMEDIATE", handle, "")
        do throws(StoreFailure) {
            try work()
            try Self.run("COMMIT", handle, "")
        } catch {
            sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
            throw error
        }
    }

    private func write(_ row: Row) throws(StoreFailure) {
        guard let statement = statements[form]?.upsert else { return }
        if let sealing, form == .sealed {
            do throws(SealingFailure) {
                bind(sealing.name(of: row.key), at: 1, of: statement)
                bind(try sealing.seal(row.sealable, as: .quota), at: 2, of: statement)
            } catch {
                throw StoreFailure("a count \(error)")
            }
        } else {
            bind(row.key, to: statement)
            sqlite3_bind_int64(statement, 2, Int64(clamping: row.until))
            sqlite3_bind_int64(statement, 3, Int64(clamping: row.used))
        }
        try step(statement)
    }

    private func remove(_ key: String) throws(StoreFailure) {
        guard let statement = statements[form]?.remove else { return }
        if let sealing, form == .sealed {
            bind(sealing.name(of: key), at: 1, of: statement)
        } else {
            bind(key, to: statement)
        }
        try step(statement)
    }

    // SQLite's own copy: what is bound lives no longer than the call.
    private static var copies: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    private func bind(_ bytes: [UInt8], at place: Int32, of statement: OpaquePointer) {
        _ = bytes.withUnsafeBytes {
            sqlite3_bind_blob(statement, place, $0.baseAddress, Int32($0.count), Self.copies)
        }
    }

    private func bind(_ key: String, to statement: OpaquePointer) {
        var key = key
        key.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(statement, 1, characters.baseAddress, Int32(characters.count), Self.copies)
            }
        }
    }

    private func step(_ statement: OpaquePointer) throws(StoreFailure) {
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        guard sqlite3_step(statement) == SQLITE_DONE else { throw StoreFailure(Self.message(of: handle)) }
    }

    // MARK: Statements

    private static func run(_ statements: String, _ handle: OpaquePointer, _ path: String) throws(StoreFailure) {
        guard sqlite3_exec(handle, statements, nil, nil, nil) == SQLITE_OK else { throw failure(handle, path) }
    }

    private static func prepare(
        _ text: String, _ handle: OpaquePointer, _ path: String
    ) throws(StoreFailure) -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement
        else { throw failure(handle, path) }
        return statement
    }

    private static func number(
        _ query: String, _ handle: OpaquePointer, _ path: String
    ) throws(StoreFailure) -> Int32 {
        let statement = try prepare(query, handle, path)
        defer { sqlite3_finalize(statement) }
        guard sqlite3_step(statement) == SQLITE_ROW else { throw failure(handle, path) }
        return sqlite3_column_int(statement, 0)
    }

    private static func text(
        _ query: String, _ handle: OpaquePointer, _ path: String
    ) throws(StoreFailure) -> String {
        let statement = try prepare(query, handle, path)
        defer { sqlite3_finalize(statement) }
        guard sqlite3_step(statement) == SQLITE_ROW, let text = sqlite3_column_text(statement, 0) else {
            throw failure(handle, path)
        }
        return String(cString: text)
    }

    private static func failure(_ handle: OpaquePointer, _ path: String) -> StoreFailure {
        let code = sqlite3_errcode(handle)
        if code == SQLITE_BUSY || code == SQLITE_LOCKED {
            return StoreFailure("\(path) is in use by another process: a store of kind sqlite is for one gateway")
        }
        return StoreFailure("\(path)\(path.isEmpty ? "" : ": ")\(message(of: handle))")
    }

    private static func message(of handle: OpaquePointer?) -> String {
        handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "no memory"
    }
}

extension SQLiteDatabase.Row {
    /// `until` and `used`, little-endian, and the key.
    var sealable: [UInt8] {
        var bytes: [UInt8] = []
        for number in [until, used] {
            for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        return bytes + key.utf8
    }

    /// `nil` where the bytes are no row.
    init?(sealed bytes: [UInt8]) {
        guard bytes.count > 16 else { return nil }
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(
            key: String(decoding: bytes[16...], as: UTF8.self), until: number(bytes[..<8]), used: number(bytes[8..<16]))
    }
}
