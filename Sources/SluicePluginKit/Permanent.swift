/// Memory that is never freed unless somebody takes that upon himself.
enum Permanent {
    static func array<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
        memory.initialize(from: values, count: values.count)
        return memory
    }

    static func text(_ string: String) -> UnsafePointer<CChar> {
        UnsafePointer(array(Array(string.utf8CString)))
    }
}
