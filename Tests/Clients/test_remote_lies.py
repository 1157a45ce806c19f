"""Models that live on another server, and servers that lie."""

import pytest
import remotes
import requests
from remotes import PORTS, Fake, near, post, say


def lie(head, raw=b"", length=None):
    return lambda handler: remotes.reply(handler, head, raw, length)


def endless(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"10000\r\n" + b"[" * 65536 + b"\r\n")


def many_fields(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"x-more: " + b"x" * 1000 + b"\r\n")


GOOD = remotes.output()
LIES = {
    "no JSON": (say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), "no answer of the Open Inference Protocol"),
    "deep JSON": (say(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n" + b"[" * 90000), "no answer of the Open Inference"),
    "no outputs": (lie({}), "no answer of the Open Inference Protocol"),
    "an output less": (lie({"outputs": []}), 'does not answer output "y"'),
    "another output": (lie({"outputs": [{**GOOD, "name": "z"}]}, bytes(8)), "an output that it doesn't declare"),
    "twice": (lie({"outputs": [GOOD, GOOD]}, bytes(16)), 'output "y" twice'),
    "another type": (lie({"outputs": [{**GOOD, "datatype": "FP64"}]}, bytes(8)), "in another type"),
    "another rank": (lie({"outputs": [{**GOOD, "shape": [2]}]}, bytes(8)), "in another shape"),
    "another width": (lie({"outputs": [{**GOOD, "shape": [1, 3]}]}, bytes(12)), "in another shape"),
    "below nothing": (lie({"outputs": [{**GOOD, "shape": [-1, 2]}]}, bytes(8)), "in another shape"),
    "huge": (lie({"outputs": [{**GOOD, "shape": [1 << 62, 2]}]}, bytes(8)), "too large"),
    "fewer bytes": (lie({"outputs": [remotes.output(4)]}, bytes(4)), 'answers 4 bytes for "y", whose shape takes 8'),
    "bytes that aren't there": (lie({"outputs": [remotes.output(1 << 40)]}, bytes(8)), "longer than its whole answer"),
    "bytes left over": (lie({"outputs": [GOOD]}, bytes(9)), "more bytes than its outputs have"),
    "a head beyond the end": (lie({"outputs": [GOOD]}, bytes(8), 1 << 30), "JSON is longer than its whole answer"),
    "a head of words": (lie({"outputs": [GOOD]}, bytes(8), "many"), "JSON is longer than its whole answer"),
    "too few numbers": (lie({"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [1]}]}), "fewer elements"),
    "too many numbers": (
        lie({"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [[1, 2, 3]]}]}),
        "more elements",
    ),
    "a shape without its numbers": (
        lie({"outputs": [{"name": "y", "datatype": "FP32", "shape": [1 << 30, 2], "data": []}]}),
        "fewer elements",
    ),
    "text for numbers": (
        lie({"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": ["a", "b"]}]}),
        "no answer of the Open Inference Protocol",
    ),
    "no HTTP": (say(b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP"),
    "header fields without end": (many_fields, "64 KiB of header fields"),
    "a body without end": (endless, "longer than max_answer"),
}


@pytest.fixture(scope="module")
def lying():
    with Fake() as fake:
        config = {"servers": [fake.url], "max_answer": "1MiB", "timeout": "5s", "eject": {"after": 1000}}
        with near({"far": config}) as gateway:
            yield fake, gateway


class TestLies:
    @pytest.mark.parametrize("name", LIES)
    def test_is_a_clear_error_and_no_end(self, lying, name):
        fake, gateway = lying
        fake.answer, text = LIES[name]
        answer = post(gateway)
        assert (answer.status_code, answer.json()["code"]) == (500, "model_failed"), answer.text
        assert text in answer.json()["error"]
        fake.answer = remotes.echo
        assert post(gateway).json()["outputs"] == {"y": [[1, 2]]}

    def test_half_an_answer(self, lying):
        fake, gateway = lying
        for raw in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"HTTP/1.1 200"):
            fake.answer = say(raw)
            answer = post(gateway)
            assert (answer.status_code, answer.json()["code"]) == (503, "model_unavailable"), answer.text
        fake.answer = remotes.echo
        assert post(gateway).status_code == 200

    @pytest.mark.parametrize(
        "raw, text",
        [
            (b"data: {}\n\n", "ended in the middle"),
            (b"data: nonsense\n\n", "no part of an answer"),
            (b'data: {"error": {"message": "out of luck"}}\n\n', "out of luck"),
            (b"data: " + b"x" * (17 << 20), "more than 16 MiB"),
        ],
    )
    def test_events(self, raw, text):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        with Fake(say(head + raw)) as fake, near({"far": {"protocol": "openai", "servers": [fake.url]}}) as gateway:
            body = {"model": "far", "messages": [{"role": "user", "content": "hello"}]}
            answer = requests.post(f"{gateway.url}/v1/chat/completions", json=body, timeout=30)
            assert answer.status_code == 500 and text in answer.text

    @pytest.mark.parametrize(
        "raw",
        [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"\0\0\4\0\0\0\0\0\0" + b"\xff" * 4000, b"\0\0\0\4\0\0\0\0\0" + bytes(range(256)) * 40],
    )
    def test_what_is_no_http2(self, raw):
        with remotes.Raw(raw) as server:
            config = {"protocol": "grpc", "servers": [server.url], "timeout": "2s", "health": False, **PORTS}
            with near({"far": config}) as gateway:
                answer = post(gateway)
                assert answer.status_code in (500, 503), answer.text
