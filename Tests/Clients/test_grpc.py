"""tritonclient's gRPC clients, gRPC's own health and reflection clients, and curl, unmodified, on the one port."""

import asyncio
import gzip
import pathlib
import queue
import struct
import subprocess
import zlib

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from gateway import Gateway
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from test_tritonclient import VALUES
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, np_to_triton_dtype


@pytest.fixture
def client(echoes):
    with triton.InferenceServerClient(echoes.address) as client:
        yield client


def tensor(name, values, datatype=None):
    made = triton.InferInput(name, list(values.shape), datatype or np_to_triton_dtype(values.dtype))
    made.set_data_from_numpy(values)
    return made


class TestInfer:
    @pytest.mark.parametrize("datatype", list(VALUES))
    def test_every_datatype_comes_back(self, client, datatype):
        values = VALUES[datatype]
        result = client.infer(f"echo-{datatype}", [tensor("INPUT0", values, datatype)], request_id="7")
        assert result.get_response().id == "7"
        got = result.as_numpy("OUTPUT0")
        assert got.shape == values.shape
        if datatype == "BF16":
            # The client reads BF16 as float32, which has all of its bits.
            assert (got == values.astype(np.float32)).all()
        else:
            assert got.tobytes() == values.tobytes() if datatype != "BYTES" else (got == values).all()

    def test_megabytes_go_both_ways(self, client):
        values = np.random.default_rng(1).random((3, 1 << 20), np.float32)
        result = client.infer("echo-FP32", [tensor("INPUT0", values)])
        assert (result.as_numpy("OUTPUT0") == values).all()

    @pytest.mark.parametrize("compression", ["gzip", "deflate"])
    def test_compressed_requests(self, client, compression):
        values = np.zeros((1, 100_000), np.float32)
        result = client.infer("echo-FP32", [tensor("INPUT0", values)], compression_algorithm=compression)
        assert (result.as_numpy("OUTPUT0") == values).all()

    @pytest.mark.parametrize(
        "coding, accepted", [("gzip", "identity, gzip"), ("deflate", "deflate"), ("gzip", "identity")]
    )
    def test_answers_are_compressed_as_requests_are(self, echoes, tmp_path, coding, accepted):
        """By hand, as gRPC's own client doesn't tell: where it can be undone, answers are compressed as requests."""
        message = service_pb2.ModelInferRequest(model_name="echo-FP32")
        message.inputs.add(name="INPUT0", datatype="FP32", shape=[1, 10_000])
        message.raw_input_contents.append(bytes(40_000))
        packed = (gzip if coding == "gzip" else zlib).compress(message.SerializeToString())
        body = tmp_path / "body"
        body.write_bytes(struct.pack(">BI", 1, len(packed)) + packed)
        result = subprocess.run(
            ["curl", "-s", "-D", tmp_path / "head", "--http2-prior-knowledge", "--data-binary", f"@{body}"]
            + ["-H", "content-type: application/grpc", "-H", "te: trailers"]
            + ["-H", f"grpc-encoding: {coding}", "-H", f"grpc-accept-encoding: {accepted}"]
            + [f"{echoes.url}/inference.GRPCInferenceService/ModelInfer"],
            capture_output=True,
            check=True,
        )
        flag, length = struct.unpack(">BI", result.stdout[:5])
        answer = result.stdout[5:]
        assert len(answer) == length
        is_compressed = coding in accepted
        assert (flag, f"grpc-encoding: {coding}" in (tmp_path / "head").read_text()) == (is_compressed, is_compressed)
        if is_compressed:
            assert length < 2000
            answer = (gzip if coding == "gzip" else zlib).decompress(answer)
        response = service_pb2.ModelInferResponse.FromString(answer)
        assert response.raw_output_contents[0] == bytes(40_000)

    def test_outputs_are_those_asked_for(self, client):
        inputs = [tensor("INPUT0", np.ones((1, 2), np.float32)), tensor("INPUT1", np.array([[b"x"]], np.object_))]
        result = client.infer("pair", inputs, outputs=[triton.InferRequestedOutput("OUTPUT1")])
        assert result.as_numpy("OUTPUT0") is None
        assert result.as_numpy("OUTPUT1").tolist() == [[b"x"]]

    def test_callbacks(self, client):
        answers = queue.Queue()
        values = np.ones((1, 4), np.float32)
        for _ in range(20):
            client.async_infer("echo-FP32", [tensor("INPUT0", values)], lambda result, error: answers.put((result, error)))
        for _ in range(20):
            result, error = answers.get(timeout=30)
            assert error is None
            assert (result.as_numpy("OUTPUT0") == values).all()

    def test_coroutines(self, echoes):
        async def call():
            async with triton_aio.InferenceServerClient(echoes.address) as client:
                values = np.ones((1, 4), np.float32)
                calls = [client.infer("echo-FP32", [tensor("INPUT0", values)]) for _ in range(20)]
                return [result.as_numpy("OUTPUT0").tolist() for result in await asyncio.gather(*calls)]

        assert asyncio.run(call()) == [[[1, 1, 1, 1]]] * 20

    def test_errors_have_their_status(self, client):
        values = np.ones((1, 2), np.float32)
        for model, inputs, status in [
            ("nobody", [tensor("INPUT0", values)], "StatusCode.NOT_FOUND"),
            ("echo-FP32", [tensor("WRONG", values)], "StatusCode.INVALID_ARGUMENT"),
            ("fixed", [tensor("INPUT0", values)], "StatusCode.INVALID_ARGUMENT"),
        ]:
            with pytest.raises(InferenceServerException) as raised:
                client.infer(model, inputs)
            assert raised.value.status() == status
            assert raised.value.message()


