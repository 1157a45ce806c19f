"""Starts what is measured: the gateway, and nginx as the floor. Every server gets free ports and ends with its context."""
import hashlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until_answers(port, path, process, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"server ended with {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.005)
    raise RuntimeError(f"no answer on port {port}")


class Server:
    """A process with a port; `pid` is the root of the tree to measure."""

    def __init__(self, name, command, port, ready_path, log):
        self.name, self.port, self.key = name, port, None
        started = time.monotonic()
        self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until_answers(port, ready_path, self.process)
        self.ready_milliseconds = (time.monotonic() - started) * 1000
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def sluice(folder, threads=2):
    """The gateway with the configuration beside this file, and a fresh key."""
    key = "slk_bench_" + secrets.token_urlsafe(32)
    port = free_port()
    with open(os.path.join(ROOT, "Benchmarks", "gateway.yaml")) as f:
        text = f.read()
    text = text.replace("KEY_HASH", hashlib.sha256(key.encode()).hexdigest()).replace("127.0.0.1:0", f"127.0.0.1:{port}")
    path = os.path.join(folder, "gateway.yaml")
    with open(path, "w") as f:
        f.write(text)
    log = open(os.path.join(folder, "sluice.log"), "w")
    binary = os.environ.get("SLUICE", os.path.join(ROOT, ".build", "release", "sluice"))
    os.environ["SLUICE_PLUGIN_PATH"] = os.path.join(ROOT, "build", "plugins")
    server = Server("sluice", [binary, "serve", path, "--threads", str(threads)], port, "/v2/health/ready", log)
    server.key = key
    return server


def nginx(folder, body, media_type, workers=2):
    """nginx that answers every request with a static body of the same size: the floor of any HTTP server."""
    port = free_port()
    with open(os.path.join(folder, "answer"), "wb") as f:
        f.write(body)
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w") as f:
        f.write(f"""
worker_processes {workers}; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}; sendfile on; open_file_cache max=10;
  proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location / {{ root {folder}; default_type {media_type}; error_page 405 =200 /answer; }} }}
}}
""")
    log = open(os.path.join(folder, "nginx.out"), "w")
    return Server("nginx", ["nginx", "-c", path, "-p", folder], port, "/answer", log)


def post(server, path, body, headers):
    """One request, for checking that an answer is right before it is measured."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()


def scratch():
    return tempfile.TemporaryDirectory(prefix="sluice-bench-")


__all__ = ["Server", "free_port", "json", "nginx", "post", "scratch", "sluice"]
