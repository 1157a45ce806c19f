import Configuration
import Testing

@Suite struct SchedulingMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    private static func model(_ keys: String) -> GatewayText {
        GatewayText(models: "models: { echo: { plugin: echo, \(keys) } }")
    }

    static let cases: [WrongText] = [
        WrongText(
            "numbers out of range", model("instances: 0, concurrency: 2"),
            ["3:44+1 error: instances must be from 1 to 256, not 0"]),
        WrongText(
            "words for batching", model("batching: on"),
            [#"3:43+2 error: batching must be auto, off or a mapping, not "on" | known words: auto, off"#]),
        WrongText(
            "a list for batching", model("batching: [8]"),
            ["3:43+1 error: batching must be auto, off or a mapping, not a list"]),
        WrongText(
            "sizes that don't ascend", model("batching: { preferred: [8, 16, 16, 4] }"),
            [
                "3:64+2 error: preferred must ascend, but 16 follows 16",
                "3:68+1 error: preferred must ascend, but 4 follows 16",
            ]),
        WrongText(
            "sizes above the largest", model("batching: { max_rows: 8, preferred: [4, 16] }"),
            ["3:73+2 error: preferred names 16 rows, but max_rows is 8"]),
        WrongText(
            "delays", model("batching: { max_delay: 1min, adaptive: yes, max_row: 1 }"),
            [
                "3:56+4 error: max_delay must be from 0s to 10s, not 1min",
                #"3:72+3 error: adaptive must be true or false, not "yes" | write true"#,
                #"3:77+7 error: unknown key "max_row" in batching | did you mean "max_rows"?"#,
            ]),
        WrongText(
            "priorities", model("priorities: { levels: 1, default: 3 }"),
            ["3:55+1 error: levels must be from 2 to 32, not 1"]),
        WrongText(
            "a default beyond the levels", model("priorities: { levels: 2, default: 3, patience: 0 }"),
            [
                "3:67+1 error: default is level 3, but there are 2",
                "3:80+1 error: patience must be from 1 to 10000, not 0",
            ]),
        WrongText(
            "no levels", model("priorities: {}"),
            ["3:33+10 error: priorities has no levels | write e.g. levels: 3"]),
        WrongText(
            "order with what would break it", model("ordered: true, fair_by: consumer, priorities: { levels: 2 }"),
            [
                "3:48+7 error: an ordered model can't be fair_by: consumer | leave one of them out",
                "3:67+10 error: an ordered model can't have priorities | leave one of them out",
            ]),
        WrongText(
            "truth in other words", model("ordered: yes"),
            [#"3:42+3 error: ordered must be true or false, not "yes" | write true"#]),
        WrongText(
            "unknown words", model("fair_by: consumers, limit: auto"),
            [
                #"3:42+9 error: fair_by can't be "consumers" | did you mean "consumer"?"#,
                #"3:60+4 error: limit can't be "auto" | known words: fixed, adaptive"#,
            ]),
        WrongText(
            "sequences", model("sequences: { max: 0, idle: 60 }"),
            [
                "3:51+1 error: max must be from 1 to 1000000, not 0",
                #"3:60+2 error: idle: "60" is not a duration | write 60s"#,
            ]),
        WrongText(
            "padding without inputs", model("pad: {}"),
            ["3:33+3 error: pad has no inputs | write e.g. inputs: { input_ids: 0 }"]),
        WrongText(
            "padding of nothing", model("pad: { inputs: {} }"),
            ["3:40+6 error: inputs is empty | write e.g. { input_ids: 0 }"]),
        WrongText(
            "padding with words",
            model("pad: { inputs: { input_ids: none }, trim: { hidden: input_id } }"),
            [
                #"3:61+4 error: input_ids must be a number, not "none" | write e.g. 0"#,
                #"3:85+8 error: trim names input "input_id", which is not padded | did you mean "input_ids"?"#,
            ]),
        WrongText(
            "padding in lists", model("pad: { inputs: [a], trim: b }"),
            [
                "3:48+1 error: inputs must be a mapping, not a list",
                #"3:59+1 error: trim must be a mapping, not "b""#,
            ]),
        WrongText(
            "a cache that is none", model("cache: true"),
            [#"3:40+4 error: cache must be a mapping, not "true" | known keys: size, age"#]),
        WrongText(
            "references without files", model("references: { hosts: files.example }"),
            [
                #"3:33+10 error: model "echo" has no input that takes files | say which by inputs: { NAME: { image: … } }"#
            ]),
        WrongText(
            "hosts that are none", model("inputs: { x: { image: {} } }, references: { hosts: [https://a/, a:0] }"),
            [
                #"3:85+10 error: hosts: "https://a/" is not a host | write e.g. files.example"#,
                #"3:97+3 error: hosts: "a:0" is not a host | write e.g. files.example"#,
            ]),
        WrongText(
            "a breaker that is none", model("breaker: on"),
            [
                #"""
                3:42+2 error: breaker must be a mapping, not "on" | known keys: failures, rate, window, calls, open, \#
                longest, probes
                """#
            ]),
        WrongText(
            "a breaker's bounds", model("breaker: { failures: 0, rate: 50, probes: 0, cals: 3 }"),
            [
                "3:54+1 error: failures must be from 1 to 10000, not 0",
                "3:63+2 error: rate must be from 0.01 to 1.0, not 50",
                "3:75+1 error: probes must be from 1 to 1000, not 0",
                #"3:78+4 error: unknown key "cals" in breaker | did you mean "calls"?"#,
            ]),
        WrongText(
            "a breaker that opens for longer than it may", model("breaker: { open: 10s, longest: 5s }"),
            ["3:64+2 error: longest is 5s, but open is 10s | no opening can be longer than the longest"]),
        WrongText(
            "a cache's bounds", model("cache: { size: 10, age: 0s }"),
            [
                #"3:48+2 error: size: "10" is not a size | write 10B, or e.g. 64MiB"#,
                "3:57+2 error: age must be from 1ms to 8760h, not 0s",
            ]),
    ]

    @Test func everythingRightIsTaken() throws {
        let text = Self.model(
            """
            instances: 2, concurrency: 3, batching: { max_rows: 32, preferred: [8, 16], max_delay: 5ms, adaptive: false },
                priorities: { levels: 3, default: 2, patience: 4 }, fair_by: none, limit: adaptive,
                sequences: { max: 10, idle: 5min },
                pad: { inputs: { input_ids: 0, scores: -1.5 }, trim: { hidden: input_ids } }, cache: { size: 1MiB, age: 5s }
            """)
        let outcome = ConfigurationLoader().load(text.text, context: .test)
        #expect(outcome.diagnostics.map(\.brief) == [])
        let model = try #require(outcome.configuration?.models.first)
        #expect(model.instances == 2)
        var batching = BatchingConfiguration()
        batching.maximumRows = 32
        batching.preferredRows = [8, 16]
        batching.maximumDelay = .milliseconds(5)
        batching.isAdaptive = false
        #expect(model.scheduling.batching == .custom(batching))
        #expect((model.scheduling.priorities.levels, model.scheduling.priorities.standard) == (3, 2))
        #expect(model.scheduling.priorities.patience == 4)
        #expect((model.scheduling.fairness, model.scheduling.limit) == (.none, .adaptive))
        #expect((model.scheduling.sequences.maximum, model.scheduling.sequences.idle) == (10, .seconds(300)))
        #expect(
            model.padding
                == PaddingConfiguration(
                    fills: ["input_ids": 0, "scores": -1.5], trims: ["hidden": "input_ids"]))
        #expect(model.cache == CacheConfiguration(size: 1 << 20, age: .seconds(5)))
    }

    @Test func anOrderedModelIsFirstComeFirstServed() throws {
        let outcome = ConfigurationLoader().load(Self.model("ordered: true").text, context: .test)
        let scheduling = try #require(outcome.configuration?.models.first?.scheduling)
        #expect(scheduling.isOrdered && scheduling.fairness == .none)
    }
}
