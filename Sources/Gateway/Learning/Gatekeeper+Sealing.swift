internal import Configuration
internal import Logging
internal import Policies
internal import Tensors

/// What models have learned, as it lies on the disk: read before anything changes, written anew once it has.
extension Gatekeeper {
    /// Files that have to be looked at: all of them where keys are others, else those that no model had before.
    private func stateFiles(of configuration: GatewayConfiguration, before: GatewayConfiguration?) -> [StateFile] {
        let keys = loader.sealing.keys(of: configuration)
        let isOther = before == nil || before?.encryption != configuration.encryption
        let known = Set(before?.models.compactMap(\.state) ?? [])
        return configuration.models.compactMap { model in
            guard let path = model.state, isOther || !known.contains(path) else { return nil }
            return StateFile(path: path, sealing: keys)
        }
    }

    /// Makes sure that what models have learned can be decrypted.
    func checkStates(of configuration: GatewayConfiguration) throws(ReloadFailure) {
        for file in stateFiles(of: configuration, before: gate?.configuration) {
            do throws(SluiceError) {
                _ = try file.read()
            } catch {
                throw ReloadFailure(.stores, error.message)
            }
        }
    }

    /// Writes what models have learned as a configuration wants it that serves now.
    func renewStates(of configuration: GatewayConfiguration, before: GatewayConfiguration?) {
        let files = stateFiles(of: configuration, before: before)
        loader.sealing.use(loader.sealing.keys(of: configuration))
        for file in files {
            do throws(SluiceError) {
                if try file.renew() { logger.info("state written anew", metadata: ["file": "\(file.path)"]) }
            } catch {
                logger.error("state not written anew", metadata: ["reason": "\(error.message)"])
            }
        }
    }
}
