import Foundation

/// How many cases a fuzzing test tries: `SLUICE_FUZZ_CASES`, or so many that all tests together take little time.
enum FuzzCases {
    static func count(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["SLUICE_FUZZ_CASES"].flatMap { Int($0) } ?? usual
    }
}
