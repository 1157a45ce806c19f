internal import CSluicePlugin

/// Which of a plugin's functions answers a model's requests.
package enum PluginFunction: UInt8, Sendable {
    case infer
    /// A body becomes tensors.
    case decode
    /// Tensors become a body.
    case encode

    /// The function of one plugin, where it has it.
    func found(in table: PluginTable) -> sluice_batch_fn? {
        switch self {
        case .infer: table.infer
        case .decode: table.decode
        case .encode: table.encode
        }
    }

    /// Why a plugin that lacks it can't be used so.
    var absence: String {
        switch self {
        case .infer: "has no infer function: it is a codec and can't back a model"
        case .decode: "has no decode function: it reads no bodies"
        case .encode: "has no encode function: it writes no bodies"
        }
    }
}
