extension GatewayConfiguration {
    /// What each model that runs in a process of its own is granted, a line each, for `sluice check`.
    package var runnerLines: [String] {
        models.compactMap { model in
            guard let plugin = plugins.first(where: { $0.name == model.plugin }),
                (model.isolation ?? plugin.isolation) == .process
            else { return nil }
            return "model \(model.name): \(plugin.runner.text(instances: model.instances))"
        }
    }
}

extension RunnerConfiguration {
    /// What a runner may do, in words.
    fileprivate func text(instances: Int) -> String {
        let processes = instances == 1 ? "a process of its own" : "\(instances) processes of its own"
        let environment = environment.isEmpty ? "no variables" : "variables \(environment.joined(separator: ", "))"
        let memory = memory.map { "at most \(SizeText.text($0)) of memory" } ?? "any amount of memory"
        if sandbox == .off {
            return "\(processes), sandbox off: may do what the gateway may; \(environment); \(memory)"
        }
        let reads =
            sandbox == .standard
            ? "everything" : (["system libraries", "its plugin's folder"] + readablePaths).joined(separator: ", ")
        let writes = writablePaths.isEmpty ? "nothing" : writablePaths.joined(separator: ", ")
        return "\(processes), sandbox \(sandbox.rawValue): reads \(reads); writes \(writes); "
            + "network \(network.rawValue); \(environment); \(memory)"
    }
}
