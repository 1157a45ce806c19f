import Configuration
import Testing

@Suite struct ReferenceConfigurationTests {
    @Test(arguments: [
        ("files.example", "https://files.example/a", true), ("files.example", "https://FILES.example/a", true),
        ("files.example", "http://files.example/a", true), ("files.example", "https://files.example:444/a", false),
        ("files.example", "https://a.files.example/a", false), ("files.example", "https://files.example.org/a", false),
        ("*.files.example", "https://a.b.files.example/a", true), ("*.files.example", "https://files.example/a", false),
        ("*.files.example", "https://afiles.example/a", false),
        ("files.example:8443", "https://files.example:8443/", true),

        ("files.example:8443", "https://files.example/", false), ("127.0.0.1:80", "http://127.0.0.1/", true),
        ("[::1]", "https://[::1]/", true), ("[::1]:8080", "http://[::1]:8080/", true),
    ])
    func hostsAllowThemselvesAlone(host: String, url: String, allowed: Bool) throws {
        let rule = try #require(ReferenceConfiguration.Host(host))
        #expect(rule.allows(try HTTPAddress(url)) == allowed)
        #expect(rule.text == host)
    }

    @Test(arguments: ["*", "*.", "*.example", "*.1.2.3.4", "a:0", "a:b", "https://a/", "a/b", "", "a b", "me@a"])
    func isNoHost(text: String) {
        #expect(ReferenceConfiguration.Host(text) == nil)
    }
}
