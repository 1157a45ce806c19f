/// How one kind of value is written and read.
struct ValueType<Value>: Sendable {
    /// The kind with its article, as in `max_body must be …`.
    let name: String
    /// One value as users write it.
    let example: String
    /// The same for schemas.
    let form: ValueForm
    /// Reads a node; `what` is how messages call it. `nil` where it is none, which is reported.
    let read: @Sendable (_ node: YAMLNode, _ what: String, _ reading: Reading) -> Value?

    init(
        _ name: String, example: String, form: ValueForm = .text,
        read: @escaping @Sendable (_ node: YAMLNode, _ what: String, _ reading: Reading) -> Value?
    ) {
        self.name = name
        self.example = example
        self.form = form
        self.read = read
    }
}

/// A value and where it stands.
struct Placed<Value> {
    var value: Value
    var span: SourceSpan
}

extension Placed: Sendable where Value: Sendable {}

extension ValueType {
    /// The same kind, with the place.
    var placed: ValueType<Placed<Value>> {
        ValueType<Placed<Value>>(name, example: example, form: form) { node, what, reading in
            read(node, what, reading).map { Placed(value: $0, span: node.span) }
        }
    }

    /// A list of at least one value.
    func list(atMost maximum: Int = Bounds.items) -> ValueType<[Value]> {
        ValueType<[Value]>("a list", example: "[\(example)]", form: .list(form, atMost: maximum)) {
            node, what, reading in
            guard case .list(let items) = node.content else {
                let advice: String? =
                    if case .scalar(let scalar) = node.content, !scalar.isNull {
                        "write [\(scalar.text)]"
                    } else {
                        nil
                    }
                reading.error("\(what) must be a list, not \(node.kind)", at: node.span, advice)
                return nil
            }
            guard !items.isEmpty else {
                reading.error("\(what) is an empty list", at: node.span, "leave it out, or name at least one")
                return nil
            }
            guard items.count <= maximum else {
                reading.error("\(what) has \(items.count) items; at most \(maximum) are allowed", at: node.span)
                return nil
            }
            let values = items.map { read($0, what, reading) }
            let good = values.compactMap { $0 }
            return good.count == values.count ? good : nil
        }
    }

    /// A list of at least one value, or just one value.
    func oneOrList(atMost maximum: Int = Bounds.items) -> ValueType<[Value]> {
        let form = ValueForm.either([form, .list(form, atMost: maximum)])
        return ValueType<[Value]>("\(name) or a list", example: "[\(example)]", form: form) { node, what, reading in
            if case .list = node.content { return list(atMost: maximum).read(node, what, reading) }
            return read(node, what, reading).map { [$0] }
        }
    }
}

extension ValueType where Value == YAMLNode {
    /// A mapping that has a block of its own.
    static var mapping: Self {
        Self("a mapping", example: "{ … }", form: .block) { node, _, _ in node }
    }

    /// One of several forms, which the block's reader tells apart.
    static func form(_ name: String, example: String, _ forms: ValueForm...) -> Self {
        Self(name, example: example, form: .either(forms)) { node, _, _ in node }
    }
}

extension ValueType where Value == [YAMLNode] {
    /// A list whose items are mappings with a block of their own.
    static func mappings(atMost maximum: Int = Bounds.items) -> Self {
        ValueType<YAMLNode>.mapping.list(atMost: maximum)
    }
}

/// One entry of a mapping whose keys are names that the user chose.
struct NamedNode: Sendable {
    var name: String
    var span: SourceSpan
    var node: YAMLNode
}

extension ValueType where Value == [NamedNode] {
    /// A mapping from names to mappings, e.g. `models`.
    ///
    /// - Parameters:
    ///   - thing: What is named, e.g. `model`.
    ///   - maximum: How many there may be.
    ///   - names: Which names are possible.
    ///   - items: What they stand for.
    static func named(
        _ thing: String, atMost maximum: Int, names: NameRule = .plain, items: ValueForm = .block
    ) -> Self {
        Self("a mapping of names", example: "{ NAME: { … } }", form: .names(items, atMost: maximum)) {
            node, what, reading in
            guard case .mapping(let entries) = node.content else {
                reading.error("\(what) must be a mapping from names, not \(node.kind)", at: node.span)
                return nil
            }
            guard entries.count <= maximum else {
                reading.error("\(what) has \(entries.count) entries; at most \(maximum) are allowed", at: node.span)
                return nil
            }
            for entry in entries { names.check(entry.key, of: thing, at: entry.keySpan, reading) }
            return entries.map { NamedNode(name: $0.key, span: $0.keySpan, node: $0.value) }
        }
    }
}
