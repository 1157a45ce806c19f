"""Starts what is measured. Every server gets free ports and a folder of its own, and ends with its context."""

import hashlib
import http.client
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
RELEASE = pathlib.Path(os.environ.get("SLUICE_RELEASE", ROOT / ".build" / "release"))
SLUICE = RELEASE / "sluice"
PLUGINS = ROOT / "build" / "plugins"
MODELS = ROOT / "build" / "models"
THREADS = 2


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A process that answers on `port`, and HTTP/2 on `grpc_port`; `pid` is the root of the tree to measure.

    Used as a context: starts on entering, ends with everything that it started on leaving.
    """

    start_limit = 120
    ready_path = "/v2/health/ready"

    def __init__(self, name):
        self.name = name
        self.port = free_port()
        self.grpc_port = None
        self.headers = {}
        self.folder = None
        self.process = None

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-bench-"))
        try:
            command = self.command()
            self.log = open(self.folder / "log", "w")
            started = time.monotonic()
            # A session of its own: what it starts ends with it.
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env=self.environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                start_new_session=True,
            )
            self.wait_until_ready()
            self.ready_milliseconds = (time.monotonic() - started) * 1000
        except BaseException:
            self.__exit__()
            raise
        return self

    @property
    def pid(self):
        return self.process.pid

    def wait_until_ready(self):
        deadline = time.monotonic() + self.start_limit
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.tail()}")
            try:
                if self.get(self.ready_path) == 200:
                    return
            except OSError:
                pass
            time.sleep(0.001)
        raise RuntimeError(f"{self.name} was not ready within {self.start_limit} s: {self.tail()}")

    def tail(self):
        return (self.folder / "log").read_text(errors="replace")[-600:]

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path, headers=self.headers)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def post(self, path, body, headers):
        """One request; status, headers with lower-case names, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", path, body, {**headers, **self.headers})
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        finally:
            connection.close()

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                pass
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None
        if self.folder is not None:
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


class Sluice(Server):
    """The gateway, with what `configuration` makes of a fresh key's hash."""

    def __init__(self, configuration, name="sluice"):
        super().__init__(name)
        self.grpc_port = self.port
        self.configuration = configuration

    def command(self):
        key = "slk_bench_" + secrets.token_urlsafe(32)
        text = self.configuration(hashlib.sha256(key.encode()).hexdigest())
        (self.folder / "gateway.yaml").write_text(text.replace("127.0.0.1:0", f"127.0.0.1:{self.port}"))
        if "auth: api_keys" in text:
            self.headers = {"Authorization": f"Bearer {key}"}
        return [SLUICE, "serve", "gateway.yaml", "--threads", THREADS]

    def environment(self):
        return {**os.environ, "SLUICE_PLUGIN_PATH": f"{PLUGINS}:{RELEASE}"}


class Nginx(Server):
    """nginx that answers with a static file of the same size: the floor of any HTTP server."""

    ready_path = "/answer"

    def __init__(self, answer, media_type):
        super().__init__("nginx")
        self.grpc_port = free_port()
        self.answer, self.media_type = answer, media_type

    def command(self):
        self.folder.chmod(0o755)  # started by root, nginx reads as somebody else
        (self.folder / "answer").write_bytes(self.answer)
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(f"""
worker_processes {THREADS}; daemon off; pid nginx.pid; error_log error.log;
events {{ worker_connections 20000; }}
http {{
  access_log off; keepalive_requests 1000000000; sendfile on; open_file_cache max=10; {temporary}
  client_max_body_size 64m; client_body_buffer_size 8m;
  server {{
    listen 127.0.0.1:{self.port};
    location / {{ root {self.folder}; default_type {self.media_type}; error_page 405 =200 /answer; }}
  }}
  server {{
    # Over HTTP/2 a file that is sent by itself waits 40 ms for the client to acknowledge its header fields.
    listen 127.0.0.1:{self.grpc_port} http2; sendfile off; output_buffers 2 1m;
    location / {{ root {self.folder}; default_type {self.media_type}; }}
  }}
}}
""")
        # Compiled-in folders for logs may not be ours to write to.
        return ["nginx", "-c", self.folder / "nginx.conf", "-p", self.folder, "-e", self.folder / "error.log"]


class NginxProxy(Server):
    """nginx in front of another server, over connections that it keeps."""

    def __init__(self, behind, name):
        super().__init__(name)
        self.behind = behind

    def command(self):
        self.folder.chmod(0o755)
        temporary = "".join(
            f"{kind}_temp_path {self.folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(f"""
worker_processes {THREADS}; daemon off; pid nginx.pid; error_log error.log;
events {{ worker_connections 20000; }}
http {{
  access_log off; keepalive_requests 1000000000; {temporary}
  client_max_body_size 64m; client_body_buffer_size 8m; proxy_buffer_size 64k; proxy_buffers 64 64k;
  upstream behind {{ server 127.0.0.1:{self.behind.port}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{self.port};
    location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
""")
        return ["nginx", "-c", self.folder / "nginx.conf", "-p", self.folder, "-e", self.folder / "error.log"]


class BareEcho(Server):
    """A SwiftNIO server that gives back the body of each request: what the network layer alone costs."""

    ready_path = "/"

    def __init__(self):
        super().__init__("bare NIO")
        self.grpc_port = free_port()

    def command(self):
        return [RELEASE / "bare-echo", self.port, self.grpc_port, THREADS]


class Exchange(Server):
    """The barest server that can have a runner: what two processes take to say a word each, and without one of them nothing."""

    ready_path = "/"

    def __init__(self, way):
        super().__init__(f"barest, {way}")
        self.way = way

    def command(self):
        program = self.folder / "exchange"
        source = ROOT / "Benchmarks" / "Exchange" / "exchange.c"
        subprocess.run(["cc", "-O2", str(source), "-o", str(program)], check=True)
        return [program, self.port, self.way]
