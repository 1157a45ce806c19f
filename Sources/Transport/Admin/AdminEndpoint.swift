internal import Gateway
internal import Tensors

/// What a request to `/admin` or `/v2/repository` asks for.
enum AdminEndpoint: Equatable {
    /// `GET /admin`: what runs.
    case status
    /// `POST /admin/reload`
    case reload
    /// `GET /admin/config`: the configuration that holds, without secrets.
    case configuration
    /// `GET /admin/models`
    case models
    /// `GET /admin/usage` and `/admin/usage/{consumer}`: what is used of quotas.
    case usage(consumer: String?)
    /// `GET /admin/breakers`: how the models' breakers stand.
    case breakers
    /// `POST /admin/breakers/{model}/open|close`
    case breaker(opens: Bool, model: String)
    /// `GET /admin/routes`: where routes send to, and how their canaries stand.
    case routes
    /// `GET /admin/shadows`: how shadows compare with what they are the shadows of.
    case shadows
    /// `POST /admin/routes/{route}/canary/{share}`: `20%`, or `file` for what the file says.
    case canary(route: String, share: String)
    /// `POST /admin/models/{model}/load|unload|swap`
    case change(ModelChange, model: String)
    /// `POST /admin/models/{model}/learn`
    case learn(model: String)
    /// `POST /admin/drain` and `/admin/undrain`: whether health says that this gateway wants no more requests.
    case drain(Bool)
    /// `POST /admin/log-level/{level}`
    case logLevel(String)
    /// `POST /v2/repository/index`
    case repositoryIndex
    /// `POST /v2/repository/models/{model}/load|unload`
    case repositoryChange(ModelChange, model: String)

    var method: String {
        switch self {
        case .status, .configuration, .models, .usage, .breakers, .routes, .shadows: "GET"
        default: "POST"
        }
    }

    /// Whether it is the Open Inference protocol's.
    var isRepository: Bool {
        switch self {
        case .repositoryIndex, .repositoryChange: true
        default: false
        }
    }

    /// The part of a path after `/admin`; `nil` where there is nothing at it.
    init?(admin rest: some StringProtocol) throws(SluiceError) {
        switch rest {
        case "", "/": self = .status
        case "/reload": self = .reload
        case "/config": self = .configuration
        case "/models": self = .models
        case "/usage": self = .usage(consumer: nil)
        case "/breakers": self = .breakers
        case "/routes": self = .routes
        case "/shadows": self = .shadows
        case "/drain": self = .drain(true)
        case "/undrain": self = .drain(false)
        default:
            let parts = String(rest).split(separator: "/" as Character, omittingEmptySubsequences: false).dropFirst()
            if parts.first == "log-level", parts.count == 2, let level = parts.last {
                self = .logLevel(String(level))
            } else if parts.first == "usage", parts.count == 2, let name = parts.last {
                self = .usage(consumer: try Endpoint.name(name))
            } else if parts.first == "breakers", parts.count > 2, let word = parts.last {
                guard word == "open" || word == "close" else { return nil }
                let model = try Endpoint.name(parts.dropFirst().dropLast().joined(separator: "/"))
                self = .breaker(opens: word == "open", model: model)
            } else if parts.first == "routes", parts.count > 3, parts.dropLast().last == "canary",
                let share = parts.last
            {
                self = .canary(
                    route: try Endpoint.name(parts.dropFirst().dropLast(2).joined(separator: "/")),
                    share: try Endpoint.name(share))
            } else if parts.first == "models", parts.count > 2, let word = parts.last {
                let change = ModelChange(rawValue: String(word))
                guard change != nil || word == "learn" else { return nil }
                let model = try Endpoint.name(parts.dropFirst().dropLast().joined(separator: "/"))
                self = change.map { .change($0, model: model) } ?? .learn(model: model)
            } else {
                return nil
            }
        }
    }
}
