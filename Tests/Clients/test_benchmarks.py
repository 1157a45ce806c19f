"""The benchmark scripts: their requests against a real gateway, and what they make of results. Nothing is measured."""

import json
import sys
from xml.etree import ElementTree

import pytest
from gateway import ROOT

sys.path.append(str(ROOT / "Benchmarks"))

import load  # noqa: E402
import plot  # noqa: E402
import report  # noqa: E402
import servers  # noqa: E402
import soak  # noqa: E402
import thresholds  # noqa: E402
import workloads  # noqa: E402


class Standing(servers.Server):
    """A gateway of these tests, seen as the benchmarks see a server."""

    def __init__(self, gateway):
        super().__init__("sluice")
        self.port = gateway.ports["public"]


class TestWorkloads:
    @pytest.mark.parametrize("make", [workloads.echo_json, workloads.echo_binary])
    @pytest.mark.parametrize("count", [16, 10_000])
    def test_echoes_are_checked_bit_for_bit(self, echoes, make, count):
        request = make(count, "echo-FP32")
        reason, answer = load.check(Standing(echoes), request)
        assert reason is None
        if make is workloads.echo_json:
            assert not request.check({}, answer[1].replace(b"0.", b"1.", 1))
        else:
            assert not request.check({"inference-header-content-length": "1"}, answer[1][:-1] + b"\x99")
            assert not request.check({}, answer[1])

    def test_the_forest_is_checked(self, served):
        request = workloads.iris()
        reason, answer = load.check(Standing(served), request)
        assert reason is None
        assert not request.check({}, answer[1].replace(b"setosa", b"virginica"))

    def test_a_wrong_answer_is_a_reason(self, served):
        reason, _ = load.check(Standing(served), workloads.echo_json(16, "nobody"))
        assert reason.startswith("HTTP 404")

    def test_a_grpc_request_is_the_message_it_should_be(self):
        body = workloads.echo_grpc(2).body
        assert body[:1] == b"\0" and int.from_bytes(body[1:5], "big") == len(body) - 5
        _, raw = workloads.numbers(2)
        # model_name, an input with its name, type and packed shape, and the raw contents.
        tensor = b"\x0a\x06INPUT0" + b"\x12\x04FP32" + b"\x1a\x02\x01\x02"
        assert body[5:] == b"\x0a\x04echo" + b"\x2a" + bytes([len(tensor)]) + tensor + b"\x3a\x08" + raw

    @pytest.mark.parametrize("way", ["alone", "runner"])
    def test_the_barest_exchange_gives_back_what_it_was_sent(self, way):
        with servers.Exchange(way) as server:
            for count in (16, 500):
                body = workloads.echo_binary(count).body
                reason, answer = load.check(server, workloads.bytes_back(body))
                assert reason is None and answer[1] == body


def row(case, connections, server, cpu=10.0, rps=100.0, failures=0):
    return {
        "case": case,
        "connections": connections,
        "server": server,
        "rps": rps,
        "cpu": cpu,
        "p50": 120.0,
        "p99": 2500.0,
        "p999": 1e6,
        "cores": 1.0,
        "failures": failures,
    }


@pytest.fixture
def document():
    return {
        "machine": {
            "date": "2026-11-25",
            "processor": "A <Processor>",
            "processors": 2,
            "memory_gib": 23,
            "kernel": "6.1",
            "commit": "abc",
            "load_before": 0.1,
        },
        "command": "Benchmarks/run.py",
        "settings": {"seconds": 2, "rounds": 3},
        "peers": {"Triton": "Triton 2.51"},
        "rows": [
            row("echo", 1, "sluice"),
            row("echo", 16, "sluice", cpu=12.0),
            row("echo", 16, "nginx", cpu=6.0),
            row("echo", 16, "Triton", cpu=30_000.0, failures=4),
        ],
        "facts": [{"case": "start", "server": "sluice", "ready_ms": 50.0, "resident": 20 << 20}],
        "skipped": [{"case": "all", "server": "KServe", "reason": "not installed"}],
    }


