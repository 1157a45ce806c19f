// swift-tools-version:6.3
import PackageDescription

/// Every Swift target is built alike: Swift 6 mode, explicit imports with access levels, warnings are errors.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Targets that hold no pointers: the compiler refuses unmarked unsafe code in them.
let safeSettings: [SwiftSetting] = swiftSettings + [.strictMemorySafety()]

/// Locks: as quick as any here, and ThreadSanitizer sees them (it doesn't see the standard library's Mutex, which
/// `QuotaLock` and `LockedInPlace` alone are made of: they lie in what they guard).
let locks: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")

/// Optimised programs carry Swift's libraries in themselves. Calls that count references are direct ones then, and the
/// loader has a third as many libraries to bring together at each start of a runner. Nothing is exported: a plugin in
/// Swift brings its own runtime, and the two must not be mixed.
let selfContained: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-static-stdlib", "-Xlinker",
            "--version-script=\(Context.packageDirectory)/Sources/programs.map",
            // What archives need of each other, which only shared libraries say by themselves.
            "-lswiftSynchronization", "-lFoundation", "-lCoreFoundation", "-lFoundationInternationalization",
            "-l_FoundationICU", "-lFoundationEssentials", "-l_FoundationCShims", "-l_FoundationCollections", "-lstdc++",
        ], .when(configuration: .release))
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    locks,
]

let fuzzedDependencies: [Target.Dependency] = [
    "Transport", "Codecs", "Policies", "Tensors", .product(name: "NIOEmbedded", package: "swift-nio"),
    .product(name: "NIOHPACK", package: "swift-nio-http2"),
    .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
]

/// Readers of what clients send: `make fuzz` builds them as a program with libFuzzer, and all tests run them over the files
/// that it begins with.
let fuzzed: Target =
    Context.environment["SLUICE_FUZZ"] == nil
    ? .testTarget(
        name: "FuzzTests", dependencies: fuzzedDependencies, path: "Tests/FuzzTests", exclude: ["Fuzzer.swift"],
        resources: [.copy("Corpus")], swiftSettings: swiftSettings)
    : .executableTarget(
        name: "fuzz-readers", dependencies: fuzzedDependencies, path: "Tests/FuzzTests",
        exclude: ["CorpusTests.swift", "Corpus"], swiftSettings: swiftSettings)

