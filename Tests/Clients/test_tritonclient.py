"""tritonclient's HTTP clients, unmodified, against the gateway's Open Inference endpoints."""

import asyncio

import ml_dtypes
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from conftest import DATATYPES
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

TEXTS = ["", "plain", "line\nbreak", 'quote " and \\', "Ünïcode 😀", "zero\0byte"]

VALUES = {
    "BOOL": np.array([[True, False, True]]),
    "INT8": np.array([[-128, 0, 127]], np.int8),
    "INT16": np.array([[-32768, 0, 32767]], np.int16),
    "INT32": np.array([[-(2**31), 0, 2**31 - 1]], np.int32),
    "INT64": np.array([[-(2**63), 0, 2**63 - 1]], np.int64),
    "UINT8": np.array([[0, 1, 255]], np.uint8),
    "UINT16": np.array([[0, 1, 65535]], np.uint16),
    "UINT32": np.array([[0, 1, 2**32 - 1]], np.uint32),
    "UINT64": np.array([[0, 1, 2**64 - 1]], np.uint64),
    "FP16": np.array([[-65504, 0.1, 6e-8]], np.float16),
    "BF16": np.array([[-3.3895e38, 0.1, 3.0]], ml_dtypes.bfloat16),
    "FP32": np.array([[-3.4028235e38, 0.1, 1e-45]], np.float32),
    "FP64": np.array([[-1.7976931348623157e308, 0.1, 5e-324]], np.float64),
    "BYTES": np.array([[text.encode() for text in TEXTS]], np.object_),
}
IN_JSON = [d for d in DATATYPES if d not in ("FP16", "BF16")]  # those two have no JSON form in the protocol


@pytest.fixture
def client(echoes):
    with triton.InferenceServerClient(echoes.address) as client:
        yield client


def tensor(name, values, datatype=None, binary=True):
    made = triton.InferInput(name, list(values.shape), datatype or np_to_triton_dtype(values.dtype))
    made.set_data_from_numpy(values, binary_data=binary)
    return made


class TestHealthAndMetadata:
    def test_server_and_models_are_well(self, client):
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("echo-FP32")
        assert client.is_model_ready("echo-FP32", "1")

    def test_unknown_models_and_versions_are_not_ready(self, client):
        assert not client.is_model_ready("nobody")
        assert not client.is_model_ready("echo-FP32", "2")

    def test_the_server_says_who_it_is(self, client):
        said = client.get_server_metadata()
        assert said["name"] == "sluice"
        assert said["version"]
        assert "binary_tensor_data" in said["extensions"]

    def test_a_model_says_what_it_takes(self, client):
        said = client.get_model_metadata("fixed")
        assert said["name"] == "fixed"
        assert said["versions"] == ["1"]
        assert said["inputs"] == [{"name": "INPUT0", "datatype": "FP32", "shape": [2, 3]}]
        assert said["outputs"] == [{"name": "OUTPUT0", "datatype": "FP32", "shape": [2, 3]}]


class TestInference:
    @pytest.mark.parametrize("answer_binary", [True, False], ids=["answer-binary", "answer-json"])
    @pytest.mark.parametrize("binary", [True, False], ids=["sent-binary", "sent-json"])
    @pytest.mark.parametrize("datatype", IN_JSON)
    def test_values_come_back_bit_for_bit(self, client, datatype, binary, answer_binary):
        values = VALUES[datatype]
        answer = client.infer(
            f"echo-{datatype}",
            [tensor("INPUT0", values, datatype, binary)],
            outputs=[triton.InferRequestedOutput("OUTPUT0", binary_data=answer_binary)],
        )
        got = answer.as_numpy("OUTPUT0")
        described = answer.get_output("OUTPUT0")
        assert described["datatype"] == datatype
        assert described["shape"] == list(values.shape)
        assert ("data" in described) != answer_binary
        if datatype == "BYTES" and not answer_binary:
            got = np.array([[text.encode() for text in row] for row in got], np.object_)
        assert got.dtype == values.dtype
        np.testing.assert_array_equal(got, values)

    @pytest.mark.parametrize("datatype", ["FP16", "BF16"])
    def test_short_floats_go_in_binary(self, client, datatype):
        values = VALUES[datatype]
        answer = client.infer(f"echo-{datatype}", [tensor("INPUT0", values, datatype)])
        assert answer.get_output("OUTPUT0")["datatype"] == datatype
        assert answer.as_numpy("OUTPUT0").astype(values.dtype).tobytes() == values.tobytes()

    def test_not_a_number_goes_in_binary(self, client):
        values = np.array([[np.nan, np.inf, -np.inf, -0.0]], np.float32)
        answer = client.infer("echo-FP32", [tensor("INPUT0", values)])
        assert answer.as_numpy("OUTPUT0").tobytes() == values.tobytes()

    def test_a_megabyte_comes_back(self, client):
        values = np.random.default_rng(1).random((4, 65_536), np.float32)
        answer = client.infer("echo-FP32", [tensor("INPUT0", values)])
        assert answer.as_numpy("OUTPUT0").tobytes() == values.tobytes()

    def test_no_elements_come_back_as_none(self, client):
        answer = client.infer("echo-FP32", [tensor("INPUT0", np.zeros((0, 4), np.float32))])
        assert answer.get_output("OUTPUT0")["shape"] == [0, 4]

    def test_two_inputs_of_two_kinds(self, client):
        numbers = np.arange(6, dtype=np.float32).reshape(2, 3)
        texts = VALUES["BYTES"]
        answer = client.infer("pair", [tensor("INPUT1", texts, "BYTES", binary=False), tensor("INPUT0", numbers)])
        np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), numbers)
        np.testing.assert_array_equal(answer.as_numpy("OUTPUT1"), texts)

    def test_only_the_outputs_asked_for_come(self, client):
        answer = client.infer(
            "pair",
            [tensor("INPUT0", np.ones((1, 1), np.float32)), tensor("INPUT1", VALUES["BYTES"], "BYTES")],
            outputs=[triton.InferRequestedOutput("OUTPUT1")],
        )
        assert [output["name"] for output in answer.get_response()["outputs"]] == ["OUTPUT1"]

    def test_the_id_comes_back_and_parameters_are_understood(self, client):
        answer = client.infer(
            "echo-FP32",
            [tensor("INPUT0", VALUES["FP32"])],
            model_version="1",
            request_id="my-request",
            priority=1,
            timeout=5_000_000,
            sequence_id=7,
            sequence_start=True,
            sequence_end=True,
        )
        assert answer.get_response()["id"] == "my-request"
        assert answer.get_response()["model_name"] == "echo-FP32"
        assert answer.get_response()["model_version"] == "1"

    def test_many_at_once(self, echoes):
        with triton.InferenceServerClient(echoes.address, concurrency=8) as client:
            sent = [np.full((1, 16), i, np.float32) for i in range(64)]
            waiting = [client.async_infer("echo-FP32", [tensor("INPUT0", values)]) for values in sent]
            for values, answer in zip(sent, waiting):
                np.testing.assert_array_equal(answer.get_result().as_numpy("OUTPUT0"), values)


