"""Rows of any number in one request: /v1/batch against the models' own runtimes, with the clients that people have."""

import csv
import gzip
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import threading

import httpx
import numpy as np
import onnxruntime
import pytest
import requests
from gateway import PROGRAM, ROOT, Gateway, environment, wait_for

COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
CSV = {"Content-Type": "text/csv"}


@pytest.fixture(scope="module")
def gate():
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0", serves: [inference, metrics], max_body: 32MiB }} }}
auth: none
models:
  iris:
    plugin: onnxruntime
    config: {{ file: {ROOT}/build/models/iris.onnx }}
    inputs: {{ X: {{ columns: [{", ".join(COLUMNS)}] }} }}
  echo: {{ plugin: echo, config: {{ inputs: [{{ name: x, datatype: FP32, shape: [-1, 2] }}] }} }}
observability: {{ access_log: none }}
"""
    with Gateway(text) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def flowers():
    """Made-up flowers as float32, as CSV, and what the model's own runtime says of them."""
    random = np.random.default_rng(7)
    values = random.uniform([4, 2, 1, 0.1], [8, 4.5, 7, 2.6], (100_000, 4)).astype(np.float32)
    text = ",".join(COLUMNS) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in values.tolist())
    session = onnxruntime.InferenceSession(ROOT / "build/models/iris.onnx")
    labels, scores = session.run(None, {session.get_inputs()[0].name: values})
    return values, text.encode(), np.array(labels), scores


def check(found, flowers):
    """Labels are the runtime's, but where two are as good: sums of so many trees differ in the last bit by the batch."""
    _, _, labels, scores = flowers
    best = np.sort(scores, axis=1)
    sure = (best[:, -1] - best[:, -2] > 1e-5)[: len(found)]
    assert len(found) == len(sure) and sure.mean() > 0.9
    np.testing.assert_array_equal(np.array(found)[sure], labels[: len(found)][sure])


def rows_in_flight(gateway):
    text = requests.get(f"{gateway.url}/metrics", timeout=30).text
    return int(next(line for line in text.splitlines() if line.startswith("sluice_requests_in_flight ")).split()[1])


def resident(gateway):
    """Peak and present memory of the gateway, in MiB."""
    status = open(f"/proc/{gateway._process.pid}/status").read()
    return [int(next(x for x in status.splitlines() if x.startswith(key)).split()[1]) / 1024 for key in ("VmHWM", "VmRSS")]


