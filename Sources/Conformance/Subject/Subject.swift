package import Configuration
package import Tensors

/// The plugin under test and what its author says of it.
package struct Subject: Sendable {
    /// Where the plugin's code runs when the gateway serves it.
    package enum Isolation: String, Sendable, CaseIterable {
        case inProcess = "in-process"
        case process
        case both
    }

    /// Absolute path of the shared object.
    package var path: String
    /// Absolute folder from which relative paths in the configuration start.
    package var folder: String
    /// The model's `config:` block; `nil` where none was given.
    package var configuration: ConfigurationValue?
    /// Inputs that the model accepts, read by its declaration; `nil` where they are to be made up.
    package var inputs: (@Sendable (ModelSignature) throws -> [Tensor])?
    /// A body that the codec accepts, with its media type.
    package var body: Body?
    /// Parameters of every request.
    package var parameters: [Envelope.Parameter]
    /// How long an answer, and any other function of the plugin, may take; nanoseconds.
    package var patience: UInt64
    /// How soon a request must be answered once it is cancelled or late; nanoseconds.
    package var stopsWithin: UInt64
    package var isolation: Isolation
    package var fuzz: Fuzz?

    package struct Body: Sendable {
        package var bytes: [UInt8]
        package var mediaType: String

        package init(bytes: [UInt8], mediaType: String) {
            self.bytes = bytes
            self.mediaType = mediaType
        }
    }

    /// Random requests: so many, or for so long.
    package struct Fuzz: Sendable, Equatable {
        package var cases: Int
        package var nanoseconds: UInt64
        package var seed: UInt64
        /// The first case to be sent; an earlier run's report names it.
        package var first: Int

        package init(cases: Int, nanoseconds: UInt64, seed: UInt64, first: Int = 0) {
            self.cases = cases
            self.nanoseconds = nanoseconds
            self.seed = seed
            self.first = first
        }
    }

    package init(
        path: String, folder: String, configuration: ConfigurationValue? = nil,
        inputs: (@Sendable (ModelSignature) throws -> [Tensor])? = nil, body: Body? = nil,
        parameters: [Envelope.Parameter] = [], patience: UInt64 = 10_000_000_000, stopsWithin: UInt64 = 1_000_000_000,
        isolation: Isolation = .inProcess, fuzz: Fuzz? = nil
    ) {
        self.path = path
        self.folder = folder
        self.configuration = configuration
        self.inputs = inputs
        self.body = body
        self.parameters = parameters
        self.patience = patience
        self.stopsWithin = stopsWithin
        self.isolation = isolation
        self.fuzz = fuzz
    }
}
