/// Who may look into the gateway and change it while it runs.
package struct AdminConfiguration: Sendable, Equatable {
    package var keys: [ConsumerConfiguration.Key]

    package init(keys: [ConsumerConfiguration.Key]) {
        self.keys = keys
    }
}
