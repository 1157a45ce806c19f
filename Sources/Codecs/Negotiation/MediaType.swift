package import Tensors

/// A media type with its parameters, as `Content-Type` carries it (RFC 9110, 8.3.1).
package struct MediaType: Sendable, Equatable {
    /// One `name=value`; the name in lower case, the value unquoted.
    package struct Parameter: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// In lower case, e.g. `application`.
    package var type: String
    /// In lower case, e.g. `vnd.api+json`.
    package var subtype: String
    package var parameters: [Parameter]

    package init(type: String, subtype: String, parameters: [Parameter] = []) {
        self.type = type
        self.subtype = subtype
        self.parameters = parameters
    }

    /// Reads the value of a `Content-Type` header.
    ///
    /// - Throws: `malformed_request` where it isn't written as RFC 9110 says, names a parameter twice, or is longer than
    ///   `HeaderScanner.maximumLength`.
    package init(contentType: String) throws(SluiceError) {
        var scanner = try HeaderScanner(contentType, header: "Content-Type")
        self = try scanner.mediaType()
        guard scanner.isAtEnd else { throw scanner.unexpected() }
        for (index, parameter) in parameters.enumerated()
        where parameters[..<index].contains(where: { $0.name == parameter.name }) {
            throw SluiceError(.malformedRequest, "Content-Type names its parameter \"\(parameter.name)\" twice")
        }
    }

    /// The value of a parameter; `name` is in lower case.
    package func parameter(_ name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// Type and subtype, e.g. `text/csv`.
    package var essence: String { "\(type)/\(subtype)" }
}
