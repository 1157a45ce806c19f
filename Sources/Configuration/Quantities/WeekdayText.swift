/// Days of the week as users write them: `mon`, or `mon-fri`.
enum WeekdayText {
    static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// The days meant, from Monday, 0, to Sunday, 6; `nil` where the text is none. `fri-mon` goes over the weekend.
    static func parse(_ text: String) -> [Int]? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { names.firstIndex(of: String($0)) }
        switch ends.count {
        case 1: return ends[0].map { [$0] }
        case 2:
            guard let first = ends[0], let last = ends[1], first != last else { return nil }
            let count = (last - first + 7) % 7
            return (0...count).map { (first + $0) % 7 }
        default: return nil
        }
    }

    /// The days in the order of the week.
    static func texts(_ days: Set<Int>) -> [String] { days.sorted().map { names[$0] } }
}
