import Configuration
import Testing

@Suite struct ListenerMistakeTests {
    @Test(arguments: cases) func isReported(_ wrong: WrongText) { wrong.check() }

    static let cases: [WrongText] = [
        WrongText(
            "an address without host", GatewayText(listeners: #"listeners: { public: { address: ":8080" } }"#),
            [
                #"""
                2:33+7 error: address: there is no host before the port | write "127.0.0.1:8080", or \#
                "0.0.0.0:8080" for every network
                """#
            ]),
        WrongText(
            "an address that is a port", GatewayText(listeners: "listeners: { public: { address: 8080 } }"),
            [
                #"2:33+4 error: address: there is no host before the port | write "127.0.0.1:8080""#
            ]),
        WrongText(
            "an address without port", GatewayText(listeners: #"listeners: { public: { address: "127.0.0.1" } }"#),
            [
                #"2:33+11 error: address: there is no port after the host | write e.g. "127.0.0.1:8080""#
            ]),
        WrongText(
            "an address with an empty port",
            GatewayText(listeners: #"listeners: { public: { address: "127.0.0.1:" } }"#),
            [
                #"2:33+12 error: address: there is no port after the host | write e.g. "127.0.0.1:8080""#
            ]),
        WrongText(
            "a port too high", GatewayText(listeners: #"listeners: { public: { address: "127.0.0.1:65536" } }"#),
            [
                #"2:33+17 error: address: "65536" is no port | ports are from 0 to 65535"#
            ]),
        WrongText(
            "a port in words", GatewayText(listeners: #"listeners: { public: { address: "127.0.0.1:http" } }"#),
            [
                #"2:33+16 error: address: "http" is no port | ports are from 0 to 65535"#
            ]),
        WrongText(
            "an IPv6 address without brackets",
            GatewayText(listeners: #"listeners: { public: { address: "::1:8080" } }"#),
            [
                #"2:33+10 error: address: an IPv6 address needs brackets | write e.g. "[::1]:8080""#
            ]),
        WrongText(
            "a bracket without end", GatewayText(listeners: #"listeners: { public: { address: "[::1:8080" } }"#),
            [
                #"2:33+11 error: address: the "[" has no "]" | write e.g. "[::1]:8080""#
            ]),
        WrongText(
            "a wrong IPv6 address", GatewayText(listeners: #"listeners: { public: { address: "[::g]:8080" } }"#),
            [
                #"2:33+12 error: address: "::g" is no IPv6 address | write e.g. "[::1]:8080""#
            ]),
        WrongText(
            "a wrong IPv4 address", GatewayText(listeners: #"listeners: { public: { address: "127.0.0.256:8080" } }"#),
            [
                #"2:33+18 error: address: "127.0.0.256" is no host | write e.g. "127.0.0.1:8080""#
            ]),
        WrongText(
            "an empty address", GatewayText(listeners: #"listeners: { public: { address: "" } }"#),
            [
                #"2:33+2 error: address is empty | write e.g. "127.0.0.1:8080""#
            ]),
        WrongText(
            "no address", GatewayText(listeners: "listeners: { public: {} }"),
            [
                #"2:14+6 error: listener "public" has no address | write e.g. address: "127.0.0.1:8080""#
            ]),
        WrongText(
            "no mapping", GatewayText(listeners: #"listeners: { public: "127.0.0.1:8080" }"#),
            [
                #"""
                2:22+16 error: listener "public" must be a mapping, not "127.0.0.1:8080" | known keys: \#
                address, serves, max_body, max_headers, max_connections, timeouts, origins, tls, firewall
                """#
            ]),
        WrongText(
            "a mistyped key", GatewayText(listeners: #"listeners: { public: { adress: "127.0.0.1:8080" } }"#),
            [
                #"2:24+6 error: unknown key "adress" in listener "public" | did you mean "address"?"#
            ]),
        WrongText(
            "the same address twice",
            GatewayText(
                listeners: #"""
                    listeners: { public: { address: "127.0.0.1:8080" }, ops: { address: "127.0.0.1:8080", \#
                    serves: metrics } }
                    """#),
            [
                #"""
                2:69+16 error: listener "ops" has the address of listener "public" | first given in line 2
                """#
            ]),
        WrongText(
            "metrics alone",
            GatewayText(listeners: #"listeners: { ops: { address: "127.0.0.1:8080", serves: [metrics] } }"#),
            [
                "2:1+9 error: no listener serves inference | write serves: [inference] at one of them"
            ]),
        WrongText(
            "an unknown service",
            GatewayText(
                listeners: #"listeners: { public: { address: "127.0.0.1:8080", serves: [inferense, trace] } }"#),
            [
                #"2:60+9 error: serves can't be "inferense" | did you mean "inference"?"#,
                #"2:71+5 error: serves can't be "trace" | known words: inference, metrics, admin, repository"#,
            ]),
        WrongText(
            "a service twice",
            GatewayText(
                listeners: #"listeners: { public: { address: "127.0.0.1:8080", serves: [inference, inference] } }"#),
            [
                "2:59+1 error: serves names something twice"
            ]),
        WrongText(
            "no service", GatewayText(listeners: #"listeners: { public: { address: "127.0.0.1:8080", serves: [] } }"#),
            [
                "2:59+1 error: serves is an empty list | leave it out, or name at least one"
            ]),
        WrongText(
            "sizes without unit or with an unknown one",
            GatewayText(
                listeners: #"listeners: { public: { address: "127.0.0.1:8080", max_body: 64, max_headers: 32k } }"#),
            [
                #"2:61+2 error: max_body: "64" is not a size | write 64B, or e.g. 64MiB"#,
                #"2:78+3 error: max_headers: "32k" is not a size | write 32KB"#,
            ]),
        WrongText(
            "sizes out of range",
            GatewayText(
                listeners: #"listeners: { public: { address: "127.0.0.1:8080", max_body: 0B, max_headers: 64MiB } }"#),
            [
                "2:61+2 error: max_body must be from 1B to 1024GiB, not 0B",
                "2:78+5 error: max_headers must be from 1KiB to 1MiB, not 64MiB",
            ]),
        WrongText(
            "a size beyond all numbers",
            GatewayText(
                listeners: #"listeners: { public: { address: "127.0.0.1:8080", max_body: 99999999999999999999GiB } }"#),
            [
                #"""
                2:61+23 error: max_body: "99999999999999999999GiB" is not a size | write a whole number and \#
                a unit, e.g. 64MiB
                """#
            ]),
        WrongText(
            "connections that are no number",
            GatewayText(listeners: #"listeners: { public: { address: "127.0.0.1:8080", max_connections: "10" } }"#),
            [
                #"2:68+4 error: max_connections must be a whole number, not "10" | write e.g. 10000"#
            ]),
        WrongText(
            "origins that are none",
            GatewayText(
                listeners:
                    #"listeners: { public: { address: "127.0.0.1:8080", origins: ["https://app.example/", app.example] } }"#
            ),
            [
                #"2:61+22 error: origins: "https://app.example/" is not an origin | write e.g. "https://app.example""#,
                #"2:85+11 error: origins: "app.example" is not an origin | write e.g. "https://app.example""#,
            ]),
        WrongText(
            "wrong timeouts",
            GatewayText(
                listeners: #"""
                    listeners: { public: { address: "127.0.0.1:8080", timeouts: { headers: 10, body: 5m, idle: \#
                    1d, header: 1s } } }
                    """#),
            [
                #"2:72+2 error: headers: "10" is not a duration | write 10s"#,
                #"2:82+2 error: body: "5m" is not a duration | write 5min, or 5ms"#,
                #"2:92+2 error: idle: "1d" is not a duration | units are ms, s, min and h"#,
                #"2:96+6 error: unknown key "header" in timeouts | did you mean "headers"?"#,
            ]),
        WrongText(
            "timeouts out of range",
            GatewayText(
                listeners: #"""
                    listeners: { public: { address: "127.0.0.1:8080", timeouts: { headers: 0s, body: 25h, idle: \#
                    -5s } } }
                    """#),
            [
                "2:72+2 error: headers must be from 1ms to 24h, not 0s",
                "2:82+3 error: body must be from 1ms to 24h, not 25h",
                #"""
                2:93+3 error: idle: "-5s" is not a duration | write a whole number and ms, s, min or h, \#
                e.g. 75s
                """#,
            ]),
        WrongText(
            "a name with a space",
            GatewayText(listeners: #"listeners: { "my public": { address: "127.0.0.1:8080" } }"#),
            [
                #"""
                2:14+11 error: " " can't be in the name of a listener | names are made of letters, digits \#
                and . _ -
                """#
            ]),
        WrongText(
            "an empty name", GatewayText(listeners: #"listeners: { "": { address: "127.0.0.1:8080" } }"#),
            [
                "2:14+2 error: the name of a listener is empty"
            ]),
    ]
}
