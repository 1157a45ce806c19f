import Configuration
import Testing

@Suite struct AdministrationMistakeTests {
    private static let key = #"{ id: ops, hash: "sha256:\#(digits)" }"#

    @Test(arguments: [
        WrongText(
            "admin for everybody",
            GatewayText(
                listeners:
                    #"listeners: { public: { address: "127.0.0.1:8080" }, ops: { address: "0.0.0.0:9090", serves: [admin] } }"#,
                auth: "auth: { none: i-accept-open-access }"),
            [
                #"2:69+14 error: listener "ops" lets everybody change the gateway who can reach 0.0.0.0: it serves admin, and there are no admin.keys | listen on 127.0.0.1, or write admin: { keys: [{ id: ops, hash: "sha256:…" }] }"#
            ]),
        WrongText(
            "a repository for everybody",
            GatewayText(
                listeners: #"listeners: { public: { address: "10.0.0.1:8080", serves: [inference, repository] } }"#,
                auth: "auth: { none: i-accept-open-access }"),
            [
                #"2:33+15 error: listener "public" lets everybody change the gateway who can reach 10.0.0.1: it serves repository, and there are no admin.keys | listen on 127.0.0.1, or write admin: { keys: [{ id: ops, hash: "sha256:…" }] }"#
            ]),
        WrongText(
            "keys that open nothing", GatewayText(more: "admin: { keys: [\(key)] }"),
            [
                "5:1+5 error: admin has keys, but no listener serves admin or repository | write serves: [admin] at one of them, or remove admin"
            ]),
        WrongText(
            "admin without keys",
            GatewayText(
                listeners: #"listeners: { public: { address: "127.0.0.1:8080", serves: [inference, admin] } }"#,
                more: "admin: {}"),
            ["5:1+5 error: admin has no keys | write e.g. keys: [{ … }]"]),
        WrongText(
            "words that are no truth values", GatewayText(more: "reload: { watch: yes, settle: 5min }"),
            [
                #"5:18+3 error: watch must be true or false, not "yes" | write true"#,
                "5:31+4 error: settle must be from 1ms to 1min, not 5min",
            ]),
        WrongText(
            "a tokenizer without a vocabulary",
            GatewayText(models: "models: { m: { plugin: echo, tokenizer: { lowercase: 1, max_tokens: 2 } } }"),
            [
                #"3:30+9 error: tokenizer has no vocabulary | write e.g. vocabulary: ./vocab.txt"#,
                #"3:54+1 error: lowercase must be true or false, not "1""#,
                #"3:69+1 error: max_tokens must be from 3 to 1048576, not 2"#,
            ]),
        WrongText(
            "shared memory without names", GatewayText(more: "shared_memory: { max_region: 1GB }"),
            ["5:1+13 error: shared_memory has no allow | write e.g. allow: [\"sluice_*\"]"]),
        WrongText(
            "shared memory elsewhere", GatewayText(more: "shared_memory: { allow: [/dev/shm/x], max_region: 2048GiB }"),
            [
                #"5:26+10 error: "/" can't be in the name of a shared memory object | names are made of letters, digits and . _ - *"#,
                "5:51+7 error: max_region must be from 1B to 1024GiB, not 2048GiB",
            ]),
        WrongText(
            "a self-test without inputs",
            GatewayText(models: "models: { echo: { plugin: echo, self_test: [{ tolerance: 2 }] } }"),
            [
                #"3:45+1 error: a self_test of model "echo" has no inputs | write e.g. inputs: { file: ./model.onnx }"#
            ]),
    ])
    func isReported(_ wrong: WrongText) { wrong.check() }

    @Test func keyOfAConsumerIsNoAdministratorsKey() {
        WrongText(
            "one key twice",
            GatewayText(
                listeners: #"listeners: { public: { address: "0.0.0.0:8080", serves: [inference, admin] } }"#,
                auth: "auth: api_keys",
                more:
                    "admin: { keys: [\(Self.key)] }\nconsumers: { c: { keys: [\(Self.key)], allow: { models: [\"*\"] } } }"
            ),
            [
                #"5:23+3 error: another key has the id "ops" | first given in line 6"#,
                "5:34+73 error: another key has this hash | first given in line 6",
            ]
        ).check()
    }
}
