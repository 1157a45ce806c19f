"""What tritonclient has besides inference, over HTTP and gRPC, and what the gateway refuses of it."""

import gzip
import json
import zlib

import numpy as np
import pytest
import requests
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from gateway import Gateway
from tritonclient.utils import InferenceServerException

SCORES = np.array([[0.25, 0.5, 0.125], [3, -1, 2]], np.float32)


@pytest.fixture(params=["http", "grpc"])
def triton(request, echoes):
    """Each protocol's client and its module."""
    module = triton_http if request.param == "http" else triton_grpc
    with module.InferenceServerClient(echoes.address) as client:
        yield client, module


def tensor(module, values, datatype="FP32"):
    made = module.InferInput("INPUT0", list(values.shape), datatype)
    made.set_data_from_numpy(values)
    return made


def as_json(answer):
    """Both clients' answers as documents; gRPC's numbers of 64 bits come as text."""
    if isinstance(answer, (dict, list)):
        return answer
    from google.protobuf import json_format

    return json_format.MessageToDict(answer, preserving_proto_field_name=True)


class TestModels:
    def test_configuration(self, triton):
        client, _ = triton
        answer = as_json(client.get_model_config("echo-INT64"))
        config = answer.get("config", answer)
        assert config["name"] == "echo-INT64"
        assert config["backend"] == "echo"
        assert config["input"][0]["data_type"] == "TYPE_INT64"

    def test_statistics_count_up(self, triton):
        client, module = triton

        def successes():
            (stats,) = as_json(client.get_inference_statistics("echo-FP64"))["model_stats"]
            return int(stats["inference_stats"]["success"].get("count", 0)), stats

        before, _ = successes()
        client.infer("echo-FP64", [tensor(module, np.ones((1, 2)), "FP64")])
        after, stats = successes()
        assert after == before + 1
        assert int(stats["last_inference"]) > 1_700_000_000_000
        assert int(stats["inference_stats"]["success"]["ns"]) > 0
        for part in ("compute_input", "compute_output"):
            assert int(stats["inference_stats"][part]["count"]) == after
            assert int(stats["inference_stats"][part]["ns"]) > 0
        everything = as_json(client.get_inference_statistics())["model_stats"]
        assert len(everything) > 10

    def test_waiting_is_told_apart_from_working(self):
        text = """\
version: 1
listeners: { public: { address: "127.0.0.1:0" } }
auth: none
models: { slow: { plugin: stub_faulty, concurrency: 1, config: { behaviour: slow, for: 100ms } } }
observability: { access_log: none }
"""
        with Gateway(text) as gateway, triton_http.InferenceServerClient(gateway.address, concurrency=3) as client:
            given = triton_http.InferInput("INPUT0", [1, 1], "FP32")
            given.set_data_from_numpy(np.ones((1, 1), np.float32))
            for call in [client.async_infer("slow", [given]) for _ in range(3)]:
                call.get_result()
            (stats,) = client.get_inference_statistics("slow")["model_stats"]
        times = stats["inference_stats"]
        # The second one waits for one call, the third for two.
        assert times["queue"]["count"] == 3
        assert 250e6 < times["queue"]["ns"] < 0.95 * times["success"]["ns"]
        assert 280e6 < times["compute_infer"]["ns"] <= times["success"]["ns"] - times["queue"]["ns"]

    def test_the_index_has_every_model(self, triton):
        client, _ = triton
        index = as_json(client.get_model_repository_index())
        index = index["models"] if isinstance(index, dict) else index
        assert {"name": "pair", "version": "1", "state": "READY"}.items() <= {
            k: v for m in index if m["name"] == "pair" for k, v in m.items()
        }.items()

    def test_models_are_not_loaded_by_request(self, triton):
        client, _ = triton
        for call in (client.load_model, client.unload_model):
            with pytest.raises(InferenceServerException, match="only where a listener serves repository"):
                call("pair")


REPOSITORY = """\
version: 1
listeners:
  public: { address: "127.0.0.1:0" }
  ops: { address: "127.0.0.1:0", serves: [repository] }
auth: none
models: { m: { plugin: echo }, broken: { plugin: echo, config: { batching: odd } } }
"""


@pytest.fixture(scope="module")
def repository():
    """A gateway of whose listeners one serves the repository."""
    with Gateway(REPOSITORY) as gateway:
        yield gateway


