"""A client that goes away is seen by the plugin within 50 ms, whichever way it was connected and left."""

import json
import pathlib
import socket
import struct
import threading
import time

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
from gateway import ROOT, Gateway, wait_for
from websockets.sync.client import connect

# Waits to be told that nobody wants its answer, and notes when that was.
MODEL = '''
import time
import numpy as np

class Patient:
    inputs = {"x": ("FP32", [1])}
    outputs = {"y": ("FP32", [1])}
    max_concurrency = 4

    def load(self, config):
        self.folder = config["folder"]

    def infer(self, inputs, request):
        number = int(inputs["x"][0])
        open(f"{self.folder}/began-{number}", "w").close()
        end = time.monotonic() + 20
        while not request.cancelled and time.monotonic() < end:
            time.sleep(0.001)
        with open(f"{self.folder}/seen-{number}.part", "w") as file:
            file.write(str(time.monotonic()))
        import os
        os.rename(f"{self.folder}/seen-{number}.part", f"{self.folder}/seen-{number}")
        return inputs
'''


@pytest.fixture(scope="module")
def patient():
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
plugins: {{ python: {{ isolation: in-process }} }}
models:
  patient:
    plugin: python
    config: {{ file: ./patient.py, venv: {ROOT}/build/venv, settings: {{ folder: FOLDER }} }}
observability: {{ access_log: none }}
"""
    made = Gateway(text)
    made.text = made.text.replace("FOLDER", str(made.folder))
    (made.folder / "patient.py").write_text(MODEL)
    with made:
        yield made


class HTTP1:
    def __init__(self, gateway, number):
        self.peer = socket.create_connection(("127.0.0.1", gateway.ports["public"]))
        body = json.dumps({"x": [number]})
        head = "POST /v1/infer/patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}"
        self.peer.sendall(f"{head}\r\n\r\n{body}".encode())

    def leave(self):
        self.peer.close()


class HTTP2Reset:
    """Frames by hand: a request, and later RST_STREAM, with the connection left open."""

    def __init__(self, gateway, number):
        self.peer = socket.create_connection(("127.0.0.1", gateway.ports["public"]))
        self.peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(4, 0, 0, b""))
        fields = {
            ":method": "POST",
            ":scheme": "http",
            ":path": "/v1/infer/patient",
            ":authority": "x",
            "content-type": "application/json",
        }
        block = b"".join(b"\0" + self.literal(name) + self.literal(value) for name, value in fields.items())
        self.peer.sendall(self.frame(1, 4, 1, block) + self.frame(0, 1, 1, json.dumps({"x": [number]}).encode()))

    @staticmethod
    def literal(text):
        return bytes([len(text)]) + text.encode()

    @staticmethod
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def leave(self):
        self.peer.sendall(self.frame(3, 0, 1, struct.pack(">I", 8)))


class GRPC:
    def __init__(self, gateway, number):
        self.client = triton_grpc.InferenceServerClient(gateway.address)
        given = triton_grpc.InferInput("x", [1], "FP32")
        given.set_data_from_numpy(np.array([number], np.float32))
        self.call = self.client.async_infer("patient", [given], callback=lambda result, error: None)

    def leave(self):
        self.call.cancel()


class WebSocketClose:
    def __init__(self, gateway, number):
        self.session = connect(f"ws://{gateway.address}/v1/stream/patient")
        self.session.send(json.dumps({"x": [number]}))

    def leave(self):
        threading.Thread(target=self.session.close).start()


class WebSocketCut(WebSocketClose):
    def leave(self):
        self.session.socket.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("way", [HTTP1, HTTP2Reset, GRPC, WebSocketClose, WebSocketCut])
def test_the_plugin_sees_it_at_once(patient, way):
    """The best of five: other work on the machine delays one or the other, but what polls is late every time."""
    taken = []
    for attempt in range(5):
        number = 100 * [HTTP1, HTTP2Reset, GRPC, WebSocketClose, WebSocketCut].index(way) + attempt
        client = way(patient, number)
        began, seen = (pathlib.Path(patient.folder / f"{word}-{number}") for word in ("began", "seen"))
        assert wait_for(began.exists), way
        left = time.monotonic()
        client.leave()
        assert wait_for(seen.exists, 15), way
        taken.append(float(seen.read_text()) - left)
    assert min(taken) < 0.05, (way, taken)
