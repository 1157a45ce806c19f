"""Models that live on another server, what they answer: a second Sluice by each protocol."""

import concurrent.futures
import subprocess
import threading

import ml_dtypes
import numpy as np
import openai
import pytest
import remotes
import requests
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from conftest import DATATYPES
from gateway import PLUGINS, ROOT, Gateway, run
from remotes import HEAD, PORTS, Fake, near, post

# Says its prompt's words again, a part each.
WORDS = '''
import numpy as np

class Words:
    inputs = {"prompt": ("BYTES", [1])}
    outputs = {"text": ("BYTES", [1])}
    streams = True

    def infer(self, inputs, request):
        for word in inputs["prompt"][0].split(b" ")[: int(request.params.get("max_tokens", 1000))]:
            if word == b"fail":
                raise ValueError("told to fail")
            yield {"text": np.array([word + b" "], dtype=object)}
'''

# A row of three numbers for each text.
LENGTHS = '''
import numpy as np

class Lengths:
    inputs = {"texts": ("BYTES", [-1])}
    outputs = {"rows": ("FP32", [-1, 3])}

    def infer(self, inputs, request):
        rows = [[len(text), text.count(b"a"), 0.5] for text in inputs["texts"]]
        return {"rows": np.array(rows, np.float32)}
'''
NUMPY = {"BF16": ml_dtypes.bfloat16, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BOOL": np.bool_}


def far_text():
    echoes = "".join(
        f"  echo-{datatype}: {{ plugin: echo, config: {{ inputs: [{{ name: INPUT0, datatype: {datatype}, shape: [-1, -1] }}] }} }}\n"
        for datatype in DATATYPES
    )
    return f"""\
{HEAD}plugins: {{ python: {{ isolation: in-process }}, echo: {{}} }}
models:
{echoes}  words: {{ plugin: python, config: {{ file: ./words.py, venv: {ROOT}/build/venv }} }}
  lengths: {{ plugin: python, config: {{ file: ./lengths.py, venv: {ROOT}/build/venv }} }}
"""


@pytest.fixture(scope="module")
def far():
    made = Gateway(far_text())
    (made.folder / "words.py").write_text(WORDS)
    (made.folder / "lengths.py").write_text(LENGTHS)
    with made:
        yield made


@pytest.fixture(scope="module")
def gateway(far):
    """All of `far`'s models, by each protocol."""
    models = {}
    for datatype in DATATYPES:
        models[f"http-{datatype}"] = {"servers": [far.url], "model": f"echo-{datatype}"}
        models[f"grpc-{datatype}"] = {"protocol": "grpc", "servers": [far.url], "model": f"echo-{datatype}", "version": "1"}
        if datatype not in ("FP16", "BF16"):
            models[f"json-{datatype}"] = {"servers": [far.url], "model": f"echo-{datatype}", "tensors": "json"}
    api = [f"{far.url}/v1"]
    models |= {
        "chat": {"protocol": "openai", "servers": api, "model": "words"},
        "whole": {"protocol": "openai", "servers": api, "model": "words", "stream": False},
        "completions": {"protocol": "openai", "task": "completions", "servers": api, "model": "words"},
        "embed": {"protocol": "openai", "task": "embeddings", "servers": api, "model": "lengths", "dimensions": 3},
        "parts": {"protocol": "grpc", "servers": [far.url], "model": "words", "stream": True},
        "events": {"servers": [far.url], "model": "words", "stream": True},
        "rows": {"servers": [far.url], "model": "lengths", "batched": True},
    }
    with near(models) as made:
        yield made


def values_of(datatype):
    if datatype == "BYTES":
        return np.array([[b"", b"a\0b", "grün".encode()], [b"x" * 70_000, b" ", b"{}"]], object)
    if datatype == "BOOL":
        return np.array([[True, False, True]])
    if datatype in NUMPY:
        values = np.array([[0.5, -1.25, 3e4], [0, 1, -2]]).astype(NUMPY[datatype])
        return values
    dtype = np.dtype(datatype.lower())
    limits = np.iinfo(dtype)
    return np.array([[limits.min, limits.max, 1]], dtype)


class TestTensors:
    @pytest.mark.parametrize("datatype", DATATYPES)
    @pytest.mark.parametrize("protocol", ["http", "grpc", "json"])
    def test_every_type_comes_back(self, gateway, protocol, datatype):
        if protocol == "json" and datatype in ("FP16", "BF16"):
            pytest.skip("JSON can't carry it")
        values = values_of(datatype)
        if protocol == "json" and datatype == "BYTES":
            values = np.array([[b"", b'a"\n', "grün".encode()]], object)
        with triton_grpc.InferenceServerClient(gateway.address) as client:
            for sent in (values, values[:0], np.tile(values, (20, 1))):
                given = triton_grpc.InferInput("INPUT0", list(sent.shape), datatype)
                given.set_data_from_numpy(sent)
                answer = client.infer(f"{protocol}-{datatype}", [given]).as_numpy("OUTPUT0")
                assert answer.shape == sent.shape
                assert (answer == sent).all()

    @pytest.mark.parametrize("protocol", ["http", "grpc"])
    def test_a_large_one_comes_back(self, gateway, protocol):
        values = np.arange(2_000_000, dtype=np.float32).reshape(2, -1)
        values[0, :3] = np.nan, np.inf, -np.inf
        with triton_http.InferenceServerClient(gateway.address) as client:
            given = triton_http.InferInput("INPUT0", list(values.shape), "FP32")
            given.set_data_from_numpy(values)
            answer = client.infer(f"{protocol}-FP32", [given]).as_numpy("OUTPUT0")
        assert answer.tobytes() == values.tobytes()

    def test_the_remote_says_what_the_model_takes(self, gateway):
        about = requests.get(f"{gateway.url}/v2/models/grpc-BYTES", timeout=10).json()
        assert about["inputs"] == [{"name": "INPUT0", "datatype": "BYTES", "shape": [-1, -1]}]
        assert about["platform"] == "remote"

    def test_rows_are_joined_where_the_file_says_so(self, gateway):
        def ask(text):
            body = {"texts": [text]}
            return requests.post(f"{gateway.url}/v1/infer/rows", json=body, timeout=30).json()["outputs"]["rows"]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            texts = ["a" * n for n in range(1, 60)]
            assert list(pool.map(ask, texts)) == [[[n, n, 0.5]] for n in range(1, 60)]


@pytest.fixture(scope="module")
def client(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0) as client:
        yield client


class TestText:
    def test_chats_whole(self, client):
        said = [{"role": "user", "content": "one two"}]
        for model in ("chat", "whole"):
            answer = client.chat.completions.create(model=model, messages=said)
            assert answer.choices[0].message.content == "user: one two\nassistant: "

    def test_chats_in_parts(self, client):
        said = [{"role": "user", "content": "one two three"}]
        parts = list(client.chat.completions.create(model="chat", messages=said, stream=True))
        texts = [part.choices[0].delta.content for part in parts if part.choices and part.choices[0].delta.content]
        assert texts == ["user: ", "one ", "two ", "three\nassistant: "]

    def test_completions_with_their_parameters(self, client):
        answer = client.completions.create(model="completions", prompt="a b c d", max_tokens=2)
        assert answer.choices[0].text == "a b "

    def test_a_failure_in_the_middle_is_told(self, client):
        parts = client.completions.create(model="completions", prompt="a b fail", stream=True)
        with pytest.raises(openai.APIError, match="told to fail"):
            list(parts)

    def test_embeddings(self, client):
        answer = client.embeddings.create(model="embed", input=["banana", "x"])
        assert [item.embedding for item in answer.data] == [[6, 3, 0.5], [1, 0, 0.5]]

    @pytest.mark.parametrize("model", ["parts", "events"])
    def test_open_inference_in_parts(self, gateway, model):
        answers = []
        with triton_grpc.InferenceServerClient(gateway.address) as client:
            came = threading.Semaphore(0)

            def take(result, error):
                answers.append(error or result.as_numpy("text"))
                came.release()

            client.start_stream(take)
            given = triton_grpc.InferInput("prompt", [1], "BYTES")
            given.set_data_from_numpy(np.array([b"one two three"], object))
            client.async_stream_infer(model, [given])
            for _ in range(3):
                assert came.acquire(timeout=20)
            client.stop_stream()
        assert [answer.tolist() for answer in answers[:3]] == [[b"one "], [b"two "], [b"three "]]


class TestWhatIsPassedOn:
    def test_trace_deadline_parameters_and_key(self, monkeypatch):
        monkeypatch.setenv("FAR_KEY", "sk-of-the-remote")
        with Fake() as fake:
            config = f'{{ servers: ["{fake.url}/base/"], model: "a b", version: "7", key: env:FAR_KEY, key_header: X-Api-Key }}'
            with near({"far": f"{{ plugin: remote, timeout: 5s, config: {config} }}"}) as gateway:
                trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                answer = post(
                    gateway, body={"parameters": {"beams": 4, "mood": "007", "deep": True}}, headers={"traceparent": trace}
                )
                assert answer.status_code == 200, answer.text
                assert answer.json()["outputs"] == {"y": [[1, 2]]}
                log = "".join(gateway.log)
            path, headers, body = fake.seen[-1]
            head, raw = remotes.request_of(body, headers)
            assert path == "/base/v2/models/a%20b/versions/7/infer"
            assert headers["traceparent"] == trace and headers["X-Api-Key"] == "sk-of-the-remote"
            assert head["id"] == headers["x-request-id"] == answer.headers["x-request-id"]
            assert 0 < head["parameters"].pop("timeout") <= 5_000_000
            assert head["parameters"] == {"binary_data_output": True, "beams": 4, "mood": "007", "deep": True}
            assert 0 < int(headers["x-envoy-expected-rq-timeout-ms"]) <= 5000
            assert np.frombuffer(raw, np.float32).tolist() == [1, 2]
            assert "sk-of-the-remote" not in log

    def test_a_key_in_a_file_and_one_that_is_refused(self, tmp_path):
        secret = tmp_path / "key"
        secret.write_text("secret-words\n")
        refuse = lambda handler: handler.document({"error": "key secret-words is unknown"}, 401)  # noqa: E731
        with Fake(refuse) as fake, near({"far": {"servers": [fake.url], "key": f"file:{secret}"}}) as gateway:
            answer = post(gateway)
            assert (answer.status_code, answer.json()["code"]) == (500, "model_failed")
            assert "refuses this gateway's key" in answer.text and "secret-words" not in answer.text
            assert fake.seen[-1][1]["authorization"] == "Bearer secret-words"


class TestErrors:
    @pytest.mark.parametrize(
        "status, document, expected, code",
        [
            (400, {"error": "x must be\nsmall"}, 400, "model_rejected_input"),
            (422, {"detail": "no such shape"}, 400, "model_rejected_input"),
            (413, {}, 400, "model_rejected_input"),
            (404, {"error": "no model m"}, 503, "model_unavailable"),
            (429, {"error": "later"}, 503, "model_unavailable"),
            (500, {"error": "it broke"}, 500, "model_failed"),
            (501, {}, 501, "model_unimplemented"),
            (502, {}, 503, "model_unavailable"),
            (503, {"error": "loading"}, 503, "model_unavailable"),
            (302, {}, 500, "model_failed"),
        ],
    )
    def test_statuses_of_the_remote(self, status, document, expected, code):
        with Fake(lambda handler: handler.document(document, status)) as fake:
            with near({"far": {"servers": [fake.url], "health": False}}) as gateway:
                answer = post(gateway)
                assert (answer.status_code, answer.json()["code"]) == (expected, code), answer.text
                for text in document.values():
                    assert text.replace("\n", " ") in answer.json()["error"]

    def test_statuses_over_grpc(self, gateway):
        with triton_grpc.InferenceServerClient(gateway.address) as client:
            given = triton_grpc.InferInput("INPUT0", [1, 1], "FP32")
            given.set_data_from_numpy(np.zeros((1, 1), np.float32))
            with pytest.raises(triton_grpc.InferenceServerException, match="NOPE"):
                client.infer("grpc-FP32", [given], outputs=[triton_grpc.InferRequestedOutput("NOPE")])

    def test_a_remote_that_is_not_there_can_be_loaded_by_naming_tensors(self):
        port = remotes.closed_port()
        models = {
            "far": {"servers": [f"http://127.0.0.1:{port}"], **PORTS},
            "dark": {"servers": [f"http://127.0.0.1:{port}"]},
        }
        with near(models) as gateway:
            answer = post(gateway)
            assert (answer.status_code, answer.json()["code"]) == (503, "model_unavailable")
            assert "Connection refused" in answer.text and str(port) not in answer.text
            assert "name config.inputs and config.outputs" in "".join(gateway.log)

    @pytest.mark.parametrize(
        "metadata, text",
        [
            ({"inputs": [{"name": "x", "datatype": "FP9", "shape": [1]}]}, 'type \\"FP9\\", which isn\'t known here'),
            ({"inputs": [{"name": "x", "datatype": "FP32"}]}, "has no shape: name it"),
            ({"inputs": []}, "config.inputs is missing, and the remote doesn't tell"),
            ({"inputs": "none"}, "config.inputs is missing"),
            ({"inputs": [{"datatype": "FP32"}]}, "doesn't describe the model as the protocol has it"),
        ],
    )
    def test_metadata_that_says_too_little(self, metadata, text):
        with Fake(metadata={**remotes.METADATA, **metadata}) as fake, near({"far": {"servers": [fake.url]}}) as gateway:
            assert post(gateway).status_code == 503
            assert text in "".join(gateway.log)

    def test_what_the_file_names_stands_above_the_metadata(self):
        metadata = {**remotes.METADATA, "inputs": [{"name": "x", "datatype": "FP9"}]}
        with Fake(metadata=metadata) as fake:
            with near({"far": {"servers": [fake.url], "inputs": PORTS["inputs"]}}) as gateway:
                assert post(gateway).status_code == 200


class TestTLS:
    def test_by_the_authorities_of_the_file(self, tmp_path):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
            + ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True,
            capture_output=True,
        )
        tls = f'address: "127.0.0.1:0", tls: {{ cert: {tmp_path}/cert.pem, key: {tmp_path}/key.pem }}'
        echo = "{ plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, 2] }], outputs: [{ name: y }] } }"
        text = HEAD.replace('address: "127.0.0.1:0"', tls) + f"models: {{ echo: {echo} }}\n"
        with Gateway(text) as far:
            url = f"https://127.0.0.1:{far.ports['public']}"
            models = {
                "far": {"servers": [url], "model": "echo", "ca": f"{tmp_path}/cert.pem"},
                "grpc": {"protocol": "grpc", "servers": [url], "model": "echo", "ca": f"{tmp_path}/cert.pem"},
                "stranger": {"servers": [url], "model": "echo", **PORTS},
            }
            with near(models) as gateway:
                for model in ("far", "grpc"):
                    for _ in range(3):
                        assert post(gateway, model).json()["outputs"] == {"y": [[1, 2]]}
                answer = post(gateway, "stranger")
                assert answer.status_code == 503 and "certificate isn't to be trusted" in answer.text


class TestContract:
    @pytest.mark.parametrize("protocol", ["open-inference", "grpc"])
    def test_the_kit_finds_nothing(self, far, protocol):
        config = f"{{ protocol: {protocol}, servers: ['{far.url}'], model: echo-FP32 }}"
        found = run("plugin", "check", f"{PLUGINS}/libsluice_remote.so", "--config", config, seconds=300)
        assert found.returncode == 0, found.stdout

    def test_a_process_of_its_own_may_use_the_network_where_the_file_says_so(self, far):
        text = HEAD + (
            "plugins: { remote: { isolation: process, sandbox: strict, grants: { network: any } } }\n"
            f'models: {{ far: {{ plugin: remote, config: {{ servers: ["{far.url}"], model: echo-FP32 }} }} }}\n'
        )
        with Gateway(text) as gateway:
            body = {"INPUT0": [[1, 2, 3]]}
            answer = requests.post(f"{gateway.url}/v1/infer/far", json=body, timeout=30)
            assert answer.json()["outputs"] == {"OUTPUT0": [[1, 2, 3]]}