class TestRepository:
    """Where a listener serves `repository`, over HTTP and gRPC alike."""

    @pytest.mark.parametrize("module", [triton_http, triton_grpc])
    def test_models_are_unloaded_and_loaded(self, repository, module):
        def index(client):
            answer = as_json(client.get_model_repository_index())
            models = answer["models"] if isinstance(answer, dict) else answer
            return {model["name"]: model["state"] for model in models}

        with (
            module.InferenceServerClient(f"127.0.0.1:{repository.ports['ops']}") as ops,
            module.InferenceServerClient(repository.address) as client,
        ):
            assert index(ops) == {"m": "READY", "broken": "UNAVAILABLE"}
            ops.unload_model("m")
            assert index(ops)["m"] == "UNAVAILABLE"
            with pytest.raises(InferenceServerException, match="not available"):
                client.infer("m", [tensor(module, SCORES)])
            ops.load_model("m")
            assert index(ops)["m"] == "READY"
            assert client.infer("m", [tensor(module, SCORES)]).as_numpy("OUTPUT0").tolist() == SCORES.tolist()
            ops.load_model("m")  # anew: the protocol's load of a loaded model
            with pytest.raises(InferenceServerException, match='there is no model "nobody"'):
                ops.load_model("nobody")
            with pytest.raises(InferenceServerException, match="can't be loaded"):
                ops.load_model("broken")
            with pytest.raises(InferenceServerException, match="isn't supported: gateway.yaml says what a model is"):
                ops.load_model("m", config="{}")

    @pytest.mark.parametrize("module", [triton_http, triton_grpc])
    def test_listener_of_the_repository_answers_nothing_else(self, repository, module):
        with module.InferenceServerClient(f"127.0.0.1:{repository.ports['ops']}") as ops:
            with pytest.raises(InferenceServerException):
                ops.infer("m", [tensor(module, SCORES)])

    def test_where_there_are_admin_keys_one_is_needed(self, key):
        text = REPOSITORY + f"admin: {{ keys: {key[1]} }}\n"
        with Gateway(text) as gateway:
            with triton_grpc.InferenceServerClient(f"127.0.0.1:{gateway.ports['ops']}") as ops:
                for call in (ops.load_model, ops.unload_model):
                    with pytest.raises(InferenceServerException, match="UNAUTHENTICATED"):
                        call("m")
                headers = {"authorization": f"Bearer {key[0]}"}
                ops.unload_model("m", headers=headers)
                ops.load_model("m", headers=headers)


class TestSettings:
    def test_they_can_be_read_and_not_changed(self, triton):
        client, _ = triton
        assert as_json(client.get_log_settings())
        assert "OFF" in json.dumps(as_json(client.get_trace_settings()))
        with pytest.raises(InferenceServerException, match="gateway.yaml"):
            client.update_log_settings({"log_verbose_level": 1})
        with pytest.raises(InferenceServerException, match="gateway.yaml"):
            client.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]})


class TestSharedMemory:
    def test_it_is_off(self, triton):
        client, _ = triton
        assert not as_json(client.get_system_shared_memory_status())
        with pytest.raises(InferenceServerException, match="off"):
            client.register_system_shared_memory("r", "/r", 64)
        client.unregister_system_shared_memory()
        with pytest.raises(InferenceServerException, match="CUDA"):
            client.get_cuda_shared_memory_status()


class TestClassification:
    def test_the_best_come_first(self, triton):
        client, module = triton
        output = module.InferRequestedOutput("OUTPUT0", class_count=2)
        result = client.infer("echo-FP32", [tensor(module, SCORES)], outputs=[output])
        assert result.as_numpy("OUTPUT0").tolist() == [b"3:3", b"2:5"]


class TestCompression:
    # Bytes that don't compress come in many pieces: those of a plain body of that size are read past the channel.
    @pytest.mark.parametrize("values", [np.zeros((1, 10_000)), np.random.default_rng(1).random((1, 1_000_000))])
    @pytest.mark.parametrize("coding", ["gzip", "deflate"])
    def test_both_ways(self, echoes, coding, values):
        values = values.astype(np.float32)
        with triton_http.InferenceServerClient(echoes.address) as client:
            result = client.infer(
                "echo-FP32",
                [tensor(triton_http, values)],
                request_compression_algorithm=coding,
                response_compression_algorithm=coding,
            )
        assert (result.as_numpy("OUTPUT0") == values).all()

    def test_answers_are_small_for_those_who_ask(self, echoes):
        body = json.dumps([[0.0] * 10_000])
        url = f"{echoes.url}/v1/infer/echo-FP32"
        headers = {"content-type": "application/json", "accept-encoding": "gzip"}
        answer = requests.post(url, data=body, headers=headers, stream=True, timeout=30)
        raw = answer.raw.read(decode_content=False)
        assert answer.headers["content-encoding"] == "gzip"
        assert len(raw) < 1000
        assert json.loads(gzip.decompress(raw))["outputs"]["OUTPUT0"] == [[0] * 10_000]
        # Libraries that name all they know by default are not meant.
        assert "content-encoding" not in requests.post(url, data=body, timeout=30).headers

    @pytest.mark.parametrize(
        "coding, body, status, text",
        [
            ("br", b"x", 415, "isn't supported"),
            ("gzip", b"not gzip", 400, "malformed"),
            ("gzip", gzip.compress(b"[[1]]")[:-4], 400, "cut off"),
            ("deflate", zlib.compress(b"[[1]]") + b"x", 400, "follow the end"),
            ("gzip", gzip.compress(b" " * (65 << 20)), 413, "larger than"),
        ],
    )
    def test_what_is_no_good_is_refused(self, echoes, coding, body, status, text):
        answer = requests.post(
            f"{echoes.url}/v1/infer/echo-FP32",
            data=body,
            headers={"content-type": "application/json", "content-encoding": coding},
            timeout=30,
        )
        assert answer.status_code == status
        assert text in answer.json()["error"]


class TestGenerate:
    def test_generate_and_its_stream(self, echoes):
        url = f"{echoes.url}/v2/models/echo-BYTES"
        answer = requests.post(f"{url}/generate", json={"INPUT0": ["a word"]}, timeout=30)
        assert answer.json()["OUTPUT0"] == "a word"
        stream = requests.post(f"{url}/generate_stream", json={"INPUT0": ["a word"]}, timeout=30)
        assert stream.headers["content-type"] == "text/event-stream"
        assert json.loads(stream.text.removeprefix("data: "))["OUTPUT0"] == "a word"