class TestMistakes:
    def refused(self, client, *arguments, **options):
        with pytest.raises(InferenceServerException) as caught:
            client.infer(*arguments, **options)
        return caught.value

    def test_unknown_model(self, client):
        error = self.refused(client, "nobody", [tensor("INPUT0", VALUES["FP32"])])
        assert error.status() == "404"
        assert error.message().startswith("Request for unknown model")
        assert "nobody" in error.message()

    def test_unknown_version(self, client):
        error = self.refused(client, "fixed", [tensor("INPUT0", np.ones((2, 3), np.float32))], model_version="9")
        assert error.status() == "404"

    def test_metadata_of_an_unknown_model(self, client):
        with pytest.raises(InferenceServerException) as caught:
            client.get_model_metadata("nobody")
        assert caught.value.status() == "404"

    @pytest.mark.parametrize(
        ("inputs", "words"),
        [
            ([("INPUT9", np.ones((2, 3), np.float32), None)], ["INPUT9", "INPUT0"]),
            ([("INPUT0", np.ones((3, 2), np.float32), None)], ["INPUT0", "FP32[2,3]", "FP32[3,2]"]),
            ([("INPUT0", np.ones((2, 3), np.float64), None)], ["INPUT0", "FP64", "FP32"]),
            ([], ["input"]),
        ],
        ids=["name", "shape", "datatype", "none"],
    )
    @pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
    def test_what_the_model_does_not_take_is_named(self, client, inputs, words, binary):
        made = [tensor(name, values, datatype, binary) for name, values, datatype in inputs]
        error = self.refused(client, "fixed", made)
        assert error.status() == "400"
        for word in words:
            assert word in error.message()

    def test_an_unknown_output(self, client):
        error = self.refused(
            client,
            "fixed",
            [tensor("INPUT0", np.ones((2, 3), np.float32))],
            outputs=[triton.InferRequestedOutput("OUTPUT7")],
        )
        assert error.status() == "400"
        assert "OUTPUT7" in error.message()


class TestKeys:
    VALUES = np.arange(4, dtype=np.float32).reshape(1, 4)

    @pytest.fixture
    def client(self, guarded):
        with triton.InferenceServerClient(guarded.address) as client:
            yield client

    def test_no_key_and_a_wrong_key_are_refused(self, client):
        for headers in (None, {"Authorization": "Bearer slk_wrong"}):
            with pytest.raises(InferenceServerException) as caught:
                client.infer("open", [tensor("INPUT0", self.VALUES)], headers=headers)
            assert caught.value.status() == "401"

    def test_the_key_opens_what_is_allowed_until_the_quota_ends(self, client, key):
        headers = {"Authorization": f"Bearer {key[0]}"}
        assert client.is_model_ready("open", headers=headers)
        assert not client.is_model_ready("closed", headers=headers)
        with pytest.raises(InferenceServerException) as caught:
            client.infer("closed", [tensor("INPUT0", self.VALUES)], headers=headers)
        assert caught.value.status() == "404"
        for _ in range(3):
            answer = client.infer("open", [tensor("INPUT0", self.VALUES)], headers=headers)
            np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), self.VALUES)
        with pytest.raises(InferenceServerException) as caught:
            client.infer("open", [tensor("INPUT0", self.VALUES)], headers=headers)
        assert caught.value.status() == "429"
        assert key[0] not in caught.value.message()


def test_the_asyncio_client(echoes):
    async def ask():
        async with triton_aio.InferenceServerClient(echoes.address) as client:
            assert await client.is_server_ready()
            assert (await client.get_model_metadata("fixed"))["name"] == "fixed"
            values = np.arange(6, dtype=np.float32).reshape(2, 3)
            answers = await asyncio.gather(
                *[client.infer("fixed", [tensor("INPUT0", values + i)]) for i in range(16)]
            )
            for i, answer in enumerate(answers):
                np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), values + i)
            with pytest.raises(InferenceServerException) as caught:
                await client.infer("nobody", [tensor("INPUT0", values)])
            assert caught.value.status() == "404"

    asyncio.run(ask())
