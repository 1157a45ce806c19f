/// Reads a pattern and lays out its machine, from its end to its start.
struct TextPatternCompiler {
    private typealias ByteSet = TextPattern.ByteSet

    private indirect enum Node {
        case empty
        case set(ByteSet)
        case boundary
        case sequence([Node])
        case either([Node])
        case repeated(Node, least: Int, most: Int?)
    }

    /// Groups within each other.
    private static let deepest = 32
    private static let mostRepeats = 64

    private let bytes: [UInt8]
    private var at = 0
    private var states: [TextPattern.State] = []

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func compile() throws(TextPattern.Mistake) -> ([TextPattern.State], Int) {
        guard !bytes.isEmpty else { throw mistake("a pattern can't be empty") }
        guard bytes.count <= TextPattern.longest else {
            throw mistake("a pattern has at most \(TextPattern.longest) bytes")
        }
        let tree = try alternatives(depth: 0)
        guard at == bytes.count else { throw mistake("this ) closes nothing") }
        guard !Self.mayBeEmpty(tree) else {
            throw TextPattern.Mistake(reason: "it would match nothing at all", place: 0)
        }
        states = [.match]
        let start = try layOut(tree, then: 0)
        return (states, start)
    }

    // MARK: Reading

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private func mistake(_ reason: String) -> TextPattern.Mistake { TextPattern.Mistake(reason: reason, place: at) }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        at += 1
        return true
    }

    private mutating func alternatives(depth: Int) throws(TextPattern.Mistake) -> Node {
        guard depth <= Self.deepest else { throw mistake("groups are too deep within each other") }
        var nodes = [try sequence(depth: depth)]
        while take(UInt8(ascii: "|")) { nodes.append(try sequence(depth: depth)) }
        return nodes.count == 1 ? nodes[0] : .either(nodes)
    }

    private mutating func sequence(depth: Int) throws(TextPattern.Mistake) -> Node {
        var nodes: [Node] = []
        while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            nodes.append(try repetition(of: try atom(depth: depth)))
        }
        return nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func atom(depth: Int) throws(TextPattern.Mistake) -> Node {
        let byte = bytes[at]
        switch byte {
        case UInt8(ascii: "("):
            at += 1
            if next == UInt8(ascii: "?") {
                guard at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: ":") else {
                    throw mistake("of groups with a ? there is only (?:…)")
                }
                at += 2
            }
            let inner = try alternatives(depth: depth + 1)
            guard take(UInt8(ascii: ")")) else { throw mistake("a ) is missing") }
            return inner
        case UInt8(ascii: "["): return .set(try set())
        case UInt8(ascii: "."):
            at += 1
            var newline = ByteSet()
            newline.insert(UInt8(ascii: "\n"))
            return .set(newline.inverted)
        case UInt8(ascii: "\\"):
            if at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "b") {
                at += 2
                return .boundary
            }
            return .set(try escaped())
        case UInt8(ascii: "^"), UInt8(ascii: "$"):
            throw mistake("there are no anchors here but \\b; write \\^ or \\$ for the character")
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            throw mistake("there is nothing to repeat before it")
        default:
            at += 1
            var set = ByteSet()
            set.insert(byte)
            // A character of several bytes is repeated as a whole.
            guard byte >= 0xC0 else { return .set(set) }
            var nodes = [Node.set(set)]
            while let more = next, more & 0xC0 == 0x80 {
                at += 1
                var set = ByteSet()
                set.insert(more)
                nodes.append(.set(set))
            }
            return .sequence(nodes)
        }
    }

    private mutating func repetition(of node: Node) throws(TextPattern.Mistake) -> Node {
        guard let byte = next else { return node }
        let repeated: Node
        switch byte {
        case UInt8(ascii: "*"): repeated = .repeated(node, least: 0, most: nil)
        case UInt8(ascii: "+"): repeated = .repeated(node, least: 1, most: nil)
        case UInt8(ascii: "?"): repeated = .repeated(node, least: 0, most: 1)
        case UInt8(ascii: "{"):
            at += 1
            guard let least = number() else { throw mistake("write e.g. {2} or {2,5}") }
            var most: Int? = least
            if take(UInt8(ascii: ",")) { most = number() }
            guard next == UInt8(ascii: "}") else { throw mistake("write e.g. {2} or {2,5}") }
            guard least <= Self.mostRepeats, most ?? 0 <= Self.mostRepeats, least <= most ?? least, most != 0 else {
                throw mistake("repetitions go from 0 to \(Self.mostRepeats), the smaller number first")
            }
            repeated = .repeated(node, least: least, most: most)
        default: return node
        }
        at += 1
        if let byte = next, [UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{")].contains(byte)
        {
            throw mistake("a repetition can't be repeated, nor be lazy; put it in a group")
        }
        if case .boundary = node { throw mistake("\\b can't be repeated") }
        return repeated
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let byte = next, byte.isDigit, value ?? 0 < 10_000 {
            value = (value ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
            at += 1
        }
        return value
    }

    private mutating func set() throws(TextPattern.Mistake) -> ByteSet {
        at += 1
        let isInverted = take(UInt8(ascii: "^"))
        var set = ByteSet()
        var isFirst = true
        while let byte = next, byte != UInt8(ascii: "]") || isFirst {
            isFirst = false
            if byte == UInt8(ascii: "\\") {
                set.formUnion(try escaped())
                continue
            }
            guard byte < 0x80 else { throw mistake("classes are of ASCII characters; write others as (ä|ö)") }
            at += 1
            var last = byte
            if next == UInt8(ascii: "-"), at + 1 < bytes.count, bytes[at + 1] != UInt8(ascii: "]") {
                at += 1
                last = bytes[at]
                guard last < 0x80, last != UInt8(ascii: "\\"), last >= byte else {
                    throw mistake("this range goes nowhere")
                }
                at += 1
            }
            for byte in byte...last { set.insert(byte) }
        }
        guard take(UInt8(ascii: "]")) else { throw mistake("a ] is missing") }
        return isInverted ? set.inverted : set
    }

    private mutating func escaped() throws(TextPattern.Mistake) -> ByteSet {
        at += 1
        guard let byte = next else { throw mistake("there is nothing after the \\") }
        at += 1
        var set = ByteSet()
        switch byte {
        case UInt8(ascii: "d"), UInt8(ascii: "D"): for byte in UInt8(0)..<128 where byte.isDigit { set.insert(byte) }
        case UInt8(ascii: "w"), UInt8(ascii: "W"): for byte in UInt8(0)...255 where byte.isOfWord { set.insert(byte) }
        case UInt8(ascii: "s"), UInt8(ascii: "S"):
            for byte in [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D] as [UInt8] { set.insert(byte) }
        case UInt8(ascii: "n"): set.insert(0x0A)
        case UInt8(ascii: "t"): set.insert(0x09)
        case UInt8(ascii: "r"): set.insert(0x0D)
        default:
            guard byte < 0x80, !byte.isLetter, !byte.isDigit else {
                at -= 1
                throw mistake("there is no \\ with this character")
            }
            set.insert(byte)
        }
        return [UInt8(ascii: "D"), UInt8(ascii: "W"), UInt8(ascii: "S")].contains(byte) ? set.inverted : set
    }

    private static func mayBeEmpty(_ node: Node) -> Bool {
        switch node {
        case .empty, .boundary: true
        case .set: false
        case .sequence(let nodes): nodes.allSatisfy(mayBeEmpty)
        case .either(let nodes): nodes.contains(where: mayBeEmpty)
        case .repeated(let node, let least, _): least == 0 || mayBeEmpty(node)
        }
    }

    // MARK: Laying out

    private mutating func add(_ state: TextPattern.State) throws(TextPattern.Mistake) -> Int {
        guard states.count < TextPattern.mostStates else {
            throw TextPattern.Mistake(reason: "it is too large once its repetitions are written out", place: 0)
        }
        states.append(state)
        return states.count - 1
    }

    /// The state in which a node begins that goes on to `next`.
    private mutating func layOut(_ node: Node, then next: Int) throws(TextPattern.Mistake) -> Int {
        switch node {
        case .empty: return next
        case .set(let set): return try add(.byte(set, next: next))
        case .boundary: return try add(.boundary(next: next))
        case .sequence(let nodes):
            var next = next
            for node in nodes.reversed() { next = try layOut(node, then: next) }
            return next
        case .either(let nodes):
            var start = try layOut(nodes[nodes.count - 1], then: next)
            for node in nodes.dropLast().reversed() {
                start = try add(.split(try layOut(node, then: next), start))
            }
            return start
        case .repeated(let node, let least, let most):
            var next = next
            if let most {
                let end = next
                for _ in 0..<(most - least) { next = try add(.split(try layOut(node, then: next), end)) }
            } else {
                let loop = try add(.split(0, next))
                states[loop] = .split(try layOut(node, then: loop), next)
                next = loop
            }
            for _ in 0..<least { next = try layOut(node, then: next) }
            return next
        }
    }
}
