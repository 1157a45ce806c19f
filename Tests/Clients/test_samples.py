"""What `GET /v1/models/{model}` shows is sent as it stands, by the shell."""

import re
import subprocess

import pytest
import requests
from gateway import ROOT, Gateway

TEXT = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
models:
  iris:
    plugin: onnxruntime
    config: {{ file: {ROOT}/build/models/iris.onnx }}
    inputs: {{ X: {{ columns: [sepal length, "it's", petal_length, petal_width] }} }}
  wide: {{ plugin: echo, config: {{ inputs: [{{ name: x, datatype: FP32, shape: [-1, 3, 224, 224] }}] }} }}
  two: {{ plugin: echo, config: {{ inputs: [{{ name: "a b", datatype: INT64, shape: [-1] }}, {{ name: t, datatype: BYTES, shape: [-1] }}] }} }}
  text: {{ plugin: echo, config: {{ inputs: [{{ name: t, datatype: BYTES, shape: [] }}] }} }}
  truth: {{ plugin: echo, config: {{ inputs: [{{ name: b, datatype: BOOL, shape: [4] }}] }} }}
  half: {{ plugin: echo, config: {{ inputs: [{{ name: h, datatype: FP16, shape: [-1, 8] }}] }} }}
  picture:
    plugin: echo
    config: {{ inputs: [{{ name: x, datatype: FP32, shape: [-1, 3, 80, 80] }}] }}
    inputs: {{ x: {{ image: {{ size: 80x80 }} }} }}
  sound:
    plugin: echo
    config: {{ inputs: [{{ name: x, datatype: FP32, shape: [-1, 512] }}] }}
    inputs: {{ x: {{ audio: {{ rate: 16kHz, window: 512 }} }} }}
  both:
    plugin: echo
    config: {{ inputs: [{{ name: a, datatype: UINT8, shape: [-1, -1, -1, 3] }}, {{ name: b, datatype: FP32, shape: [-1] }}] }}
    inputs: {{ a: {{ image: {{ layout: NHWC, datatype: UINT8 }} }} }}
observability: {{ access_log: none }}
"""
MODELS = re.findall(r"^  (\w+):", TEXT, re.MULTILINE)


@pytest.fixture(scope="module")
def gateway():
    with Gateway(TEXT) as gateway:
        yield gateway


def send(gateway, command):
    text = command.replace("http://HOST", gateway.url)
    assert text != command, f"{command} doesn't say where it goes"
    text = text.replace("curl ", "curl --silent --show-error --write-out '\\n%{http_code}' ", 1)
    result = subprocess.run(["bash", "-c", text], capture_output=True, timeout=60, check=False)
    assert result.returncode == 0, f"{command}\n{result.stderr}"
    body, status = result.stdout.rsplit(b"\n", 1)
    return int(status), body


@pytest.mark.parametrize("model", MODELS)
def test_every_sample_is_answered(gateway, model):
    about = requests.get(f"{gateway.url}/v1/models/{model}", timeout=30).json()
    sent = []
    for entry in about["accepts"]:
        if "FILE" in entry["curl"]:
            assert re.match(r"(image|audio|video|multipart)/", entry["content_type"]), entry
            continue
        status, body = send(gateway, entry["curl"])
        # A model of two inputs can't be asked by a picture alone, which is said.
        if model == "both" and entry["content_type"].startswith("image/"):
            assert status == 400
            continue
        assert status == 200, f"{entry['curl']}\n{body.decode(errors='replace')}"
        sent.append(entry["content_type"])
    assert "application/json" in sent or model in ("wide", "picture"), about["accepts"]
    assert len(sent) >= 3, about["accepts"]


def test_enough_formats_have_one(gateway):
    about = requests.get(f"{gateway.url}/v1/models/iris", timeout=30).json()
    types = [entry["content_type"] for entry in about["accepts"] if "FILE" not in entry["curl"]]
    assert types == [
        "application/json",
        "text/csv",
        "text/tab-separated-values",
        "application/xml",
        "application/octet-stream",
        "application/x-npy",
        "application/x-npz",
        "application/x-safetensors",
        "application/x-protobuf",
        "application/vnd.apache.arrow.stream",
        "multipart/form-data",
    ]


def test_large_and_media_samples_are_whole(gateway):
    for model, type_ in [("wide", "application/octet-stream"), ("picture", "image/png"), ("sound", "audio/wav")]:
        about = requests.get(f"{gateway.url}/v1/models/{model}", timeout=30).json()
        entry = next(entry for entry in about["accepts"] if entry["content_type"] == type_)
        assert "FILE" not in entry["curl"] and entry["sample_bytes"] > 100, entry
