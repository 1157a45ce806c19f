@testable import Configuration
import Testing

@Suite struct QuantityTextTests {
    @Test(arguments: [
        ("50ms", Duration.milliseconds(50)), ("2s", .seconds(2)), ("5min", .seconds(300)), ("1h", .seconds(3_600)),
        ("0s", .zero), ("9223372036854775807ms", .milliseconds(Int64.max)),
    ])
    func durationIsRead(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(arguments: [
        "", "2", "s", "2 s", "2S", "1.5s", "-1s", "+1s", "2m", "1d", "2ss", "２s", "9223372036854775807s",
        "9223372036854775808ms",
    ])
    func otherTextIsNoDuration(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.milliseconds(1), "1ms"), (.milliseconds(1_500), "1500ms"), (.seconds(90), "90s"),
        (.seconds(300), "5min"), (.seconds(86_400), "24h"),
    ])
    func durationIsWrittenInItsLargestUnit(_ duration: Duration, _ text: String) {
        #expect(DurationText.text(duration) == text)
    }

    @Test(arguments: [
        ("512B", 512), ("32KiB", 32_768), ("64MiB", 67_108_864), ("1GiB", 1_073_741_824), ("10KB", 10_000),
        ("10MB", 10_000_000), ("2GB", 2_000_000_000), ("0B", 0),
    ])
    func sizeIsRead(_ text: String, _ bytes: Int) {
        #expect(SizeText.parse(text) == bytes)
    }

    @Test(arguments: ["", "64", "MiB", "64 MiB", "64mib", "64M", "-1B", "1.5GiB", "8589934592GiB", "64MiBs"])
    func otherTextIsNoSize(_ text: String) {
        #expect(SizeText.parse(text) == nil)
    }

    @Test(arguments: [
        ("64", "write 64B, or e.g. 1GiB"), ("64M", "write 64MB"), ("64mib", "write 64MiB"), ("64kb", "write 64KB"),
        ("64TiB", "units are B, KiB, MiB, GiB, KB, MB and GB"), ("many", "write a whole number and a unit, e.g. 1GiB"),
    ])
    func wrongSizeGetsAdvice(_ text: String, _ advice: String) {
        #expect(SizeText.advice(for: text, example: "1GiB") == advice)
    }

    @Test(arguments: [
        ("100/min", 100, Duration.seconds(60)), ("1/s", 1, .seconds(1)), ("1/sec", 1, .seconds(1)),
        ("7/hour", 7, .seconds(3_600)), ("1000000000000/day", 1_000_000_000_000, .seconds(86_400)),
    ])
    func rateIsRead(_ text: String, _ count: Int, _ period: Duration) {
        #expect(RateText.parse(text) == RateText(count: count, period: period))
    }

    @Test(arguments: ["", "100", "/min", "0/s", "-1/s", "1.5/s", "100/ min", "100/m", "100min", "1000000000001/s"])
    func otherTextIsNoRate(_ text: String) {
        #expect(RateText.parse(text) == nil)
    }

    @Test(arguments: [
        ("1970-01-01", Int64(0)), ("1972-02-29", 68_169_600), ("2000-02-29", 951_782_400),
        ("2027-01-01", 1_798_761_600), ("2026-11-24T08:20:01Z", 1_795_508_401), ("9999-12-31", 253_402_214_400),
    ])
    func dateIsRead(_ text: String, _ seconds: Int64) {
        #expect(DateText.parse(text) == seconds)
    }

    @Test(arguments: [
        "", "2027", "2027-1-1", "2027-13-01", "2027-00-01", "2027-02-29", "2100-02-29", "2027-04-31", "2027-01-00",
        "1969-12-31", "2027/01/01", "2027-01-01T", "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z",
        "2027-01-01T00:00:60Z", "2027-01-01T00:00:00+", "2027-01-01T00-00-00Z", "20é7-01-01",
    ])
    func otherTextIsNoDate(_ text: String) {
        #expect(DateText.parse(text) == nil)
    }
}

@Suite struct AddressTextTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), ("0.0.0.0:0", "0.0.0.0", 0), ("localhost:65535", "localhost", 65_535),
        ("gw-1.example.com:80", "gw-1.example.com", 80), ("[::1]:8080", "::1", 8080), ("[::]:1", "::", 1),
        ("[2001:db8::ff00:42:8329]:1", "2001:db8::ff00:42:8329", 1), ("[1:2:3:4:5:6:7:8]:1", "1:2:3:4:5:6:7:8", 1),
    ])
    func addressIsRead(_ text: String, _ host: String, _ port: Int) throws {
        let address = try AddressText(text)
        #expect((address.host, address.port) == (host, port))
    }

    @Test(arguments: [
        "", ":", "8080", "localhost", "localhost:", ":80", "a:b", "a:-1", "a:+1", "a:65536", "a:80:80", "a b:80",
        "a..b:80",
        "1.2.3:80", "1.2.3.4.5:80", "256.0.0.1:80", "01.2.3.4:80", "[]:80", "[::1]", "[::1]80", "[:::1]:80",
        "[1::2::3]:80", "[1:2:3]:80", "[12345::]:80", "[g::]:80", "[1:2:3:4:5:6:7:8:9]:80", "[::1:80",
        "a:99999999999999999999",
    ])
    func otherTextIsNoAddress(_ text: String) {
        #expect(throws: AddressText.Mistake.self) { try AddressText(text) }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.1.2.3", true), ("localhost", true), ("::1", true), ("0:0:0:0:0:0:0:1", true),
        ("0.0.0.0", false), ("::", false), ("10.0.0.1", false), ("128.0.0.1", false), ("::2", false), ("1::1", false),
        ("127.0.0.1.example.com", false), ("localhost.example.com", false), ("example.com", false),
    ])
    func loopbackIsOnlyWhatThisMachineAloneReaches(_ host: String, _ isLoopback: Bool) {
        #expect(AddressText.isLoopback(host) == isLoopback)
    }
}
