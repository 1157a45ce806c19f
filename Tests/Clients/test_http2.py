"""HTTP/2 against hyper-h2, an implementation of the RFC that is nobody's here: settings, windows, tables, many streams."""

import json
import random
import socket
import subprocess

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest

Setting = h2.settings.SettingCodes


class Client:
    """One connection; `read` is how many bytes of it are taken at a time."""

    def __init__(self, gateway, settings=None, read=65_536):
        self.socket = socket.create_connection(("127.0.0.1", gateway.ports["public"]), timeout=30)
        self.read = read
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.h2.initiate_connection()
        self.answers = {}
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def request(self, path, body=None, fields=(), priority=False):
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", "GET" if body is None else "POST"), (":scheme", "http"), (":path", path)]
        head += [(":authority", "localhost"), *fields]
        weight = {"priority_weight": 20, "priority_depends_on": 0} if priority else {}
        self.h2.send_headers(stream, head, end_stream=body is None, **weight)
        self.answers[stream] = {"head": {}, "body": b"", "trailers": {}, "ended": False, "rest": body}
        self.feed()
        return stream

    def feed(self):
        """Sends of all bodies what the gateway's windows allow."""
        for stream, answer in self.answers.items():
            while answer["rest"] is not None:
                size = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
                piece, rest = answer["rest"][:size], answer["rest"][size:]
                if not piece and answer["rest"]:
                    break
                self.h2.send_data(stream, piece, end_stream=not rest, pad_length=7 if 0 < len(piece) < size - 8 else None)
                answer["rest"] = rest or None
        self.flush()

    def run(self):
        """Until everything is answered."""
        while not all(answer["ended"] for answer in self.answers.values()):
            data = self.socket.recv(self.read)
            assert data, "the gateway closed the connection"
            for event in self.h2.receive_data(data):
                self.take(event)
            self.feed()
        return self.answers

    def wait_for_acknowledgement(self):
        """hyper-h2 counts acknowledgements, and takes the first for whatever it has sent by then."""
        events = []
        while not any(isinstance(event, h2.events.SettingsAcknowledged) for event in events):
            events = self.h2.receive_data(self.socket.recv(self.read))
            for event in events:
                self.take(event)
            self.flush()

    def take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            answer["head"] = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            answer["body"] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            answer["trailers"] = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            answer["ended"] = True
        else:
            assert not isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated), event


def document(count, seed=1):
    numbers = [round(random.Random(seed).uniform(-1, 1), 3) for _ in range(count)]
    tensor = {"name": "INPUT0", "shape": [count], "datatype": "FP32", "data": numbers}
    return json.dumps({"inputs": [tensor]}).encode(), numbers


def outputs(answer):
    return [round(number, 3) for number in json.loads(answer["body"])["outputs"][0]["data"]]


INFER = "/v2/models/echo-FP32/infer"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {Setting.INITIAL_WINDOW_SIZE: 1},
        {Setting.INITIAL_WINDOW_SIZE: 999, Setting.MAX_FRAME_SIZE: 16_384},
        {Setting.MAX_FRAME_SIZE: 1 << 20, Setting.INITIAL_WINDOW_SIZE: 1 << 24},
        {Setting.HEADER_TABLE_SIZE: 0},
        {Setting.ENABLE_PUSH: 0},
    ],
    ids=str,
)
def test_every_setting_is_heeded(echoes, settings):
    with Client(echoes, settings) as client:
        body, numbers = document(100)
        streams = [client.request(INFER, body, [("content-type", "application/json")]) for _ in range(5)]
        answers = client.run()
        for stream in streams:
            assert answers[stream]["head"][":status"] == "200"
            assert outputs(answers[stream]) == numbers


def test_settings_may_change_in_the_middle(echoes):
    with Client(echoes, {Setting.INITIAL_WINDOW_SIZE: 0}) as client:
        body, numbers = document(1000)
        stream = client.request(INFER, body)
        client.wait_for_acknowledgement()
        client.h2.update_settings({Setting.INITIAL_WINDOW_SIZE: 100_000, Setting.HEADER_TABLE_SIZE: 100})
        client.flush()
        later = client.request(INFER, body)
        answers = client.run()
        assert outputs(answers[stream]) == numbers and outputs(answers[later]) == numbers


