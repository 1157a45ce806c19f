/// Reads a cost expression by recursive descent, and says exactly where it goes wrong.
///
///     sum     = product { ("+" | "-") product }
///     product = sign { ("*" | "/") sign }
///     sign    = "-" sign | value
///     value   = number | fact | function "(" sum { "," sum } ")" | "(" sum ")"
struct CostParser {
    /// What is wrong, and which characters are meant.
    struct Mistake: Error, Equatable {
        var message: String
        /// The first character, from 0.
        var offset: Int
        var length: Int
        var suggestion: String?
    }

    private enum Token: Equatable {
        case number(Double)
        case name(String)
        case sign(Unicode.Scalar)
    }

    private struct Place {
        var token: Token
        var offset: Int
        var length: Int
    }

    private static let functions: [String: (step: CostExpression.Step, arguments: Int)] = [
        "min": (.minimum, 2), "max": (.maximum, 2), "ceil": (.roundUp, 1), "floor": (.roundDown, 1),
    ]

    private let places: [Place]
    private let end: Int
    private var index = 0
    private var steps: [CostExpression.Step] = []
    private var waiting = 0
    private var brackets = 0

    /// Compiles `text`.
    static func parse(_ text: String) throws(Mistake) -> CostExpression {
        let scalars = Array(text.unicodeScalars)
        guard scalars.count <= CostExpression.length else {
            throw Mistake(
                message: "a cost has at most \(CostExpression.length) characters, not \(scalars.count)", offset: 0,
                length: scalars.count, suggestion: nil)
        }
        var parser = CostParser(places: try tokens(of: scalars), end: scalars.count)
        try parser.sum()
        if let rest = parser.next {
            throw parser.mistake(
                "\(quoted(parser.text(of: rest))) is one too many", at: rest,
                rest.token == .sign(")") ? "it closes nothing" : "an operator is missing before it")
        }
        let expression = CostExpression(text: text, steps: parser.steps)
        if expression.facts.isEmpty, expression.raw({ _ in 0 }) <= 0 {
            throw Mistake(
                message: "\(quoted(text)) costs nothing, whatever the request", offset: 0, length: scalars.count,
                suggestion: "leave cost out, or write e.g. \(example)")
        }
        return expression
    }

    static let example = "\"1 + elements / 1000\""

    private init(places: [Place], end: Int) {
        self.places = places
        self.end = end
    }

    // MARK: Tokens

