"""Calls both of kserve's clients against a gateway and checks what comes back; run by test_kserve.py in a process of
its own, as kserve's messages and tritonclient's can't be in one.

    kserve_calls.py http://HOST:PORT rest|grpc
"""

import asyncio
import sys

import grpc
import httpx
import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput

VALUES = {
    "BOOL": np.array([[True, False]]),
    "INT8": np.array([[-128, 127]], np.int8),
    "UINT64": np.array([[0, 2**64 - 1]], np.uint64),
    "INT64": np.array([[-(2**63), 5]], np.int64),
    "FP32": np.array([[0.1, -3e38]], np.float32),
    "FP64": np.array([[0.1, 5e-324]]),
    "BYTES": np.array([["plain", "Ünïcode 😀"]], np.object_),
}


def request(name, values, datatype, binary, outputs=None):
    made = InferInput("INPUT0", list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return InferRequest(model_name=name, infer_inputs=[made], request_outputs=outputs)


def same(response, values, output="OUTPUT0"):
    (found,) = [o for o in response.outputs if o.name == output]
    got = found.as_numpy()
    assert list(got.shape) == list(values.shape), (got, values)
    if values.dtype == np.object_:
        got = np.array([[v.decode() if isinstance(v, bytes) else v for v in row] for row in got], np.object_)
    assert (got == values).all(), (got, values)


async def rest(url):
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, "echo-FP32")
        assert not await client.is_model_ready(url, "nowhere")
        for datatype, values in VALUES.items():
            for binary in (False, True):
                name = f"echo-{datatype}"
                for outputs in (None, [RequestedOutput("OUTPUT0", {"binary_data": binary})]):
                    response = await client.infer(
                        url, request(name, values, datatype, binary, outputs), model_name=name
                    )
                    assert response.model_name == name
                    same(response, values)
        half = np.array([[0.5, 65504]], np.float16)
        outputs = [RequestedOutput("OUTPUT0", {"binary_data": True})]
        same(await client.infer(url, request("echo-FP16", half, "FP16", True, outputs), model_name="echo-FP16"), half)
        for name, status in (("nowhere", 404), ("echo-INT8", 400)):
            try:
                await client.infer(url, request(name, VALUES["FP32"], "FP32", False), model_name=name)
            except httpx.HTTPStatusError as error:
                assert error.response.status_code == status, error
            else:
                raise AssertionError(f"{name} was answered")


async def rpc(url):
    async with InferenceGRPCClient(url.removeprefix("http://")) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("echo-FP32")
        for datatype, values in VALUES.items():
            for binary in (False, True):
                name = f"echo-{datatype}"
                same(await client.infer(request(name, values, datatype, binary)), values)
        for name, code in (
            ("nowhere", grpc.StatusCode.NOT_FOUND),
            ("echo-INT8", grpc.StatusCode.INVALID_ARGUMENT),
        ):
            try:
                await client.infer(request(name, VALUES["FP32"], "FP32", True))
            except grpc.RpcError as error:
                assert error.code() == code, error
            else:
                raise AssertionError(f"{name} was answered")


if __name__ == "__main__":
    asyncio.run({"rest": rest, "grpc": rpc}[sys.argv[2]](sys.argv[1]))
    print("all calls are answered as they should be")
