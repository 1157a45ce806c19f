/// What one request to a model costs: arithmetic over what is known of the request, compiled once.
///
///     1 + elements / 1000 + max(tokens, 10) * 0.02
///
/// Each evaluation takes as many steps as the text has operations, at most `CostExpression.operations`, and no memory.
package struct CostExpression: Sendable, Equatable {
    /// One step of a stack machine.
    enum Step: Sendable, Equatable {
        case number(Double)
        case fact(QuotaFact)
        case add, subtract, multiply, divide, negate
        case minimum, maximum, roundUp, roundDown
    }

    /// Characters of the text.
    static let length = 500
    /// Numbers, names and operations.
    static let operations = 64
    /// Values that wait for their operation; brackets within brackets.
    static let depth = 16
    /// The most that one request can cost.
    package static let most = 1e12

    /// As gateway.yaml has it.
    package let text: String
    /// The facts that the cost depends on.
    package let facts: Set<QuotaFact>
    private let steps: [Step]

    init(text: String, steps: [Step]) {
        self.text = text
        self.steps = steps
        facts = Set(steps.compactMap { if case .fact(let fact) = $0 { fact } else { nil } })
    }

    /// The cost of a request with these facts: from 0 to `most`. What is divided by nothing counts as 0.
    package func evaluate(_ facts: QuotaFacts) -> Double {
        let cost = raw { facts[$0] }
        return cost > 0 ? min(cost, Self.most) : 0
    }

    /// The value as it comes out; never NaN.
    func raw(_ value: (QuotaFact) -> Double) -> Double {
        // Two more than may wait: an operation has its operands and no more.
        var stack = InlineArray<18, Double>(repeating: 0)
        var top = 0
        func push(_ number: Double) {
            stack[top] = number.isNaN ? 0 : number
            top += 1
        }
        func pop() -> Double {
            top -= 1
            return stack[top]
        }
        func combine(_ body: (Double, Double) -> Double) {
            let right = pop()
            push(body(pop(), right))
        }
        for step in steps {
            switch step {
            case .number(let number): push(number)
            case .fact(let fact): push(value(fact))
            case .add: combine(+)
            case .subtract: combine(-)
            case .multiply: combine(*)
            case .divide: combine { $1 == 0 ? 0 : $0 / $1 }
            case .minimum: combine { Swift.min($0, $1) }
            case .maximum: combine { Swift.max($0, $1) }
            case .negate: push(-pop())
            case .roundUp: push(pop().rounded(.up))
            case .roundDown: push(pop().rounded(.down))
            }
        }
        return pop()
    }
}
