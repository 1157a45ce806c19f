internal import Tensors

extension JSONScanner {
    /// What takes the next value where that is a file or several; `nil` where it is numbers or texts.
    ///
    /// - Parameter names: of the inputs that may be files.
    func files(of input: String, among names: [String]) throws(SluiceError) -> FileCollector? {
        guard names.contains(input) else { return nil }
        var ahead = self
        while try ahead.peek() == .array {
            try ahead.beginArray()
            guard try ahead.nextElement(first: true) else { return nil }
        }
        let kind = try ahead.peek()
        return kind == .string || kind == .object ? FileCollector() : nil
    }
}
