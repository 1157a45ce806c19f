"""Sessions with the `websockets` client, unmodified: requests as messages, answers as messages, one sequence each."""

import json
import signal
import socket
import subprocess

import numpy as np
import pytest
import requests
from gateway import Gateway, wait_for
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def sessions():
    """Models behind sessions: an echo, and one that does as its requests say."""
    text = """\
version: 1
listeners:
  public: { address: "127.0.0.1:0", max_body: 1MiB, origins: ["https://app.example"] }
auth: none
models:
  echo: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: FP32, shape: [-1] }] } }
  pair: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: FP32 }, { name: INPUT1, datatype: INT32 }] } }
  stub: { plugin: stub_faulty }
  lone: { plugin: stub_faulty, config: { sequences: true }, sequences: { max: 1 } }
observability: { access_log: stderr }
"""
    with Gateway(text) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def keyed(key):
    """A gateway that asks for a key: `open` to its holder, `closed` to nobody."""
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: api_keys
models: {{ open: {{ plugin: echo }}, closed: {{ plugin: echo }} }}
consumers: {{ acme: {{ keys: {key[1]}, allow: {{ models: [open] }} }} }}
"""
    with Gateway(text) as gateway:
        yield gateway


def url(gateway, model, query=""):
    return f"ws://{gateway.address}/v1/stream/{model}{query}"


def answer(session):
    return json.loads(session.recv(timeout=30))


class TestMessages:
    def test_text_is_what_the_unified_endpoint_takes_and_answers(self, sessions):
        body = {"id": "mine", "INPUT0": [1.5, -2]}
        plain = requests.post(f"{sessions.url}/v1/infer/echo", json=body, timeout=30).json()
        with connect(url(sessions, "echo")) as session:
            session.send(json.dumps(body))
            got = answer(session)
        assert got.pop("parameters") == {"final": True}
        assert got == plain
        assert got["outputs"] == {"OUTPUT0": [1.5, -2]}

    def test_binary_is_the_raw_tensor(self, sessions):
        values = np.arange(5, dtype=np.float32)
        with connect(url(sessions, "echo")) as session:
            session.send(values.tobytes())
            assert answer(session)["outputs"] == {"OUTPUT0": values.tolist()}

    def test_what_bytes_are_can_be_said(self, sessions):
        with connect(url(sessions, "pair", "?input=INPUT1&shape=2,2&datatype=INT32")) as session:
            session.send(np.ones((2, 2), np.int32).tobytes())
            assert 'a raw body carries one input' in answer(session)["error"]

    def test_answers_can_be_binary(self, sessions):
        values = np.array([0.25, np.nan], np.float32)
        with connect(url(sessions, "echo", "?answers=npy")) as session:
            session.send(values.tobytes())
            got = session.recv(timeout=30)
        assert got.startswith(b"\x93NUMPY")
        assert got.endswith(values.tobytes())

    def test_outputs_are_those_asked_for(self, sessions):
        with connect(url(sessions, "pair", "?outputs=OUTPUT1")) as session:
            session.send('{"INPUT0": [[1]], "INPUT1": [[2]]}')
            got = answer(session)
            assert got["outputs"] == {"OUTPUT1": [[2]]}, got

    def test_answers_come_in_order(self, sessions):
        with connect(url(sessions, "echo")) as session:
            for number in range(200):
                session.send(json.dumps({"id": str(number), "INPUT0": [number]}))
            for number in range(200):
                got = answer(session)
                assert (got["id"], got["outputs"]["OUTPUT0"]) == (str(number), [number])

    def test_parts_are_messages_and_the_last_one_says_so(self, sessions):
        with connect(url(sessions, "stub")) as session:
            session.send(json.dumps({"INPUT0": [[1.0]], "parameters": {"behaviour": "stream", "parts": "3"}}))
            got = [answer(session) for _ in range(4)]
            assert [part["parameters"]["final"] for part in got] == [False, False, False, True]
            session.send('{"INPUT0": [[2.0]]}')
            assert answer(session)["outputs"]["OUTPUT0"] == [[2.0]]

    def test_fragments_make_one_message(self, sessions):
        with connect(url(sessions, "echo")) as session:
            session.send(iter(['{"INPUT0": ', "[1, 2", "]}"]))
            assert answer(session)["outputs"] == {"OUTPUT0": [1, 2]}

    @pytest.mark.parametrize(
        "message, code",
        [
            ("", "malformed_body"),
            ("{", "malformed_body"),
            ('{"INPUT0": ["x"]}', "invalid_input"),
            (b"\1\2\3", "invalid_input"),
        ],
    )
    def test_an_error_is_a_message_and_the_session_goes_on(self, sessions, message, code):
        with connect(url(sessions, "echo")) as session:
            session.send(message)
            got = answer(session)
            assert (got["code"], bool(got["error"])) == (code, True)
            session.send("[7]")
            assert answer(session)["outputs"] == {"OUTPUT0": [7]}

    def test_a_failing_model_is_an_error_too(self, sessions):
        with connect(url(sessions, "stub")) as session:
            session.send(json.dumps({"INPUT0": [[1.0]], "parameters": {"behaviour": "fail"}}))
            assert answer(session)["code"] == "model_failed"


class TestHandshake:
    def status(self, *arguments, **options):
        with pytest.raises(InvalidStatus) as refused:
            connect(*arguments, **options)
        return refused.value.response.status_code, json.loads(refused.value.response.body)["code"]

    def test_what_is_not_there_is_404(self, sessions):
        assert self.status(url(sessions, "nowhere")) == (404, "model_not_found")

    def test_what_is_not_known_is_400(self, sessions):
        assert self.status(url(sessions, "echo", "?x=1")) == (400, "invalid_parameter")

    def test_without_an_upgrade_it_is_400(self, sessions):
        answer = requests.get(f"{sessions.url}/v1/stream/echo", timeout=30)
        assert (answer.status_code, "WebSocket" in answer.json()["error"]) == (400, True)
        http2 = subprocess.run(
            ["curl", "-s", "--http2-prior-knowledge", f"{sessions.url}/v1/stream/echo"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert "WebSocket" in json.loads(http2.stdout)["error"]

    def test_pages_from_elsewhere_are_refused(self, sessions):
        assert self.status(url(sessions, "echo"), origin="https://evil.example") == (403, "forbidden")
        assert self.status(url(sessions, "echo"), origin="null") == (403, "forbidden")

    @pytest.mark.parametrize("origin", ["https://app.example", "same"])
    def test_pages_that_may_come_in(self, sessions, origin):
        origin = sessions.url if origin == "same" else origin
        with connect(url(sessions, "echo"), origin=origin) as session:
            session.send("[1]")
            assert answer(session)["outputs"]

    def test_keys_are_asked_for(self, keyed, key):
        assert self.status(url(keyed, "open")) == (401, "unauthenticated")
        headers = {"Authorization": f"Bearer {key[0]}"}
        assert self.status(url(keyed, "closed"), additional_headers=headers)[0] in (403, 404)
        with connect(url(keyed, "open"), additional_headers=headers) as session:
            session.send("[[1]]")
            assert answer(session)["outputs"]

    def test_browsers_send_their_key_as_a_protocol(self, keyed, key):
        with connect(url(keyed, "open"), subprotocols=["sluice", f"sluice.key.{key[0]}"]) as session:
            assert session.subprotocol == "sluice"
        assert not any(key[0] in line for line in keyed.log)

    @pytest.mark.parametrize(
        "field, status",
        [
            ("Sec-WebSocket-Version: 12", "400"),
            ("Sec-WebSocket-Key: short", "400"),
            ("Upgrade: h2c", "400"),
            ("Connection: close", "400"),
        ],
    )
    def test_what_is_no_handshake_is_refused(self, sessions, field, status):
        fields = {
            "Host": sessions.address,
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
        }
        name, value = field.split(": ")
        fields[name] = value
        head = "GET /v1/stream/echo HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n"
        with socket.create_connection(("127.0.0.1", sessions.ports["public"]), timeout=30) as peer:
            peer.sendall(head.encode())
            reply = peer.recv(65536).decode()
        assert reply.split()[1] == status
        if "Version" in field:
            assert "sec-websocket-version: 13" in reply


    def test_an_upgrade_to_something_else_is_passed_over(self, sessions):
        """As curl offers it by default: the request is answered, and the connection closed behind it."""
        urls = [f"{sessions.url}/v1/infer/echo"] * 2
        result = subprocess.run(
            ["curl", "-s", "--http2", "--max-time", "10", "-H", "content-type: application/json", "-d", "[1]"]
            + ["-o", "/dev/null", "-o", "/dev/null", "-w", "%{http_code} ", *urls],
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout == "200 200 "


class TestControl:
    def test_ping_is_answered(self, sessions):
        with connect(url(sessions, "echo")) as session:
            assert session.ping(b"x").wait(30)
            assert session.ping().wait(30)

    def test_closing_is_agreed_on(self, sessions):
        with connect(url(sessions, "echo")) as session:
            session.close(code=1000, reason="done")
            assert session.protocol.close_rcvd.code == 1000

    def test_a_message_that_is_too_large_ends_the_session(self, sessions):
        with connect(url(sessions, "echo")) as session:
            with pytest.raises(ConnectionClosedError) as closed:
                session.send(bytes(2 << 20))
                session.recv(timeout=30)
            assert closed.value.rcvd.code == 1009

    def test_fragments_that_are_too_large_together_too(self, sessions):
        with connect(url(sessions, "echo")) as session:
            with pytest.raises(ConnectionClosedError) as closed:
                session.send(bytes(300 << 10) for _ in range(5))
                session.recv(timeout=30)
            assert closed.value.rcvd.code == 1009

    @pytest.mark.parametrize(
        "frame, code",
        [
            (Frame(Opcode.TEXT, b"\xff"), 1007),
            (Frame(Opcode.CONT, b"x"), 1002),
            (Frame(Opcode.CLOSE, b"\3\xe8"), 1000),
            (Frame(Opcode.CLOSE, b"\0\1"), 1002),
            (Frame(Opcode.CLOSE, b"x"), 1002),
        ],
    )
    def test_frames_are_as_the_rfc_says(self, sessions, frame, code):
        assert self.close_code(sessions, frame.serialize(mask=True)) == code

    def test_extensions_that_nobody_agreed_on_are_refused(self, sessions):
        compressed = bytearray(Frame(Opcode.TEXT, b"[1]").serialize(mask=True))
        compressed[0] |= 0x40
        assert self.close_code(sessions, bytes(compressed)) == 1002

    def test_frames_without_a_mask_are_refused(self, sessions):
        assert self.close_code(sessions, Frame(Opcode.TEXT, b"[1]").serialize(mask=False)) == 1002

    def close_code(self, sessions, *frames):
        with raw(sessions, "echo") as peer:
            for frame in frames:
                peer.sendall(frame)
            reply = b""
            while piece := peer.recv(65536):
                reply += piece
        assert reply[0] == 0x88
        return int.from_bytes(reply[2:4])

    def test_a_client_that_does_not_read_is_held_back(self, sessions):
        """Each message takes the model seconds: what waits is bounded, and so the client's sends block."""
        body = json.dumps({"INPUT0": [[0.5] * 50_000], "parameters": {"behaviour": "slow", "for": "5s"}}).encode()
        frame = Frame(Opcode.TEXT, body).serialize(mask=True)
        with raw(sessions, "stub") as peer:
            peer.settimeout(2)
            sent = 0
            with pytest.raises(TimeoutError):
                while sent < 200 << 20:
                    sent += peer.send(frame)
            assert sent < 32 << 20

    def test_leaving_ends_the_work(self, sessions):
        for leave in ("close", "cut"):
            seen = len(sessions.log)
            session = connect(url(sessions, "stub"))
            session.send('{"INPUT0": [[1.0]], "parameters": {"behaviour": "hang", "for": "60s"}}')
            session.ping().wait(30)
            if leave == "close":
                session.close()
            else:
                session.socket.shutdown(socket.SHUT_RDWR)
            # The next request finds the model free: its four threads wait for nobody.
            for _ in range(4):
                with connect(url(sessions, "stub")) as other:
                    other.send('{"INPUT0": [[1.0]]}')
                    assert answer(other)["outputs"]
            assert wait_for(lambda: any('"status":499' in line for line in sessions.log[seen:]))

    def test_a_session_that_ends_makes_room_for_the_next(self, sessions):
        """The model keeps one sequence at a time."""
        with connect(url(sessions, "lone")) as first, connect(url(sessions, "lone")) as second:
            first.send("[[1]]")
            assert answer(first)["outputs"]
            second.send("[[1]]")
            assert answer(second)["code"] == "overloaded"
        for leave in ("close", "cut", "early"):
            session = connect(url(sessions, "lone"))
            hang = '{"INPUT0": [[1]], "parameters": {"behaviour": "hang", "for": "60s"}}'
            session.send(hang if leave == "early" else "[[1]]")
            if leave == "early":
                session.ping().wait(30)
            else:
                assert answer(session)["outputs"], leave
            if leave == "cut":
                session.socket.shutdown(socket.SHUT_RDWR)
            else:
                session.close()

            def begins():
                with connect(url(sessions, "lone")) as next_one:
                    next_one.send("[[1]]")
                    return "outputs" in answer(next_one)

            assert wait_for(begins), leave

    def test_silence_is_asked_about_and_then_ended(self):
        text = """\
version: 1
listeners: { public: { address: "127.0.0.1:0", timeouts: { idle: 800ms } } }
auth: none
models: { echo: { plugin: echo } }
"""
        with Gateway(text) as gateway:
            with raw(gateway, "echo") as silent, connect(url(gateway, "echo"), ping_interval=None) as polite:
                reply = b""
                while piece := silent.recv(65536):
                    reply += piece
                # A ping, and then the end of one that doesn't answer; one that does stays.
                assert reply[:2] == b"\x89\x00"
                assert (reply[2], int.from_bytes(reply[4:6])) == (0x88, 1001)
                polite.send("[1]")
                assert answer(polite)["outputs"]

    def test_there_may_be_no_memory_for_a_message(self):
        text = """\
version: 1
listeners: { public: { address: "127.0.0.1:0" } }
auth: none
models: { echo: { plugin: echo } }
max_inflight: 1MiB
"""
        with Gateway(text) as gateway, connect(url(gateway, "echo")) as session:
            with pytest.raises(ConnectionClosedError) as closed:
                session.send(bytes(8 << 20))
                session.recv(timeout=30)
            assert closed.value.rcvd.code == 1013

    def test_the_gateway_says_goodbye(self, sessions):
        with Gateway(sessions.text) as gateway:
            busy, idle = connect(url(gateway, "stub")), connect(url(gateway, "stub"))
            busy.send('{"INPUT0": [[1.0]], "parameters": {"behaviour": "slow", "for": "500ms"}}')
            busy.ping().wait(30)
            gateway._process.send_signal(signal.SIGTERM)
            assert answer(busy)["outputs"]
            for session in (busy, idle):
                with pytest.raises(ConnectionClosedOK) as closed:
                    session.recv(timeout=30)
                assert closed.value.rcvd.code == 1001

    def test_the_log_has_each_message(self, sessions):
        seen = len(sessions.log)
        with connect(url(sessions, "echo"), additional_headers={"x-request-id": "talk"}) as session:
            session.send("[1]")
            answer(session)
        lines = []

        def both():
            lines[:] = [json.loads(line) for line in sessions.log[seen:] if '"talk' in line]
            return len(lines) == 2

        assert wait_for(both)
        assert [(line["request_id"], line["method"], line["status"]) for line in lines] == [
            ("talk", "GET", 101),
            ("talk-1", "MESSAGE", 200),
        ]


def raw(sessions, model):
    """A connection on which the handshake is done."""
    peer = socket.create_connection(("127.0.0.1", sessions.ports["public"]), timeout=30)
    peer.sendall(
        f"GET /v1/stream/{model} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    reply = peer.recv(65536)
    assert b" 101 " in reply and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in reply
    return peer


def test_a_closed_session_stays_closed(sessions):
    session = connect(url(sessions, "echo"))
    session.close()
    with pytest.raises(ConnectionClosed):
        session.send("[1]")
