/// One model: a plugin and that model's own configuration, or the models that it is made of.
package struct ModelConfiguration: Sendable, Equatable {
    package var name: String
    /// Name of an entry of `plugins`; empty for a model that is made of others.
    package var plugin: String
    /// What it is made of, where no plugin runs it.
    package var pipeline: PipelineConfiguration?
    package var version: String = "1"
    /// The `config:` block, a mapping, handed to the plugin as it is.
    package var config: ConfigurationValue
    /// Copies of the model, each with its own `concurrency`.
    package var instances: Int = 1
    /// Simultaneous calls into each copy; `nil` takes what the model declares.
    package var concurrency: Int?
    /// Requests that may wait for a free call.
    package var queue: Int = 256
    /// Longest time for one attempt, waiting included.
    package var timeout: Duration?
    /// Where its plugin runs; `nil` is as the plugin's entry says.
    package var isolation: Isolation?
    /// Column names along the last axis of an input, by input name, in order.
    package var columns: [String: [String]] = [:]
    /// What its inputs may be, by name, in the order of the file.
    package var inputLimits: [NamedLimits] = []
    /// Inputs that are made of pictures, film or sound, in the order of the file.
    package var media: [MediaConfiguration] = []
    /// Whose files requests may name by URL; `nil` is nobody's.
    package var references: ReferenceConfiguration?
    /// What the file adds to its outputs, in the order of the file.
    package var outputs: [OutputConfiguration] = []
    /// How its requests are scheduled.
    package var scheduling = SchedulingConfiguration()
    /// How inputs of different sizes are made to fit into one call; `nil` where they aren't.
    package var padding: PaddingConfiguration?
    /// How answers are kept for equal requests; `nil` where they aren't.
    package var cache: CacheConfiguration?
    /// When it is left alone because it keeps failing; `nil` is never.
    package var breaker: BreakerConfiguration?
    /// The absolute path of the file that keeps what it learns; `nil` where that lasts as long as the gateway.
    package var state: String?
    /// How text becomes its inputs; `nil` where it takes none, or as it is.
    package var tokenizer: TokenizerConfiguration?
    /// What a request to it costs, for quotas that count that; `nil` is 1.
    package var cost: CostExpression?
    package var costLocation: SourceLocation?
    /// Names of entries of `limits` that all its requests share.
    package var limits: [String] = []
    /// What it must answer before it takes requests.
    package var selfTests: [SelfTest] = []
    package var location: SourceLocation

    /// The limits of one input.
    package struct NamedLimits: Sendable, Equatable {
        package var input: String
        package var limits: InputLimits

        package init(input: String, limits: InputLimits) {
            self.input = input
            self.limits = limits
        }
    }

    /// One request of a model's self-test.
    package struct SelfTest: Sendable, Equatable {
        /// A mapping from names to nested lists, as JSON has inputs.
        package var inputs: ConfigurationValue
        /// A mapping from names of outputs; `nil` is content with any answer.
        package var expected: ConfigurationValue?
        package var tolerance = 0.0001

        package init(inputs: ConfigurationValue) {
            self.inputs = inputs
        }
    }

    package init(name: String, plugin: String, config: ConfigurationValue, location: SourceLocation) {
        self.name = name
        self.plugin = plugin
        self.config = config
        self.location = location
    }
}