def test_large_bodies_go_both_ways(echoes):
    with Client(echoes, read=5000) as client:
        body, numbers = document(300_000)
        streams = [client.request(INFER, body) for _ in range(3)]
        answers = client.run()
        assert all(outputs(answers[stream]) == numbers for stream in streams)


def test_a_hundred_streams_at_once(echoes):
    with Client(echoes) as client:
        expected = {}
        for seed in range(100):
            body, numbers = document(seed + 1, seed)
            stream = client.request(INFER, body, [("x-request-id", f"r{seed}")], priority=seed % 3 == 0)
            expected[stream] = (numbers, f"r{seed}")
        answers = client.run()
        for stream, (numbers, request_id) in expected.items():
            assert outputs(answers[stream]) == numbers
            assert answers[stream]["head"]["x-request-id"] == request_id


def test_headers_in_several_frames(served):
    with Client(served) as client:
        fields = [(f"x-{index}", "v" * 1000) for index in range(20)]
        stream = client.request("/v2", None, fields)
        assert client.run()[stream]["head"][":status"] == "200"


def test_one_connection_for_many_calls(echoes):
    """The same headers again and again, others in between, and the table that both sides keep."""
    with Client(echoes) as client:
        body, numbers = document(3)
        for turn in range(200):
            fields = [("content-type", "application/json"), ("x-turn", str(turn % 7))]
            if turn % 5 == 0:
                fields.append(("accept", f"application/json;v={turn}"))
            stream = client.request(INFER, body, fields)
            assert outputs(client.run()[stream]) == numbers


def test_trailers_of_a_request_end_it(echoes):
    with Client(echoes) as client:
        body, numbers = document(3)
        stream = client.request(INFER, b"", [])
        client.answers[stream]["rest"] = None
        other = client.h2.get_next_available_stream_id()
        client.h2.send_headers(
            other, [(":method", "POST"), (":scheme", "http"), (":path", INFER), (":authority", "localhost")]
        )
        client.answers[other] = {"head": {}, "body": b"", "trailers": {}, "ended": False, "rest": None}
        client.h2.send_data(other, body)
        client.h2.send_headers(other, [("x-checksum", "1")], end_stream=True)
        client.flush()
        answers = client.run()
        assert answers[stream]["head"][":status"] == "400"
        assert outputs(answers[other]) == numbers


def curl(gateway, *more, path="/v1/infer/nowhere", stdin=subprocess.DEVNULL):
    url = f"http://127.0.0.1:{gateway.ports['public']}{path}"
    command = ["curl", "-s", "--http2-prior-knowledge", "-X", "POST", "-H", "Content-Type: application/json"]
    return subprocess.Popen(
        [*command, "-w", "\n%{http_version} %{http_code}", *more, url], stdin=stdin, stdout=subprocess.PIPE, text=True
    )


def test_an_answer_before_the_body_is_read(served):
    """curl has nothing of its body to send when the answer comes: it must not take the answer for a broken stream."""
    with curl(served, "-T", ".", stdin=subprocess.PIPE) as process:
        output = process.stdout.read()
    assert "model_not_found" in output
    assert (output.split()[-2:], process.returncode) == (["2", "404"], 0)


@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_an_answer_in_the_middle_of_a_body(served, tmp_path, size):
    """What goes on coming is stopped, and the answer is there all the same."""
    file = tmp_path / "body"
    file.write_bytes(b" " * size)
    for _ in range(20):
        with curl(served, "--data-binary", f"@{file}") as process:
            output, _ = process.communicate(timeout=30)
        assert (output.split()[-2:], process.returncode) == (["2", "404"], 0)


def test_answers_before_bodies_that_never_end(echoes):
    """More of them than a connection may have streams: those that were left open are closed for the client."""
    with Client(echoes) as client:
        resets = []
        client.take = lambda event: resets.append(event) if isinstance(event, h2.events.StreamReset) else None
        for _ in range(300):
            stream = client.h2.get_next_available_stream_id()
            head = [(":method", "POST"), (":scheme", "http"), (":path", "/v1/infer/nowhere"), (":authority", "x")]
            client.h2.send_headers(stream, head)
            client.flush()
            ended = False
            while not ended:
                events = client.h2.receive_data(client.socket.recv(65_536))
                ended = any(isinstance(event, h2.events.StreamEnded) for event in events)
                for event in events:
                    client.take(event)
            client.flush()
        assert len(resets) >= 300 - 64
        assert all(event.error_code == 0 for event in resets)