class TestStream:
    def test_answers_come_in_the_order_of_the_requests(self, client):
        answers = queue.Queue()
        client.start_stream(lambda result, error: answers.put((result, error)))
        for number in range(50):
            client.async_stream_infer(
                "echo-FP32", [tensor("INPUT0", np.full((1, 2), number, np.float32))], request_id=str(number)
            )
        for number in range(50):
            result, error = answers.get(timeout=30)
            assert error is None
            assert result.get_response().id == str(number)
            assert result.as_numpy("OUTPUT0").tolist() == [[number, number]]
        client.stop_stream()

    def test_an_error_is_a_message_and_the_stream_goes_on(self, client):
        answers = queue.Queue()
        client.start_stream(lambda result, error: answers.put((result, error)))
        client.async_stream_infer("nobody", [tensor("INPUT0", np.ones((1, 2), np.float32))])
        assert "unknown model" in answers.get(timeout=30)[1].message()
        client.async_stream_infer("echo-FP32", [tensor("INPUT0", np.ones((1, 2), np.float32))])
        assert answers.get(timeout=30)[1] is None
        client.stop_stream()

    def test_coroutines(self, echoes):
        async def requests():
            for number in range(5):
                yield {
                    "model_name": "echo-FP32",
                    "inputs": [tensor("INPUT0", np.full((1, 1), number, np.float32))],
                }

        async def call():
            async with triton_aio.InferenceServerClient(echoes.address) as client:
                seen = []
                async for result, error in client.stream_infer(requests()):
                    assert error is None
                    seen.append(result.as_numpy("OUTPUT0").item())
                return seen

        assert asyncio.run(call()) == [0, 1, 2, 3, 4]


class TestServer:
    def test_health_and_metadata(self, client):
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("echo-FP32")
        assert client.is_model_ready("echo-FP32", "1")
        server = client.get_server_metadata()
        assert server.name == "sluice"
        assert "binary_tensor_data" in server.extensions
        model = client.get_model_metadata("pair")
        assert [(t.name, t.datatype) for t in model.inputs] == [("INPUT0", "FP32"), ("INPUT1", "BYTES")]

    def test_unknown_models(self, client):
        with pytest.raises(InferenceServerException) as raised:
            client.get_model_metadata("nobody")
        assert raised.value.status() == "StatusCode.NOT_FOUND"

    def test_grpc_health(self, echoes):
        with grpc.insecure_channel(echoes.address) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            for service in ["", "inference.GRPCInferenceService", "echo-FP32"]:
                answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
            with pytest.raises(grpc.RpcError) as raised:
                stub.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=30)
            assert raised.value.code() == grpc.StatusCode.NOT_FOUND
            watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=30)
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            watch.cancel()

    def test_grpc_reflection(self, echoes):
        with grpc.insecure_channel(echoes.address) as channel:
            database = ProtoReflectionDescriptorDatabase(channel)
            assert "inference.GRPCInferenceService" in database.get_services()
            file = database.FindFileContainingSymbol("inference.ModelInferRequest")
            assert "ModelInferRequest" in [m.name for m in file.message_type]


