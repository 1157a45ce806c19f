"""Files that requests name by URL: they become what they would have been in the request, and nothing else is fetched."""

import http.server
import threading

import pytest
import requests
from gateway import ROOT, Gateway

SAMPLES = ROOT / "build" / "plugins-tests" / "media"
INPUTS = "config: { inputs: [{ name: x, datatype: UINT8, shape: [-1, -1, -1, -1] }] }, "
INPUTS += "inputs: { x: { image: { datatype: UINT8, layout: NHWC } } }"


class Files(http.server.BaseHTTPRequestHandler):
    """Pictures, and what is none."""

    asked = []

    def do_GET(self):
        Files.asked.append((self.path, dict(self.headers)))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.end_headers()
            return
        path = SAMPLES / self.path.lstrip("/")
        if not path.is_file():
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", "image/png" if path.suffix == ".png" else "application/octet-stream")
        self.send_header("Content-Length", str(path.stat().st_size))
        self.end_headers()
        self.wfile.write(path.read_bytes())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def files():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def gateway(files):
    host = files.removeprefix("http://")
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
models:
  open: {{ plugin: echo, {INPUTS}, references: {{ hosts: "{host}", networks: 127.0.0.1, http: true, size: 64KiB }} }}
  careful: {{ plugin: echo, {INPUTS}, references: {{ hosts: "{host}", http: true }} }}
  closed: {{ plugin: echo, {INPUTS} }}
observability: {{ access_log: none }}
"""
    with Gateway(text) as gateway:
        yield gateway


def ask(gateway, model, value):
    return requests.post(
        f"{gateway.url}/v1/infer/{model}", json={"x": value}, headers={"Authorization": "Bearer secret"}, timeout=60
    )


def test_a_file_by_url_is_the_file(gateway, files):
    picture = (SAMPLES / "picture.png").read_bytes()
    sent = requests.post(
        f"{gateway.url}/v1/infer/open", data=picture, headers={"Content-Type": "image/png"}, timeout=60
    ).json()
    for value in ({"url": f"{files}/picture.png"}, [{"url": f"{files}/picture.png", "type": "image/png"}]):
        answer = ask(gateway, "open", value)
        assert answer.status_code == 200, answer.text
        assert answer.json()["outputs"] == sent["outputs"]
    assert all("Authorization" not in headers for _, headers in Files.asked)


def test_a_file_that_is_not_said_to_be_one_tells_itself(gateway, files):
    assert ask(gateway, "open", {"url": f"{files}/picture.bmp"}).status_code == 200


@pytest.mark.parametrize(
    ("model", "path", "message"),
    [
        ("closed", "/picture.png", "the model takes no files by URL"),
        ("careful", "/picture.png", "the host's address is none of the public Internet"),
        ("open", "/none.png", "its server answered 404"),
        ("open", "/moved", "no files are fetched from there"),
    ],
)
def test_what_may_not_be_fetched_is_refused(gateway, files, model, path, message):
    before = len(Files.asked)
    answer = ask(gateway, model, {"url": files + path})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["error"].startswith('input "x": ') and message in answer.json()["error"]
    assert len(Files.asked) - before == (1 if model == "open" else 0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "file:///etc/passwd", "https://example.org/a.png", "", "\u00e4"])
def test_other_places_are_not_asked(gateway, url):
    answer = ask(gateway, "open", {"url": url})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_files_of_a_request_have_one_bound(gateway, files):
    size = (SAMPLES / "picture.bmp").stat().st_size
    many = [{"url": f"{files}/picture.bmp"}] * ((64 << 10) // size + 1)
    answer = ask(gateway, "open", many)
    assert answer.status_code == 400 and "the file is too large" in answer.text
