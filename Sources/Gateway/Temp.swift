internal import Configuration
extension ConfigurationValue {
    var json: String { "{}" }
    var options: [(key: String, value: String)] { [] }
}
