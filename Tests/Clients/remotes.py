"""Servers for the tests of models that live elsewhere: some are Sluice, and some are hostile."""

import contextlib
import http.server
import json
import socket
import socketserver
import threading

import requests
from gateway import Gateway

HEAD = 'version: 1\nlisteners: { public: { address: "127.0.0.1:0" } }\nauth: none\nobservability: { access_log: none }\n'

METADATA = {
    "name": "m",
    "versions": ["1"],
    "platform": "made up",
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
    "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
}
# The same as a model's own configuration says it.
PORTS = {key: METADATA[key] for key in ("inputs", "outputs")}
EXTENSIONS = {"name": "fake", "version": "1", "extensions": ["binary_tensor_data"]}


class Fake:
    """An Open Inference server in Python: each test says what it answers to `infer`.

    `answer` gets the handler and writes whatever it likes to it. `seen` are the requests, as (path, headers, body).
    """

    def __init__(self, answer=None, port=0, metadata=METADATA, extensions=EXTENSIONS, ready=200):
        self.answer = answer or echo
        self.metadata, self.extensions, self.ready = metadata, extensions, ready
        self.seen = []
        self.held = threading.Event()  # what answers wait for that are to be slow
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def do_GET(self):
                if self.path.endswith("/ready"):
                    return self.document({}, fake.ready)
                return self.document(fake.extensions if self.path.endswith("/v2") else fake.metadata)

            def do_POST(self):
                self.request_body = self.rfile.read(int(self.headers["Content-Length"]))
                fake.seen.append((self.path, self.headers, self.request_body))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    fake.answer(self)

            def document(self, document, status=200, headers=()):
                self.body(json.dumps(document).encode(), status, [("Content-Type", "application/json"), *headers])

            def body(self, body, status=200, headers=()):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.held.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Raw:
    """Says the same bytes to everybody, whatever they say."""

    def __init__(self, raw):
        self.raw = raw

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.sendall(self.raw)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


class Breaking:
    """Passes on what goes between a client and a port, until it is told to break: then it closes each connection on which
    the client says anything, and counts them.
    """

    def __init__(self, port):
        self.port = port
        self.breaks, self.broken = False, 0

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.socket.accept()[0]
                far = socket.create_connection(("127.0.0.1", self.port))
                threading.Thread(target=self.carry, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self.carry, args=(far, near, False), daemon=True).start()

    def carry(self, source, sink, is_client):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if is_client and self.breaks:
                    self.broken += 1
                    break
                sink.sendall(piece)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def request_of(body, headers):
    """The JSON of a request, and the bytes after it."""
    length = int(headers.get("Inference-Header-Content-Length", len(body)))
    return json.loads(body[:length]), body[length:]


def reply(handler, head, raw=b"", length=None):
    """JSON, followed by raw tensors."""
    text = json.dumps(head).encode()
    handler.body(
        text + raw,
        headers=[
            ("Content-Type", "application/octet-stream"),
            ("Inference-Header-Content-Length", str(len(text) if length is None else length)),
        ],
    )


def output(size=8, shape=(1, 2), name="y", datatype="FP32"):
    return {"name": name, "datatype": datatype, "shape": list(shape), "parameters": {"binary_data_size": size}}


def echo(handler):
    """What came as `x` goes back as `y`."""
    head, raw = request_of(handler.request_body, handler.headers)
    reply(handler, {"model_name": "m", "outputs": [output(len(raw), head["inputs"][0]["shape"])]}, raw)


def closed_port():
    """A port at which nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def near(models, more=""):
    """A gateway of remote models: their `config` by name."""
    lines = [
        f"  {name}: {{ plugin: remote, config: {json.dumps(config)} }}" if isinstance(config, dict) else f"  {name}: {config}"
        for name, config in models.items()
    ]
    return Gateway(HEAD + "models:\n" + "\n".join(lines) + "\n" + more)


def post(gateway, model="far", values=((1, 2),), **options):
    return requests.post(
        f"{gateway.url}/v1/infer/{model}",
        json={"x": [list(row) for row in values], **options.pop("body", {})},
        timeout=30,
        **options,
    )


def say(raw):
    """These bytes and nothing else, and the end of the connection."""

    def answer(handler):
        handler.wfile.write(raw)
        handler.wfile.flush()
        handler.close_connection = True

    return answer
