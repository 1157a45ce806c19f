/// How a model's answers are kept for equal requests.
package struct CacheConfiguration: Sendable, Equatable {
    /// Bytes of all answers together.
    package var size: Int
    /// How long an answer is good for.
    package var age: Duration

    package init(size: Int, age: Duration) {
        self.size = size
        self.age = age
    }
}
