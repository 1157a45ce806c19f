internal import CSQLite
internal import Glibc

/// One open SQLite file. Not for several threads at once.
struct SQLiteDatabase: ~Copyable {
    /// One row of counts.
    struct Row {
        var key: String
        var until: UInt64
        var used: UInt64
    }

    /// What tells our files from others': "slqc".
    private static let applicationID: Int32 = 0x736C_7163
    /// The layout of the tables below.
    private static let layout: Int32 = 1

    private let handle: OpaquePointer
    private let upsert: OpaquePointer
    private let remove: OpaquePointer

    private init(handle: OpaquePointer, upsert: OpaquePointer, remove: OpaquePointer) {
        self.handle = handle
        self.upsert = upsert
        self.remove = remove
    }

    /// Opens the file, makes it where there is none, and makes sure that nobody else has it.
    static func open(_ path: String) throws(StoreFailure) -> SQLiteDatabase {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE
        guard sqlite3_open_v2(path, &opened, flags, nil) == SQLITE_OK, let handle = opened else {
            defer { sqlite3_close(opened) }
            throw StoreFailure("\(path) can't be opened: \(message(of: opened))")
        }
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
            ] { try run(statement, handle, path) }
            try prepareLayout(handle, path)
            try tidy(handle, path)
            let upsert = try prepare(
                """
                INSERT INTO counts (key, until, used) VALUES (?1, ?2, ?3)
                ON CONFLICT (key) DO UPDATE SET until = excluded.until, used = excluded.used
                """, handle, path)
            let remove = try prepare("DELETE FROM counts WHERE key = ?1", handle, path)
            return SQLiteDatabase(handle: handle, upsert: upsert, remove: remove)
        } catch {
            sqlite3_close(handle)
            throw error
        }
    }

    deinit {
        sqlite3_finalize(upsert)
        sqlite3_finalize(remove)
        sqlite3_close(handle)
    }

    private static func prepareLayout(_ handle: OpaquePointer, _ path: String) throws(StoreFailure) {
        let (application, layout) = (
            try number("PRAGMA application_id", handle, path), try number("PRAGMA user_version", handle, path)
        )
        if application == 0, layout == 0, try number("SELECT count(*) FROM sqlite_master", handle, path) == 0 {
            try run(
                """
                BEGIN IMMEDIATE;
                CREATE TABLE counts (key TEXT PRIMARY KEY, until INTEGER NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
                PRAGMA application_id = \(applicationID);
                PRAGMA user_version = \(Self.layout);
                COMMIT;
                """, handle, path)
            return
        }
        guard application == applicationID else { throw StoreFailure("\(path) is a database of another program") }
        guard layout == Self.layout else {
            throw StoreFailure("\(path) was written by another version of Sluice (layout \(layout))")
        }
        // Takes the lock, too: reading alone would leave it to the first write to find out that somebody has the file.
        try run("BEGIN IMMEDIATE; COMMIT;", handle, path)
        let check = try text("PRAGMA quick_check(1)", handle, path)
        guard check == "ok" else { throw StoreFailure("\(path) is damaged: \(check)") }
    }

    /// Moves what has been written from the log into the file. Waits for the disk, which takes as long as it takes.
    func tidy() throws(StoreFailure) { try Self.tidy(handle, "") }

    private static func tidy(_ handle: OpaquePointer, _ path: String) throws(StoreFailure) {
        // The first write to a log that begins anew waits for the disk, too: it is made here, by a value that is as it was.
        try run("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA user_version = \(layout);", handle, path)
    }

    // MARK: Counts

    /// Every row, in no order.
    func rows() throws(StoreFailure) -> [Row] {
        let statement = try Self.prepare("SELECT key, until, used FROM counts", handle, "")
        defer { sqlite3_finalize(statement) }
        var rows: [Row] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            guard let key = sqlite3_column_text(statement, 0) else { continue }
            rows.append(
                Row(
                    key: String(cString: key), until: UInt64(clamping: sqlite3_column_int64(statement, 1)),
                    used: UInt64(clamping: sqlite3_column_int64(statement, 2))))
        }
        return rows
    }

    /// Forgets counts that have ended.
    func removeEnded(before wall: UInt64) throws(StoreFailure) {
        try Self.run("DELETE FROM counts WHERE until <= \(Int64(clamping: wall))", handle, "")
    }

    /// Writes all of it, or nothing.
    func write(_ rows: [Row], removing keys: [String]) throws(StoreFailure) {
        try Self.run("BEGIN IMMEDIATE", handle, "")
        do throws(StoreFailure) {
            for row in rows {
                bind(row.key, to: upsert)
                sqlite3_bind_int64(upsert, 2, Int64(clamping: row.until))
                sqlite3_bind_int64(upsert, 3, Int64(clamping: row.used))
                try step(upsert)
            }
            for key in keys {
                bind(key, to: remove)
                try step(remove)
            }
            try Self.run("COMMIT", handle, "")
        } catch {
            sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
            throw error
        }
    }

    private func bind(_ key: String, to statement: OpaquePointer) {
        // SQLite's own copy: the text lives no longer than this call.
        let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        var key = key
        key.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                _ = sqlite3_bind_text(statement, 1, characters.baseAddress, Int32(characters.count), copies)
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
