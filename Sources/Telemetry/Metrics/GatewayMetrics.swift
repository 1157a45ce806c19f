/// Every metric of the gateway, named in one place.
///
/// Requests use bundles of handles that are resolved when the configuration is applied; none looks up labels.
/// `docs/operations.md` says what each means.
package final class GatewayMetrics: Sendable {
    /// Handles for requests of one route, answered by one of its models.
    package struct Answers: Sendable {
        /// `sluice_requests_total` by code.
        package let requests: CodedCounters
        /// `sluice_fallbacks_total`: tries of this model that followed another's failure.
        package let fallbacks: Counter
    }

    /// Handles for one route.
    package final class RouteHandles: Sendable {
        /// `sluice_request_seconds`.
        package let seconds: Histogram
        /// By the position of the model in the list that the handles were made with.
        package let answers: [Answers]
        /// For requests that failed before a model was chosen.
        package let unanswered: CodedCounters

        fileprivate init(seconds: Histogram, answers: [Answers], unanswered: CodedCounters) {
            self.seconds = seconds
            self.answers = answers
            self.unanswered = unanswered
        }
    }

    /// Handles for one model.
    package final class ModelHandles: Sendable {
        /// `sluice_model_seconds`.
        package let seconds: Histogram
        /// `sluice_model_queue_depth`.
        package let queueDepth: Gauge
        /// `sluice_model_ready`: 1 or 0.
        package let ready: Gauge
        /// `sluice_model_failures_total` by code.
        package let failures: CodedCounters
        /// `sluice_model_queue_seconds`.
        package let queueSeconds: Histogram
        /// `sluice_model_batch_rows`.
        package let batchRows: Histogram
        /// `sluice_model_expired_total`.
        package let expired: Counter
        /// `sluice_model_retries_total`.
        package let retries: Counter
        /// `sluice_model_cache_total{outcome="hit"}`; made when a model with a cache is loaded.
        package let cacheHits: @Sendable () -> Counter
        /// `sluice_model_cache_total{outcome="miss"}`.
        package let cacheMisses: @Sendable () -> Counter

        fileprivate init(_ name: String, of metrics: GatewayMetrics) {
            let (failures, cache) = (metrics.modelFailures, metrics.modelCache)
            seconds = metrics.modelSeconds.with(name)
            queueDepth = metrics.modelQueueDepth.with(name)
            ready = metrics.modelReady.with(name)
            self.failures = CodedCounters(countsSuccess: false) { failures.with(name, $0) }
            queueSeconds = metrics.modelQueueSeconds.with(name)
            batchRows = metrics.modelBatchRows.with(name)
            expired = metrics.modelExpired.with(name)
            retries = metrics.modelRetries.with(name)
            cacheHits = { cache.with(name, "hit") }
            cacheMisses = { cache.with(name, "miss") }
        }
    }

    /// Handles for what makes one input of a model out of pictures, film or sound.
    package struct DecodingHandles: Sendable {
        /// `sluice_decode_seconds`: from the body to the tensor, waiting included.
        package let seconds: Histogram
        /// `sluice_decode_failures_total` by code.
        package let failures: CodedCounters
    }

    /// Handles for one route that asks models once more.
    package struct RetryHandles: Sendable {
        /// `sluice_retries_total{outcome="made"}`.
        package let made: Counter
        /// `sluice_retries_total{outcome="over_budget"}`: those that were not made.
        package let overBudget: Counter
    }

    /// Handles for one route that asks models a second time.
    package struct HedgeHandles: Sendable {
        /// `sluice_hedges_total{outcome="made"}`.
        package let made: Counter
        /// `sluice_hedges_total{outcome="won"}`: those that were answered before the first try.
        package let won: Counter
        /// `sluice_hedges_total{outcome="over_budget"}`: those that were not made.
        package let overBudget: Counter
    }

    /// Handles for the breaker of one model.
    package struct BreakerHandles: Sendable {
        /// `sluice_breaker_state`: 0 closed, 1 half-open, 2 open.
        package let state: Gauge
        /// `sluice_breaker_openings_total`.
        package let openings: Counter
        /// `sluice_breaker_rejections_total`: tries that it kept from the model.
        package let rejections: Counter
    }

    /// Handles for changes of what the gateway does.
    package struct ReloadHandles: Sendable {
        /// `sluice_config_revision`: the number of the revision that serves.
        package let revision: Gauge
        /// `sluice_config_last_success_timestamp_seconds`.
        package let lastSuccess: Gauge
        /// `sluice_reloads_total{outcome="ok"}`.
        package let succeeded: Counter
        /// `sluice_reloads_total{outcome="failed"}`.
        package let failed: Counter
        /// `sluice_reload_seconds`.
        package let seconds: Histogram

        fileprivate init(_ registry: MetricRegistry) {
            revision = registry.gauges(
                "sluice_config_revision", help: "Number of the revision that serves; each reload makes one."
            ).with()
            lastSuccess = registry.gauges(
                "sluice_config_last_success_timestamp_seconds", help: "When the revision that serves took over."
            ).with()
            let reloads = registry.counters(
                "sluice_reloads_total", help: "Changes by start, reload or swapped model, by outcome: ok or failed.",
                labels: ["outcome"])
            succeeded = reloads.with("ok")
            failed = reloads.with("failed")
            seconds = registry.histograms(
                "sluice_reload_seconds", help: "Time of a reload, loading models included."
            ).with()
        }
    }

    /// Handles for the keys of one issuer of tokens.
    package struct IssuerHandles: Sendable {
        /// `sluice_issuer_keys`: how many are known.
        package let keys: Gauge
        /// `sluice_issuer_last_success_timestamp_seconds`.
        package let lastSuccess: Gauge
        /// `sluice_issuer_reads_total{outcome="ok"}`.
        package let succeeded: Counter
        /// `sluice_issuer_reads_total{outcome="failed"}`.
        package let failed: Counter
    }

    package let registry: MetricRegistry
    package let reloads: ReloadHandles
    /// `sluice_requests_total` of requests that reached no route; their labels `route` and `model` are empty.
    package let unroutedRequests: CodedCounters
    /// `sluice_auth_failures_total`.
    package let authFailures: Counter
    /// `sluice_connections`: open now.
    package let connections: Gauge
    /// `sluice_connections_total`.
    package let connectionsTotal: Counter
    /// `sluice_requests_in_flight`.
    package let requestsInFlight: Gauge
    /// `sluice_request_bytes_total`.
    package let requestBytes: Counter
    /// `sluice_response_bytes_total`.
    package let responseBytes: Counter
    /// `sluice_access_log_dropped_total`.
    package let accessLogDropped: Counter

    private let requests: MetricFamily<Counter>
    private let batchRowsTotal: MetricFamily<Counter>
    private let requestSeconds: MetricFamily<Histogram>
    private let modelSeconds: MetricFamily<Histogram>
    private let modelQueueDepth: MetricFamily<Gauge>
    private let modelReady: MetricFamily<Gauge>
    private let modelFailures: MetricFamily<Counter>
    private let modelQueueSeconds: MetricFamily<Histogram>
    private let modelBatchRows: MetricFamily<Histogram>
    private let modelExpired: MetricFamily<Counter>
    private let modelRetries: MetricFamily<Counter>
    private let modelCache: MetricFamily<Counter>
    private let decodeSeconds: MetricFamily<Histogram>
    private let decodeFailures: MetricFamily<Counter>
    private let breakerState: MetricFamily<Gauge>
    private let breakerOpenings: MetricFamily<Counter>
    private let breakerRejections: MetricFamily<Counter>
    private let fallbacks: MetricFamily<Counter>
    private let retriesTotal: MetricFamily<Counter>
    private let hedgesTotal: MetricFamily<Counter>
    private let quotaRejections: MetricFamily<Counter>
    private let tokenFailures: MetricFamily<Counter>
    private let bansTotal: MetricFamily<Counter>
    private let denials: MetricFamily<Counter>
    /// Records of the audit log that were written, those that were lost for want of room, and failures to write.
    package let auditRecords: Counter
    package let auditDropped: Counter
    package let auditFailures: Counter
    private let issuerKeys: MetricFamily<Gauge>
    private let issuerLastSuccess: MetricFamily<Gauge>
    private let issuerReads: MetricFamily<Counter>
    private let contractViolations: MetricFamily<Counter>
    private let runnerFailuresTotal: MetricFamily<Counter>
    /// What plugins measure themselves.
    package let plugins: PluginMetrics
    /// What quotas have to tell.
    package let quotas: QuotaMetrics
    package let shadows: ShadowMetrics
    package let anomalies: AnomalyMetrics
    private let redactionsTotal: MetricFamily<Counter>
    private let firewallRefusals: MetricFamily<Counter>

    /// - Parameter version: the version of this build, for `sluice_build_info`.
    package init(version: String, registry: MetricRegistry = MetricRegistry()) {
        self.registry = registry
        let requests = registry.counters(
            "sluice_requests_total", help: "Requests answered, by route, model that answered and outcome.",
            labels: ["route", "model", "code"])
        self.requests = requests
        batchRowsTotal = registry.counters(
            "sluice_batch_rows_total", help: "Rows of requests for batches, by outcome: answered or failed.",
            labels: ["route", "outcome"])
        requestSeconds = registry.histograms(
            "sluice_request_seconds", help: "Time from a request's last byte to its answer's first, by route.",
            labels: ["route"])
        modelSeconds = registry.histograms(
            "sluice_model_seconds", help: "Time of one try with a model, waiting in its queue included.",
            labels: ["model"])
        modelQueueDepth = registry.gauges(
            "sluice_model_queue_depth", help: "Requests that wait for a free call into the model.", labels: ["model"])
        modelReady = registry.gauges(
            "sluice_model_ready", help: "Whether the model takes requests: 1 or 0.", labels: ["model"])
        modelFailures = registry.counters(
            "sluice_model_failures_total", help: "Tries with a model that failed, by error code.",
            labels: ["model", "code"])
        modelQueueSeconds = registry.histograms(
            "sluice_model_queue_seconds", help: "Time that requests wait for a call into the model.", labels: ["model"])
        modelBatchRows = registry.histograms(
            "sluice_model_batch_rows", help: "Rows that go into the model in one call.", labels: ["model"],
            bounds: Histogram.sizeBounds)
        modelExpired = registry.counters(
            "sluice_model_expired_total", help: "Requests whose deadline passed while they waited for the model.",
            labels: ["model"])
        modelRetries = registry.counters(
            "sluice_model_retries_total", help: "Requests tried again by themselves after their joined call failed.",
            labels: ["model"])
        modelCache = registry.counters(
            "sluice_model_cache_total", help: "Requests to models whose answers are kept, by outcome: hit or miss.",
            labels: ["model", "outcome"])
        decodeSeconds = registry.histograms(
            "sluice_decode_seconds", help: "Time in which a picture, film or sound becomes a model's input.",
            labels: ["model", "input"])
        decodeFailures = registry.counters(
            "sluice_decode_failures_total", help: "Pictures, films and sounds that became no input, by error code.",
            labels: ["model", "input", "code"])
        breakerState = registry.gauges(
            "sluice_breaker_state", help: "A model's breaker: 0 closed, 1 half-open, 2 open.", labels: ["model"])
        breakerOpenings = registry.counters(
            "sluice_breaker_openings_total", help: "Times that a model's breaker opened.", labels: ["model"])
        breakerRejections = registry.counters(
            "sluice_breaker_rejections_total", help: "Tries that an open breaker kept from a model.",
            labels: ["model"])
        fallbacks = registry.counters(
            "sluice_fallbacks_total", help: "Tries with a model after another one of the route failed.",
            labels: ["route", "model"])
        retriesTotal = registry.counters(
            "sluice_retries_total",
            help: "Times that a model was asked once more, or would have been, by outcome: made or over_budget.",
            labels: ["route", "outcome"])
        hedgesTotal = registry.counters(
            "sluice_hedges_total",
            help: "Second tries while the first was under way, by outcome: made, of these won, and over_budget.",
            labels: ["route", "outcome"])
        quotaRejections = registry.counters(
            "sluice_quota_rejections_total", help: "Requests turned away because a quota was used up.",
            labels: ["consumer"])
        tokenFailures = registry.counters(
            "sluice_token_failures_total", help: "Tokens (JWT) refused, by the issuer that they name and the reason.",
            labels: ["issuer", "reason"])
        bansTotal = registry.counters(
            "sluice_bans_total", help: "Times that an address, or guesses at a key, were shut out for a while.",
            labels: ["kind"])
        denials = registry.counters(
            "sluice_denials_total",
            help: "Times that a caller was refused what it may not do, by operation and reason.",
            labels: ["operation", "reason"])
        auditRecords = registry.counters(
            "sluice_audit_records_total", help: "Records written to the audit log."
        ).with()
        auditDropped = registry.counters(
            "sluice_audit_dropped_total", help: "Records of the audit log that were lost, as too many waited."
        ).with()
        auditFailures = registry.counters(
            "sluice_audit_failures_total", help: "Times that the audit log could not be written; it is tried again."
        ).with()
        issuerKeys = registry.gauges(
            "sluice_issuer_keys", help: "Keys that are known of an issuer of tokens.", labels: ["issuer"])
        issuerLastSuccess = registry.gauges(
            "sluice_issuer_last_success_timestamp_seconds", help: "When an issuer's keys were last read.",
            labels: ["issuer"])
        issuerReads = registry.counters(
            "sluice_issuer_reads_total", help: "Times that an issuer's keys were read, by outcome: ok or failed.",
            labels: ["issuer", "outcome"])
        contractViolations = registry.counters(
            "sluice_plugin_contract_violations_total", help: "Times that a model's plugin broke the plugin contract.",
            labels: ["model"])
        runnerFailuresTotal = registry.counters(
            "sluice_runner_failures_total", help: "Times that a model's own process ended and was replaced, by cause.",
            labels: ["model", "cause"])
        plugins = PluginMetrics()
        quotas = QuotaMetrics(registry)
        shadows = ShadowMetrics(registry)
        anomalies = AnomalyMetrics(registry)
        redactionsTotal = registry.counters(
            "sluice_redactions_total", help: "What rules of redaction found in texts, by its kind; never what it was.",
            labels: ["rule", "kind", "place", "action"])
        firewallRefusals = registry.counters(
            "sluice_firewall_refusals_total", help: "Connections that a listener's firewall turned away.",
            labels: ["listener"])
        reloads = ReloadHandles(registry)
        authFailures = registry.counters(
            "sluice_auth_failures_total",
            help:
                "Requests that didn't prove who makes them where that is needed: no key, token or certificate, or a wrong one."
        ).with()
        connections = registry.gauges("sluice_connections", help: "Open client connections.").with()
        connectionsTotal = registry.counters("sluice_connections_total", help: "Client connections accepted.").with()
        requestsInFlight = registry.gauges(
            "sluice_requests_in_flight", help: "Requests that have been read and not yet answered."
        ).with()
        requestBytes = registry.counters("sluice_request_bytes_total", help: "Bytes of request bodies read.").with()
        responseBytes = registry.counters(
            "sluice_response_bytes_total", help: "Bytes of response bodies written."
        ).with()
        accessLogDropped = registry.counters(
            "sluice_access_log_dropped_total", help: "Access log lines lost because their output was too slow."
        ).with()
        registry.gauges("sluice_build_info", help: "Always 1; the label says which build runs.", labels: ["version"])
            .with(version).set(1)
        registry.add(ProcessMetrics())
        registry.add(plugins)
        unroutedRequests = CodedCounters(countsSuccess: false) { requests.with("", "", $0) }
    }

    /// Resolves the handles of a route.
    ///
    /// - Parameters:
    ///   - targets: the models it sends to first.
    ///   - fallbacks: the models of its rungs, in order; `answers` lists them after the targets.
    package func route(_ name: String, targets: [String], fallbacks rungs: [String] = []) -> RouteHandles {
        let requests = requests
        let hidden = Counter()
        let answers = (targets + rungs).enumerated().map { index, model in
            Answers(
                requests: CodedCounters(countsSuccess: true) { requests.with(name, model, $0) },
                fallbacks: index < targets.count ? hidden : fallbacks.with(name, model))
        }
        return RouteHandles(
            seconds: requestSeconds.with(name), answers: answers,
            unanswered: CodedCounters(countsSuccess: false) { requests.with(name, "", $0) })
    }

    /// Resolves the handles of a model.
    package func model(_ name: String) -> ModelHandles { ModelHandles(name, of: self) }

    /// Resolves the handles of what makes an input of a model.
    package func decoding(model: String, input: String) -> DecodingHandles {
        let failures = decodeFailures
        return DecodingHandles(
            seconds: decodeSeconds.with(model, input),
            failures: CodedCounters(countsSuccess: false) { failures.with(model, input, $0) })
    }

    /// Resolves the handles of a model's breaker.
    package func breaker(_ model: String) -> BreakerHandles {
        BreakerHandles(
            state: breakerState.with(model), openings: breakerOpenings.with(model),
            rejections: breakerRejections.with(model))
    }

    /// Resolves the handles of a route's retries.
    package func retries(route: String) -> RetryHandles {
        RetryHandles(made: retriesTotal.with(route, "made"), overBudget: retriesTotal.with(route, "over_budget"))
    }

    /// Resolves the handles of a route's second tries.
    package func hedges(route: String) -> HedgeHandles {
        HedgeHandles(
            made: hedgesTotal.with(route, "made"), won: hedgesTotal.with(route, "won"),
            overBudget: hedgesTotal.with(route, "over_budget"))
    }

    /// Resolves the counter of a model's broken promises.
    package func contractViolations(model name: String) -> Counter { contractViolations.with(name) }

    /// Counts a model's process that ended, under its cause.
    package func runnerFailed(model name: String, cause: String) { runnerFailuresTotal.with(name, cause).increment() }

    /// Resolves the counter of an issuer's tokens that were refused; the empty name stands for unknown issuers.
    package func tokenFailures(issuer name: String, reason: String) -> Counter { tokenFailures.with(name, reason) }

    /// Resolves the counter of bans of an `address` or a `key`.
    package func bans(kind: String) -> Counter { bansTotal.with(kind) }

    /// Resolves the counter of what callers were refused.
    package func denials(operation: String, reason: String) -> Counter { denials.with(operation, reason) }

    /// Resolves the handles of an issuer.
    package func issuer(_ name: String) -> IssuerHandles {
        IssuerHandles(
            keys: issuerKeys.with(name), lastSuccess: issuerLastSuccess.with(name),
            succeeded: issuerReads.with(name, "ok"), failed: issuerReads.with(name, "failed"))
    }

    /// Resolves the counter of what redaction found of one kind.
    package func redactions(rule: String, kind: String, place: String, action: String) -> Counter {
        redactionsTotal.with(rule, kind, place, action)
    }

    /// Resolves the counter of connections that a listener's firewall turned away.
    package func firewallRefusals(listener: String) -> Counter { firewallRefusals.with(listener) }

    /// Counts rows of a request for batches.
    package func batchRows(route: String, answered: Int, failed: Int) {
        if answered > 0 { batchRowsTotal.with(route, "answered").increment(by: answered) }
        if failed > 0 { batchRowsTotal.with(route, "failed").increment(by: failed) }
    }

    /// Resolves the counter of a consumer's requests that quotas turned away.
    package func quotaRejections(consumer name: String) -> Counter { quotaRejections.with(name) }
}