class TestPolicy:
    def test_a_key_is_asked_for_as_metadata(self, guarded, key):
        values = [tensor("INPUT0", np.ones((1, 2), np.float32))]
        with triton.InferenceServerClient(guarded.address) as client:
            with pytest.raises(InferenceServerException) as raised:
                client.infer("open", values)
            assert raised.value.status() == "StatusCode.UNAUTHENTICATED"
            headers = {"authorization": f"Bearer {key[0]}"}
            with pytest.raises(InferenceServerException) as raised:
                client.infer("closed", values, headers=headers)
            assert raised.value.status() == "StatusCode.NOT_FOUND"


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory):
    """A gateway with TLS that takes plain connections too, and its certificate's path."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-keyout", folder / "key", "-out", folder / "cert", "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    text = f"""\
version: 1
listeners:
  public: {{ address: "127.0.0.1:0", tls: {{ cert: {folder}/cert, key: {folder}/key, plain: allow }} }}
  strict: {{ address: "127.0.0.1:0", tls: {{ cert: {folder}/cert, key: {folder}/key, client_ca: {folder}/cert }} }}
auth: none
models: {{ echo: {{ plugin: echo }} }}
observability: {{ access_log: none }}
"""
    with Gateway(text) as gateway:
        yield gateway, folder


def curl(*arguments):
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "30", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


class TestOnePort:
    @pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_curl_in_every_version_and_with_tls(self, encrypted, version, scheme):
        gateway, folder = encrypted
        wanted = version if scheme == "http" or version == "--http1.1" else "--http2"
        done = curl(
            wanted, "--cacert", folder / "cert", "--write-out", "\n%{http_version} %{http_code}",
            "--header", "content-type: application/json", "--data", '{"inputs": {"INPUT0": [1, 2]}}',
            f"{scheme}://{gateway.address}/v1/infer/echo",
        )  # fmt: skip
        assert done.stdout.endswith("1.1 200" if version == "--http1.1" else "2 200"), done
        assert '"OUTPUT0":[1,2]' in done.stdout

    def test_grpc_with_tls(self, encrypted):
        gateway, folder = encrypted
        with triton.InferenceServerClient(
            f"localhost:{gateway.ports['public']}", ssl=True, root_certificates=str(folder / "cert")
        ) as client:
            result = client.infer("echo", [tensor("INPUT0", np.ones((1, 2), np.float32))])
            assert result.as_numpy("OUTPUT0").tolist() == [[1, 1]]

    def test_old_tls_is_refused(self, encrypted):
        gateway, _ = encrypted
        done = subprocess.run(
            ["openssl", "s_client", "-connect", gateway.address, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
            input="",
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode != 0
        done = subprocess.run(
            ["openssl", "s_client", "-connect", gateway.address, "-tls1_2", "-alpn", "h2"],
            input="",
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert "ALPN protocol: h2" in done.stdout

    def test_clients_without_a_certificate_are_refused(self, encrypted):
        gateway, folder = encrypted
        url = f"https://127.0.0.1:{gateway.ports['strict']}/v2"
        assert curl("--cacert", folder / "cert", url).returncode != 0
        done = curl("--cacert", folder / "cert", "--cert", folder / "cert", "--key", folder / "key", url)
        assert '"name":"sluice"' in done.stdout
        plain = curl(url.replace("https", "http"))
        assert "speaks TLS" in plain.stdout