    private static func tokens(of scalars: [Unicode.Scalar]) throws(Mistake) -> [Place] {
        var places: [Place] = []
        var index = 0
        func run(while belongs: (Unicode.Scalar) -> Bool) -> String {
            let start = index
            while index < scalars.count, belongs(scalars[index]) { index += 1 }
            return String(String.UnicodeScalarView(scalars[start..<index]))
        }
        while index < scalars.count {
            let start = index
            let scalar = scalars[index]
            switch scalar {
            case " ", "\t", "\n": index += 1
            case "0"..."9", ".":
                let text = run { ("0"..."9").contains($0) || $0 == "." || $0 == "_" }
                guard let value = Double(text.filter { $0 != "_" }), value <= CostExpression.most,
                    text.first != ".", text.last != ".", text.last != "_"
                else {
                    throw Mistake(
                        message: "\(quoted(text)) is no number", offset: start, length: index - start,
                        suggestion: "numbers are digits with at most one dot between them, up to 1000000000000")
                }
                places.append(Place(token: .number(value), offset: start, length: index - start))
            case "a"..."z", "A"..."Z", "_":
                let text = run { $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_") }
                places.append(Place(token: .name(text), offset: start, length: index - start))
            case "+", "-", "*", "/", "(", ")", ",":
                index += 1
                places.append(Place(token: .sign(scalar), offset: start, length: 1))
            default:
                throw Mistake(
                    message: "\(quoted(String(Character(scalar)))) means nothing in a cost", offset: start, length: 1,
                    suggestion: "there are + - * / ( ) min max ceil floor, numbers and facts")
            }
        }
        return places
    }

    private var next: Place? { index < places.count ? places[index] : nil }

    private mutating func takes(_ sign: Unicode.Scalar) -> Bool {
        guard next?.token == .sign(sign) else { return false }
        index += 1
        return true
    }

    private func text(of place: Place) -> String {
        switch place.token {
        case .number(let value): value == value.rounded() ? String(Int(value)) : String(value)
        case .name(let name): name
        case .sign(let sign): String(Character(sign))
        }
    }

    private func mistake(_ message: String, at place: Place?, _ suggestion: String? = nil) -> Mistake {
        Mistake(
            message: message, offset: place?.offset ?? Swift.max(end - 1, 0), length: place?.length ?? 1,
            suggestion: suggestion)
    }

    // MARK: Rules

    private mutating func emit(_ step: CostExpression.Step, waiting change: Int, at place: Place?) throws(Mistake) {
        guard steps.count < CostExpression.operations else {
            throw mistake("a cost has at most \(CostExpression.operations) numbers, names and operations", at: place)
        }
        steps.append(step)
        waiting += change
        guard waiting <= CostExpression.depth else {
            throw mistake("this cost is nested too deeply", at: place, "write it with fewer brackets")
        }
    }

    private mutating func sum() throws(Mistake) {
        try product()
        while let place = next, place.token == .sign("+") || place.token == .sign("-") {
            index += 1
            try product()
            try emit(place.token == .sign("+") ? .add : .subtract, waiting: -1, at: place)
        }
    }

    private mutating func product() throws(Mistake) {
        try sign()
        while let place = next, place.token == .sign("*") || place.token == .sign("/") {
            index += 1
            let divisor = next
            let before = steps.count
            try sign()
            let divides = place.token == .sign("/")
            if divides, steps.count == before + 1, steps[before] == .number(0) {
                throw mistake("nothing can be divided by 0", at: divisor)
            }
            try emit(divides ? .divide : .multiply, waiting: -1, at: place)
        }
    }

    private mutating func sign() throws(Mistake) {
        var minus: [Place] = []
        while let place = next, takes("-") {
            minus.append(place)
            if minus.count > CostExpression.depth { throw mistake("there are too many signs", at: place) }
        }
        try value()
        for place in minus { try emit(.negate, waiting: 0, at: place) }
    }

    private mutating func value() throws(Mistake) {
        guard let place = next else {
            throw mistake(
                places.isEmpty ? "the cost is empty" : "the cost ends where a number or a fact is missing", at: nil,
                "write e.g. \(Self.example)")
        }
        index += 1
        switch place.token {
        case .number(let number): try emit(.number(number), waiting: 1, at: place)
        case .name(let name): try named(name, at: place)
        case .sign("("):
            try inBrackets(at: place) { parser throws(Mistake) in try parser.sum() }
            guard takes(")") else { throw unclosed(place) }
        case .sign:
            throw mistake("\(quoted(text(of: place))) can't be here", at: place, "a number or a fact is missing")
        }
    }

    private mutating func named(_ name: String, at place: Place) throws(Mistake) {
        if let (step, count) = Self.functions[name] {
            guard takes("(") else { throw mistake("\(name) has no brackets", at: place, "write e.g. \(name)(…)") }
            var arguments = 0
            try inBrackets(at: place) { parser throws(Mistake) in
                repeat {
                    try parser.sum()
                    arguments += 1
                } while parser.takes(",")
            }
            guard takes(")") else { throw unclosed(place) }
            guard arguments == count else {
                throw mistake("\(name) takes \(count) value\(count == 1 ? "" : "s"), not \(arguments)", at: place)
            }
            return try emit(step, waiting: 1 - count, at: place)
        }
        guard let fact = QuotaFact(rawValue: name) else {
            let known = QuotaFact.allCases.map(\.rawValue) + Self.functions.keys.sorted()
            throw mistake(
                "unknown fact \(quoted(name))", at: place,
                Suggestion.text(for: name, in: known, label: "there are"))
        }
        try emit(.fact(fact), waiting: 1, at: place)
    }

    private mutating func inBrackets(
        at place: Place, _ body: (inout CostParser) throws(Mistake) -> Void
    ) throws(Mistake) {
        brackets += 1
        guard brackets <= CostExpression.depth else {
            throw mistake("this cost is nested too deeply", at: place, "write it with fewer brackets")
        }
        try body(&self)
        brackets -= 1
    }

    private func unclosed(_ place: Place) -> Mistake {
        mistake("this bracket is never closed", at: place, "write a ) where it ends")
    }
}
