extension LimitConfiguration.Quota {
    var effective: ConfigurationValue {
        let count = (key: "count", value: ConfigurationValue.string(count.text))
        let rest = [
            (key: "mode", value: ConfigurationValue.string(mode.rawValue)),
            (key: "store", value: .string(store ?? "memory")),
        ]
        switch window {
        case .rolling(let period, let burst):
            return .mapping(
                [
                    count, ("max", .string(RateText(count: max, period: period).text)),
                    ("burst", .integer(Int64(burst))), ("window", .string("rolling")),
                ] + rest)
        case .calendar(let unit, let zone):
            return .mapping(
                [
                    count, ("max", .string("\(max)/\(unit.rawValue)")), ("window", .string("calendar")),
                    ("zone", .string(zone)),
                ] + rest)
        case .now: return .mapping([count, ("max", .integer(Int64(max))), rest[0]])
        }
    }
}

extension StoreConfiguration {
    var effective: ConfigurationValue {
        switch kind {
        case .sqlite(let sqlite):
            .mapping([
                ("kind", .string("sqlite")), ("path", .string(sqlite.path)), ("flush", .duration(sqlite.flush)),
            ])
        case .redis(let redis):
            .mapping([
                ("kind", .string("redis")),
                (
                    "url",
                    .string(
                        "\(redis.isSecure ? "rediss" : "redis")://\(redis.host.contains(":") ? "[\(redis.host)]" : redis.host):\(redis.port)/\(redis.database)"
                    )
                ),
                ("ca", redis.authority.map { .string($0) } ?? .null),
                ("username", redis.username.map { .string($0) } ?? .null),
                ("password", redis.password.map { .string($0.reference) } ?? .null),
                ("timeout", .duration(redis.timeout)), ("if_down", .string(redis.ifDown.rawValue)),
                ("lease", .string("\(redis.lease)%")), ("prefix", .string(redis.prefix)),
            ])
        }
    }
}
