internal import NIOConcurrencyHelpers

/// Room for so many files at once: those that are being fetched, and those that wait for whoever reads them.
package final class FetchPlaces: Sendable {
    private let free: NIOLockedValueBox<Int>

    init(_ count: Int) {
        free = NIOLockedValueBox(count)
    }

    /// `nil` where all are taken.
    func take() -> Place? {
        let isThere = free.withLockedValue { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
        return isThere ? Place(self) : nil
    }

    /// One of them, free again when it is left or when nobody has it any more.
    package final class Place: Sendable {
        private let places: NIOLockedValueBox<FetchPlaces?>

        fileprivate init(_ places: FetchPlaces) {
            self.places = NIOLockedValueBox(places)
        }

        deinit { leave() }

        package func leave() {
            let left = places.withLockedValue { places in
                defer { places = nil }
                return places
            }
            left?.free.withLockedValue { $0 += 1 }
        }
    }
}
