/// Where each element of a row-major tensor lies in the array's file, one after the other.
struct ArrayOrder {
    private let shape: [Int]
    /// Elements between neighbours along each axis; empty where the file is row-major already.
    private let strides: [Int]
    private var place: [Int]
    private var position = 0

    init(shape: [Int], isFortranOrder: Bool) {
        self.shape = shape
        var strides: [Int] = []
        if isFortranOrder {
            var stride = 1
            for dimension in shape {
                strides.append(stride)
                stride *= dimension
            }
        }
        self.strides = strides
        place = Array(repeating: 0, count: strides.count)
    }

    /// The next element's number in the file. To be called once for each element.
    mutating func next() -> Int {
        defer { advance() }
        return position
    }

    private mutating func advance() {
        guard !strides.isEmpty else {
            position += 1
            return
        }
        for axis in shape.indices.reversed() {
            place[axis] += 1
            position += strides[axis]
            if place[axis] < shape[axis] { return }
            position -= place[axis] * strides[axis]
            place[axis] = 0
        }
    }
}
