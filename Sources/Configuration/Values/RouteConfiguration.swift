/// One rule that sends requests to models.
package struct RouteConfiguration: Sendable, Equatable {
    package struct Target: Sendable, Equatable {
        package var model: String
        /// Relative share; at least 1.
        package var weight: Int
        package var location: SourceLocation

        package init(model: String, weight: Int, location: SourceLocation) {
            self.model = model
            self.weight = weight
            self.location = location
        }
    }

    package struct Rung: Sendable, Equatable {
        package enum Action: Sendable, Equatable {
            /// Ask this model.
            case model(String)
            /// Give what a model answered to an equal request before, if it isn't older than that.
            case stale(Duration)
            /// Give this answer.
            case answer([FixedOutput])
        }

        package var when: Set<FallbackCondition>
        /// Which answers lead here too; `nil` is none.
        package var lowConfidence: LowConfidence?
        package var action: Action
        package var location: SourceLocation
        /// The model that it asks, if it asks one.
        package var model: String? { if case .model(let name) = action { name } else { nil } }

        package init(when: Set<FallbackCondition>, action: Action, location: SourceLocation) {
            self.when = when
            self.action = action
            self.location = location
        }

        package init(when: Set<FallbackCondition>, model: String, location: SourceLocation) {
            self.init(when: when, action: .model(model), location: location)
        }
    }

    /// Answers that their model is too unsure of.
    package struct LowConfidence: Sendable, Equatable {
        /// The output whose largest number says how sure the model is.
        package var output: String
        package var below: Double

        package init(output: String, below: Double) {
            self.output = output
            self.below = below
        }
    }

    /// A model that sees requests too, and whose answers nobody gets.
    package struct Shadow: Sendable, Equatable {
        package var model: String
        package var settings: ShadowConfiguration
        package var location: SourceLocation

        package init(model: String, settings: ShadowConfiguration, location: SourceLocation) {
            self.model = model
            self.settings = settings
            self.location = location
        }
    }

    package enum FallbackCondition: String, Sendable, CaseIterable {
        /// Any answer of 500-599, timeouts and overload included.
        case serverError = "5xx"
        /// The model's own failure: it said so, broke its contract, crashed or isn't there.
        case failed
        /// The attempt's or the model's time ran out.
        case timeout
        /// The model's queue is full or it asks for patience.
        case overloaded
        /// The model's own limits are used up.
        case quota
        /// The model has failed so often that it isn't asked at all.
        case breakerOpen = "breaker_open"
        /// Any failure that isn't the caller's own doing.
        case any
    }

    package var name: String
    /// Pattern of the public model name; `nil` matches every request, those that name no model included.
    package var model: String?
    /// Media types, lower case, `*` for a whole half (`image/*`); empty matches all.
    package var contentTypes: [String]
    /// What else it asks of requests.
    package var conditions = RouteConditions()
    /// How callers prove who they are; the file's `auth` unless the route says otherwise. Empty asks nobody.
    package var identities: IdentityKinds
    /// Whether callers are asked who they are.
    package var requiresKey: Bool { !identities.isEmpty }
    /// At least one.
    package var targets: [Target]
    /// How the second of two targets gets its part; weights don't count then.
    package var canary: CanaryConfiguration?
    /// `nil` where each request is sent by itself.
    package var stickiness: Stickiness?
    package var shadow: Shadow?
    /// Names of entries of `redaction` that look at its texts.
    package var redactions: [String] = []
    package var fallback: [Rung]
    /// When a model is asked once more; `nil` is never.
    package var retry: RetryConfiguration?
    /// When a model is asked a second time while the first try is under way; `nil` is never.
    package var hedge: HedgeConfiguration?
    /// Longest time for the whole request: every attempt and fallback together.
    package var deadline: Duration
    /// Names of entries of `limits` that all its requests share.
    package var limits: [String] = []
    package var location: SourceLocation

    package init(
        name: String, model: String?, contentTypes: [String], identities: IdentityKinds, targets: [Target],
        fallback: [Rung], deadline: Duration, location: SourceLocation
    ) {
        self.name = name
        self.model = model
        self.contentTypes = contentTypes
        self.identities = identities
        self.targets = targets
        self.fallback = fallback
        self.deadline = deadline
        self.location = location
    }
}
