extension NetworkAddress {
    /// The address as people write it: `192.0.2.1`; `2001:db8::1`, as RFC 5952 has it.
    package var text: String {
        if isIPv4 { return [24, 16, 8, 0].map { "\(bits >> UInt128($0) & 0xFF)" }.joined(separator: ".") }
        let groups = (0..<8).map { Int(truncatingIfNeeded: bits >> UInt128(112 - 16 * $0) & 0xFFFF) }
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(longest.count, 1) { longest = start..<index }
            start = index + 1
        }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        return longest.isEmpty ? text(0..<8) : text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
    }
}