class TestThresholds:
    OF, OVER = "echo | 16 | sluice | cpu", "echo | 16 | nginx | cpu"

    @pytest.mark.parametrize(
        ("bound", "holds"), [({"at_most": 2.0}, True), ({"at_most": 1.9}, False), ({"at_least": 2.1}, False)]
    )
    def test_ratios_within_one_run(self, document, bound, holds):
        ((entry, value),) = thresholds.judged(document, [{"what": "x", "of": self.OF, "over": self.OVER, **bound}])
        assert value == 2.0
        assert thresholds.holds(entry, value) == holds

    @pytest.mark.parametrize(("bound", "holds"), [({"at_most": 6.0}, True), ({"at_most": 5.9}, False)])
    def test_differences_within_one_run(self, document, bound, holds):
        ((entry, value),) = thresholds.judged(document, [{"what": "x", "of": self.OF, "minus": self.OVER, **bound}])
        assert value == 6.0
        assert thresholds.holds(entry, value) == holds
        gone = {"what": "x", "of": self.OF, "minus": "echo | 16 | nobody | cpu", **bound}
        assert list(thresholds.judged(document, [gone])) == []

    def test_what_is_added_here_over_what_is_added_there(self, document):
        document["rows"] += [row("echo", 16, "barest, alone", cpu=1.0), row("echo", 16, "barest, runner", cpu=4.0)]
        entry = {"what": "x", "of": self.OF, "minus": self.OVER, "at_most": 1.9}
        entry |= {"over": "echo | 16 | barest, runner | cpu", "over_minus": "echo | 16 | barest, alone | cpu"}
        ((_, value),) = thresholds.judged(document, [entry])
        assert value == 2.0
        assert thresholds.made_of(document, entry) == "6.0 over 3.0"
        assert thresholds.failures(document, [entry])[0] == "worse than it may be: x: 2.00 (6.0 over 3.0), at most 1.9"
        # A floor that is lost in noise, or wasn't measured, makes no ratio.
        document["rows"][-1]["cpu"] = 1.0
        assert thresholds.unmeasured(document, [entry]) == ["x"]
        assert list(thresholds.judged(document, [{**entry, "over_minus": "echo | 16 | nobody | cpu"}])) == []

    def test_facts_have_no_connections(self, document):
        entry = {"what": "x", "of": "start | sluice | ready_ms", "at_most": 70}
        assert [value for _, value in thresholds.judged(document, [entry])] == [50.0]

    def test_what_was_not_measured_is_not_judged_but_named(self, document):
        entries = [{"what": "gone", "of": "echo | 64 | sluice | cpu", "at_most": 1}]
        assert list(thresholds.judged(document, entries)) == []
        assert thresholds.unmeasured(document, entries) == ["gone"]

    def test_failures_of_the_gateway_are_worse_and_those_of_peers_are_not(self, document):
        assert thresholds.failures(document, []) == []
        document["rows"][0]["failures"] = 1
        assert thresholds.failures(document, []) == ["failures: echo at 1, sluice: 1"]

    def test_the_file_is_well_formed(self):
        for entry in json.loads(thresholds.FILE.read_text()):
            figures = {"of", "over", "minus", "over_minus"} & set(entry)
            assert set(entry) - figures in ({"what", "at_most"}, {"what", "at_least"}) and "of" in figures
            assert "over_minus" not in figures or {"over", "minus"} <= figures
            for figure in figures:
                assert len(entry[figure].split("|")) in (3, 4)


class TestReport:
    def test_every_figure_has_its_place(self, document):
        lines = report.measured(document)
        assert "### Echo" in lines
        assert "| 16 | **sluice** | 100 | 12.0 µs | 2.0× | 120 µs | 2.50 ms | 0 |" in lines
        assert "| 16 | Triton | 100 | 30.0 ms | 5,000× | 120 µs | 2.50 ms | 4 |" in lines
        assert "| sluice | 50 ms | 20.0 MiB |" in report.facts(document)
        assert "- all, KServe: not installed" in report.skipped(document)

    def test_the_picture_is_well_formed_and_has_every_server(self, document):
        picture = ElementTree.fromstring(plot.draw(document))
        texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
        for expected in ("sluice", "nginx", "Triton", "12.0 µs", "30.0 ms", "echo, 16 connections"):
            assert expected in texts
        assert len(list(picture.iter("{http://www.w3.org/2000/svg}circle"))) == 3

    def test_nothing_to_compare_is_no_picture(self, document):
        document["rows"] = document["rows"][:1]
        assert plot.draw(document) is None

    def test_the_page_has_its_marks(self):
        page = report.PAGE.read_text()
        assert page.index(report.BEGIN) < page.index(report.END)


class TestSoak:
    RESULT = {
        "failures": {},
        "unsent": 0,
        "growth": 1000.0,
        "growth_error": 500.0,
        "descriptors": {"idle": 10, "least": 74, "most": 74, "after": 10},
    }

    def test_a_slope_and_its_error(self):
        growth, error = soak.slope([(t, 5 + 3 * t) for t in range(10)])
        assert growth == pytest.approx(3) and error == pytest.approx(0, abs=1e-9)
        growth, error = soak.slope([(t, 100 + (-1) ** t) for t in range(100)])
        assert abs(growth) < 2 * error

    @pytest.mark.parametrize(
        "change",
        [
            {"failures": {"500": 1}},
            {"unsent": 1},
            {"growth": 3 << 20},
            {"descriptors": {"idle": 10, "least": 74, "most": 75, "after": 10}},
            {"descriptors": {"idle": 10, "least": 74, "most": 74, "after": 11}},
        ],
    )
    def test_whatever_is_not_steady_is_named(self, change):
        assert soak.faults(self.RESULT) == []
        assert len(soak.faults({**self.RESULT, **change})) == 1