let package = Package(
    name: "sluice",
    products: [
        .executable(name: "sluice", targets: ["sluice"]),
        .executable(name: "sluice-runner", targets: ["sluice-runner"]),
        .library(name: "CSluicePlugin", targets: ["CSluicePlugin"]),
        .library(name: "SluicePluginKit", targets: ["SluicePluginKit"]),
        .library(name: "sluice_baseline", type: .dynamic, targets: ["sluice_baseline"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // The contract with plugins, and what plugin authors build on.
        .target(name: "CSluicePlugin", path: "Sources/CSluicePlugin"),
        .target(
            name: "SluicePluginKit", dependencies: ["CSluicePlugin"], path: "Sources/SluicePluginKit",
            swiftSettings: swiftSettings),

        // The core, in the order in which data flows.
        .target(
            name: "Tensors", dependencies: ["CSluicePlugin", locks], path: "Sources/Tensors",
            swiftSettings: swiftSettings),
        .target(
            name: "Configuration", dependencies: [.product(name: "Yams", package: "Yams")],
            path: "Sources/Configuration", swiftSettings: safeSettings),
        .systemLibrary(
            name: "CLibXML2", path: "Sources/CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(
            name: "CSQLite", path: "Sources/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "CMalloc", path: "Sources/CMalloc",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"])]),
        .target(
            name: "CNumberText", path: "Sources/CNumberText",
            cxxSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"])]),
        .target(
            name: "CPluginTemplates", path: "Sources/CPluginTemplates", exclude: ["Templates"],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "Codecs", dependencies: ["Tensors", "CLibXML2", "CNumberText", "CZlib"], path: "Sources/Codecs",
            swiftSettings: swiftSettings),
        .target(
            name: "Policies",
            dependencies: ["Tensors", "Configuration", locks, .product(name: "Crypto", package: "swift-crypto")],
            path: "Sources/Policies", swiftSettings: safeSettings),
        // What is asked of other servers: key sets, and files that requests name by URL.
        .target(
            name: "Fetching",
            dependencies: ["Configuration", "Tensors", .product(name: "NIOSSL", package: "swift-nio-ssl")] + nio,
            path: "Sources/Fetching", swiftSettings: safeSettings),
        .target(
            name: "IssuerKeys",
            dependencies: [
                "Policies", "Configuration", "Fetching", "Telemetry", "Tensors",
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
            ] + nio,
            path: "Sources/IssuerKeys", swiftSettings: safeSettings),
        .target(
            name: "Routing", dependencies: ["Tensors", "Configuration", locks], path: "Sources/Routing",
            swiftSettings: safeSettings),
        .target(
            name: "Scheduling", dependencies: ["Tensors", locks], path: "Sources/Scheduling",
            swiftSettings: safeSettings),
        .target(
            name: "CSharedMemory", path: "Sources/CSharedMemory",
            cSettings: [.unsafeFlags(["-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"])]),
        .target(
            name: "SharedMemory", dependencies: ["CSharedMemory", "Tensors", locks], path: "Sources/SharedMemory",
            swiftSettings: swiftSettings),
        .target(
            name: "CSandbox", path: "Sources/CSandbox",
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"])]),
        .target(
            name: "PluginHost",
            dependencies: [
                "CSluicePlugin", "CSandbox", "Tensors", "SharedMemory", locks,
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/PluginHost", swiftSettings: swiftSettings),
        .target(
            name: "Telemetry",
            dependencies: [
                locks, .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Telemetry", swiftSettings: safeSettings),
        // Where policies' counts are kept beyond memory: the only part of policy that does I/O.
        .target(
            name: "Stores",
            dependencies: [
                "Tensors", "Configuration", "Policies", "CSQLite", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                locks,
            ],
            path: "Sources/Stores", swiftSettings: swiftSettings),
        .target(
            name: "Gateway",
            dependencies: [
                "Tensors", "Configuration", "Codecs", "Fetching", "Policies", "IssuerKeys", "Stores", "Routing",
                "Scheduling",
                "PluginHost", "Telemetry", "SharedMemory", locks, .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"), .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Gateway", swiftSettings: safeSettings),
        // gRPC's messages, written by scripts/generate-messages.
        .target(
            name: "WireMessages", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            path: "Sources/WireMessages", exclude: ["Protos"], swiftSettings: swiftSettings),
        // The pages that the gateway serves about itself.
        .target(
            name: "CDocumentation", path: "Sources/CDocumentation", exclude: ["Files"],
            cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "Transport",
            dependencies: [
                "CDocumentation",
                "Gateway", "Tensors", "Configuration", "Codecs", "Policies", "PluginHost", "SharedMemory", "Telemetry",
                "WireMessages", "CZlib", "CZstd",
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "Logging", package: "swift-log"),
            ] + nio,
            path: "Sources/Transport", swiftSettings: safeSettings),
        // The client side of measuring: what `sluice bench` does.
        .target(
            name: "LoadGenerator",
            dependencies: ["Tensors", .product(name: "Histogram", package: "hdrhistogram-swift")] + nio,
            path: "Sources/LoadGenerator", swiftSettings: safeSettings),
        // What plugin authors check their work with; nothing that serves imports it.
        .target(
            name: "Conformance",
            dependencies: ["CSluicePlugin", "CMalloc", "Tensors", "Configuration", "PluginHost", locks],
            path: "Sources/Conformance", swiftSettings: swiftSettings),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Tensors", "Configuration", "Codecs", "Policies", "IssuerKeys", "PluginHost", "Gateway", "Transport",
                "Telemetry",
                "LoadGenerator", "Conformance", "CMalloc", "CPluginTemplates",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio,
            path: "Sources/sluice", swiftSettings: swiftSettings, linkerSettings: selfContained),
        // A plugin in a process of its own: see `PluginHost/Runner`.
        .executableTarget(
            name: "sluice-runner", dependencies: ["PluginHost"], path: "Sources/sluice-runner",
            swiftSettings: swiftSettings, linkerSettings: selfContained),

        // What `make bench` compares large bodies with.
        .executableTarget(
            name: "bare-echo",
            dependencies: [
                "CMalloc", .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
            ] + nio,
            path: "Benchmarks/BareEcho",
            swiftSettings: swiftSettings, linkerSettings: selfContained),
        // What policy costs a request: `make bench-policy`.
        .executableTarget(
            name: "policy-cost",
            dependencies: [
                "Gateway", "PluginHost", "Policies", "Routing", "Configuration", "Telemetry", "Tensors",
                .product(name: "Crypto", package: "swift-crypto"),
            ], path: "Benchmarks/PolicyCost", swiftSettings: swiftSettings, linkerSettings: selfContained),
        // How fast tables are read and written: `make bench-rows`.
        .executableTarget(
            name: "row-cost", dependencies: ["Codecs", "Tensors"], path: "Benchmarks/RowCost",
            swiftSettings: swiftSettings, linkerSettings: selfContained),

        // The plugin that is written in Swift; the others build with a C compiler alone, see Plugins/Makefile.
        .target(
            name: "sluice_baseline", dependencies: ["SluicePluginKit", "CSluicePlugin"], path: "Plugins/baseline",
            exclude: ["README.md", "exports.map"], swiftSettings: swiftSettings,
            // Swift exports whatever is public; a plugin has one symbol.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "--version-script=\(Context.packageDirectory)/Plugins/baseline/exports.map"])
            ]),

        // Tests mirror the sources.
        .testTarget(
            name: "TensorsTests", dependencies: ["Tensors", "CSluicePlugin"], path: "Tests/TensorsTests",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Configuration"], path: "Tests/ConfigurationTests",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CodecsTests",
            dependencies: [
                "Codecs", "Tensors", "WireMessages", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            path: "Tests/CodecsTests",
            resources: [.copy("Corpus")], swiftSettings: swiftSettings),
        .testTarget(
            name: "PoliciesTests",
            dependencies: [
                "Policies", "Configuration", "Tensors", locks, .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Tests/PoliciesTests",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "StoresTests",
            dependencies: [
                "Stores", "Policies", "Configuration", "Tensors", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
                locks,
            ],
            path: "Tests/StoresTests", swiftSettings: swiftSettings),
        .testTarget(
            name: "IssuerKeysTests",
            dependencies: [
                "IssuerKeys", "Policies", "Configuration", "Telemetry", "Tensors",
                .product(name: "JWTKit", package: "jwt-kit"), .product(name: "Logging", package: "swift-log"),
                .product(name: "Crypto", package: "swift-crypto"),
            ] + nio,
            path: "Tests/IssuerKeysTests", swiftSettings: swiftSettings),
        .testTarget(
            name: "FetchingTests",
            dependencies: [
                "Fetching", "Configuration", "Tensors", .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio,
            path: "Tests/FetchingTests", swiftSettings: swiftSettings),
        .testTarget(
            name: "RoutingTests", dependencies: ["Routing", "Configuration", "Tensors"], path: "Tests/RoutingTests",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "SchedulingTests", dependencies: ["Scheduling", "Tensors", locks], path: "Tests/SchedulingTests",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "SharedMemoryTests", dependencies: ["SharedMemory", "CSharedMemory", "Tensors", locks],
            path: "Tests/SharedMemoryTests", swiftSettings: swiftSettings),
        .testTarget(
            name: "PluginHostTests",
            dependencies: [
                "PluginHost", "SharedMemory", "sluice-runner", "Tensors", locks,
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Tests/PluginHostTests", swiftSettings: swiftSettings),
        // The kit is tested as plugin authors use it: by the program.
        .testTarget(
            name: "ConformanceTests",
            dependencies: ["Conformance", "PluginHost", "Tensors", "sluice", "sluice-runner"],
            path: "Tests/ConformanceTests", exclude: ["abi"], swiftSettings: swiftSettings),
        .testTarget(
            name: "GatewayTests",
            dependencies: ["Gateway", "Configuration", "PluginHost", "Telemetry", "Tensors", locks],
            path: "Tests/GatewayTests",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TelemetryTests", dependencies: ["Telemetry", locks], path: "Tests/TelemetryTests",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "TransportTests",
            dependencies: [
                "Transport", "Gateway", "PluginHost", "Telemetry", "Codecs", "Tensors", "Configuration", "Policies",
                "WireMessages", "CZlib", "CZstd",
                .product(name: "NIOEmbedded", package: "swift-nio"),
                // The other side of the tests of HTTP/2; nothing that serves uses it.
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "Logging", package: "swift-log"),
            ] + nio,
            path: "Tests/TransportTests",
            swiftSettings: swiftSettings),
        .testTarget(
            name: "LoadGeneratorTests", dependencies: ["LoadGenerator", "Tensors"], path: "Tests/LoadGeneratorTests",
            swiftSettings: swiftSettings),
        fuzzed,
        // A real gateway process, real plugins, real sockets: the program must have been built, see `make test`.
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "sluice", "sluice-runner", locks, "WireMessages", "Stores", "Policies", "Configuration", "Tensors",
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
            ],
            path: "Tests/EndToEndTests", swiftSettings: swiftSettings),
    ],
    cxxLanguageStandard: .cxx17
)