class TestAgainstTheRuntime:
    def test_requests_gets_the_runtimes_answers(self, gate, flowers):
        _, text, _, scores = flowers
        answer = requests.post(f"{gate.url}/v1/batch/iris", data=io.BytesIO(text), headers=CSV, stream=True, timeout=300)
        assert answer.status_code == 200
        rows = list(csv.reader(io.StringIO(answer.text, newline="")))
        assert rows[0] == ["label", "probabilities_0", "probabilities_1", "probabilities_2"]
        check([row[0] for row in rows[1:]], flowers)
        np.testing.assert_allclose(np.array([row[1:] for row in rows[1:]], np.float32), scores, atol=1e-5)

    @pytest.mark.parametrize("http2", [False, True])
    def test_httpx_streams_lines(self, gate, flowers, http2):
        values, _, _, _ = flowers

        def lines():
            for start in range(0, 20_000, 500):
                yield b"".join(json.dumps(row).encode() + b"\n" for row in values[start : start + 500].tolist())

        with httpx.Client(http1=not http2, http2=http2, timeout=300) as client:
            headers = {"Content-Type": "application/x-ndjson"}
            with client.stream("POST", f"{gate.url}/v1/batch/iris", content=lines(), headers=headers) as answer:
                assert (answer.status_code, answer.http_version) == (200, "HTTP/2" if http2 else "HTTP/1.1")
                found = [json.loads(line) for line in answer.iter_lines()]
        check([line["outputs"]["label"] for line in found[:-1]], flowers)
        assert [line["row"] for line in found[:-1]] == list(range(1, 20_001))
        assert found[-1] == {"end": "complete", "rows": 20_000, "failed": 0}

    def test_memory_stays_bounded(self, gate, flowers):
        """Thirty times the rows, sent and read at the same time, through the command."""
        _, text, labels, _ = flowers
        header, _, rows = text.partition(b"\n")
        before = resident(gate)[1]
        command = subprocess.Popen(
            [PROGRAM, "infer", "--url", gate.url, "--model", "iris", "--outputs", "label", "--type", "csv", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )

        def send():
            command.stdin.write(header + b"\n")
            for _ in range(3):
                command.stdin.write(rows)
            command.stdin.close()

        sender = threading.Thread(target=send)
        sender.start()
        count = sum(1 for _ in command.stdout)
        sender.join()
        assert (command.wait(60), count) == (0, 1 + 3 * len(labels))
        peak = resident(gate)[0]
        assert peak < max(200, before + 60), f"{before} MiB before, {peak} MiB at its peak"


class TestClients:
    def test_curl_sends_while_it_reads(self, gate, flowers, tmp_path):
        _, text, _, _ = flowers
        (tmp_path / "flowers.csv").write_bytes(text)
        command = ["curl", "-sS", "-X", "POST", "-T", tmp_path / "flowers.csv", "-H", "Content-Type: text/csv"]
        result = subprocess.run([*command, f"{gate.url}/v1/batch/iris?outputs=label"], capture_output=True, check=True)
        head, *found, last = result.stdout.decode().split("\r\n")
        assert (head, last) == ("label", "")
        check(found, flowers)

    def test_gzip_is_undone_on_the_way(self, gate, flowers):
        _, text, _, _ = flowers
        headers = {**CSV, "Content-Encoding": "gzip"}
        answer = requests.post(
            f"{gate.url}/v1/batch/iris?outputs=label", data=gzip.compress(text), headers=headers, timeout=300)
        check(answer.text.split("\r\n")[1:-1], flowers)
        cut = requests.post(
            f"{gate.url}/v1/batch/iris?outputs=label", data=gzip.compress(text[:2000])[:-4], headers=headers, timeout=60)
        assert (cut.status_code, cut.json()["code"]) == (400, "malformed_body")

    def test_a_body_longer_than_max_body_is_no_matter(self, gate):
        text = b"x_0,x_1\n" + b"1,                                                  2\n" * 700_000
        assert len(text) > 32 << 20
        sent = http.client.HTTPConnection("127.0.0.1", gate.ports["public"], timeout=300)
        sent.request("POST", "/v1/batch/echo?outputs=x", body=text, headers=CSV)
        answer = sent.getresponse()
        assert answer.read() == b"x_0,x_1\r\n" + b"1,2\r\n" * 700_000

    def test_going_on_gives_the_bytes_of_one_go(self, gate, flowers):
        _, text, _, _ = flowers
        text = text[: text.index(b"\n", 200_000) + 1]
        whole = requests.post(f"{gate.url}/v1/batch/iris?batch=100", data=text, headers=CSV, timeout=60).content
        kept = whole[:50_000]
        kept = kept[: kept.rindex(b"\r\n") + 2]
        offset = kept.count(b"\r\n") - 1
        rest = requests.post(f"{gate.url}/v1/batch/iris?batch=77&offset={offset}", data=text, headers=CSV, timeout=60)
        assert kept + rest.content == whole


class TestErrors:
    def test_skip_keeps_the_rows_apart(self, gate):
        rows = [f"{i},{i}" if i % 10 else f"{i},wrong" for i in range(1, 5001)]
        body = "x_0,x_1\n" + "\n".join(rows)
        answer = requests.post(f"{gate.url}/v1/batch/echo?errors=skip&batch=64", data=body, headers=CSV, timeout=60)
        found = list(csv.reader(io.StringIO(answer.text)))
        assert found[0] == ["x_0", "x_1", "error"]
        for i, row in enumerate(found[1:], 1):
            assert row[:2] == ([str(i)] * 2 if i % 10 else ["", ""])
            assert row[2] == ("" if i % 10 else f'invalid_input: input "x", row {i}, column "x_1" (line {i + 1}): "wrong" is not a number')
        assert len(found) == 5001

    def test_fail_breaks_off_so_that_clients_see_it(self, gate):
        body = "x_0,x_1\n" + "1,2\n" * 2000 + "3\n" + "1,2\n" * 2000
        url = f"{gate.url}/v1/batch/echo?batch=100"
        answer = requests.post(url, data=body, headers=CSV, stream=True, timeout=60)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            list(answer.iter_lines())
        for http2 in (False, True):
            with httpx.Client(http1=not http2, http2=http2) as client, pytest.raises(httpx.RemoteProtocolError):
                client.post(url, content=body, headers=CSV)
        curl = subprocess.run(
            ["curl", "-sS", "--data-binary", "@-", "-H", "Content-Type: text/csv", url], input=body.encode(), capture_output=True)
        assert curl.returncode == 18
        last = curl.stdout.decode().split("\r\n")[-2]
        assert last == '#error malformed_body: row 2001 (line 2002) has 1 cell, but the header has 2; go on with offset=2000' or last == (
            '"#error malformed_body: row 2001 (line 2002) has 1 cell, but the header has 2; go on with offset=2000"')
        assert curl.stdout.count(b"1,2\r\n") == 2000

    def test_fail_is_the_last_line_of_lines(self, gate):
        body = b"[1,2]\n" * 250 + b"[1,2\n" + b"[1,2]\n" * 250
        answer = requests.post(
            f"{gate.url}/v1/batch/echo?batch=100", data=body, headers={"Content-Type": "application/x-ndjson"}, timeout=60)
        last = json.loads(answer.text.splitlines()[-1])
        assert (last["end"], last["code"], last["rows"], last["offset"]) == ("failed", "malformed_body", 200, 200)
        assert last["error"].startswith("row 251: invalid JSON at line 251, column 5")
        assert last["request_id"] == answer.headers["x-request-id"]

    def test_a_bomb_in_gzip_takes_no_memory(self, gate):
        bomb = gzip.compress(b"1,2\n" + b" " * (200 << 20))
        headers = {**CSV, "Content-Encoding": "gzip"}
        answer = requests.post(f"{gate.url}/v1/batch/echo", data=bomb, headers=headers, timeout=120)
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


class TestLeaving:
    @pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
    def test_a_client_that_is_killed_frees_everything(self, gate, signal_number):
        assert wait_for(lambda: rows_in_flight(gate) == 1)
        script = f"""
import socket, time
peer = socket.create_connection(("127.0.0.1", {gate.ports["public"]}))
peer.sendall(b"POST /v1/batch/echo?batch=10 HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: text/csv\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
rows = b"1,2\\n" * 1000
while True:
    peer.sendall(b"%x\\r\\n" % len(rows) + rows + b"\\r\\n")
"""
        client = subprocess.Popen(["python3", "-c", script])
        try:
            assert wait_for(lambda: rows_in_flight(gate) == 2)
        finally:
            client.send_signal(signal_number)
            client.wait()
        assert wait_for(lambda: rows_in_flight(gate) == 1)

    def test_a_client_that_reads_nothing_is_held_up(self, gate):
        """Answers wait up to max_body, and then sending is held up; nothing grows any more."""
        peer = socket.create_connection(("127.0.0.1", gate.ports["public"]))
        peer.settimeout(3)
        head = b"POST /v1/batch/echo?batch=1000 HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nAccept: application/x-ndjson\r\n"
        peer.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        rows = b"1,2\n" * 10_000
        sent = 0
        with pytest.raises(socket.timeout):
            while sent < 200 << 20:
                peer.sendall(b"%x\r\n" % len(rows) + rows + b"\r\n")
                sent += len(rows)
        peak = resident(gate)[0]
        assert peak < 400, f"{peak} MiB"
        peer.close()
        assert wait_for(lambda: rows_in_flight(gate) == 1)


class TestCommand:
    def infer(self, gate, *arguments, **options):
        return subprocess.run(
            [PROGRAM, "infer", "--url", gate.url, *arguments], env=environment(), capture_output=True, timeout=300, check=False, **options)

    def test_it_goes_on_after_it_was_killed(self, gate, flowers, tmp_path):
        _, text, _, _ = flowers
        (tmp_path / "flowers.csv").write_bytes(text)
        out = tmp_path / "out.csv"
        command = [PROGRAM, "infer", "--url", gate.url, "--model", "iris", tmp_path / "flowers.csv", "--out", out]
        first = subprocess.Popen([*command, "--batch", "50"], env=environment(), stderr=subprocess.DEVNULL)
        assert wait_for(lambda: out.exists() and out.stat().st_size > 20_000 or first.poll() is not None, 60)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        result = self.infer(gate, "--model", "iris", tmp_path / "flowers.csv", "--out", out, "--resume")
        assert (result.returncode, result.stderr) == (0, b"")
        check([row[0] for row in csv.reader(out.open(newline=""))][1:], flowers)

    def test_it_reads_the_standard_input(self, gate):
        result = self.infer(gate, "--model", "echo", input=b"[1,2]\n[3,4]\n")
        assert result.returncode == 0
        assert result.stdout == b'{"row":1,"outputs":{"x":[1,2]}}\n{"row":2,"outputs":{"x":[3,4]}}\n'

    def test_it_draws_a_bar_on_a_terminal(self, gate, tmp_path):
        master, terminal = os.openpty()
        (tmp_path / "rows.csv").write_text("x_0,x_1\n" + "1,2\n" * 300_000)
        command = subprocess.Popen(
            [PROGRAM, "infer", "--url", gate.url, "--model", "echo", tmp_path / "rows.csv", "--out", tmp_path / "out.csv"],
            env=environment(), stderr=terminal)
        os.close(terminal)
        drawn = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            drawn += piece
        assert command.wait() == 0
        os.close(master)
        assert "% sent, ".encode() in drawn and " rows, ".encode() in drawn
