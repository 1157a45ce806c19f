"""The requests that are measured, each with the check that its answer is right."""

import array
import json
import random
import struct


BUSY = 50_000  # turns of a loop in Python


class Request:
    """A body with its headers and path, and a check of the answer; `kind` is http (HTTP/1.1), h2 or grpc."""

    def __init__(self, path, body, headers, check, kind="http"):
        self.path, self.body, self.headers, self.check, self.kind = path, body, headers, check, kind


def numbers(count, seed=7):
    """Texts with six digits, and the float32 that they say."""
    generator = random.Random(seed)
    texts = [f"{generator.uniform(-1, 1):.6f}" for _ in range(count)]
    return texts, array.array("f", map(float, texts)).tobytes()


def echo_json(count, model="echo"):
    texts, raw = numbers(count)
    body = (
        f'{{"inputs":[{{"name":"INPUT0","shape":[1,{count}],"datatype":"FP32","data":[{",".join(texts)}]}}]}}'
    ).encode()

    def check(headers, answer):
        return array.array("f", json.loads(answer)["outputs"][0]["data"]).tobytes() == raw

    return Request(f"/v2/models/{model}/infer", body, {"Content-Type": "application/json"}, check)


def echo_binary(count, model="echo"):
    _, raw = numbers(count)
    tensor = {
        "name": "INPUT0",
        "shape": [1, count],
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(raw)},
    }
    head = json.dumps(
        {"inputs": [tensor], "parameters": {"binary_data_output": True}}, separators=(",", ":")
    ).encode()

    def check(headers, answer):
        return "inference-header-content-length" in headers and answer.endswith(raw)

    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    return Request(f"/v2/models/{model}/infer", head + raw, headers, check)


def busy():
    """A sum that takes some milliseconds of Python."""
    body = json.dumps({"n": BUSY}).encode()

    def check(headers, answer):
        return json.loads(answer)["outputs"]["total"] == sum(number * number % 7 for number in range(BUSY))

    return Request("/v1/infer/busy", body, {"Content-Type": "application/json"}, check)


def bytes_back(body, kind="http"):
    """For a server that gives back the bytes it got."""
    headers = {"Content-Type": "application/octet-stream"}
    return Request("/", body, headers, lambda headers, answer: answer == body, kind)


def static(kind="http"):
    return Request("/answer", None, {}, lambda headers, answer: True, kind)


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, data):
    """A length-delimited field of a protobuf message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def echo_grpc(count, model="echo"):
    """ModelInferRequest with raw_input_contents, in gRPC's frame."""
    _, raw = numbers(count)
    shape = field(3, varint(1) + varint(count))
    tensor = field(1, b"INPUT0") + field(2, b"FP32") + shape
    message = field(1, model.encode()) + field(5, tensor) + field(7, raw)
    body = b"\0" + struct.pack(">I", len(message)) + message
    headers = {"content-type": "application/grpc", "te": "trailers"}
    return Request(
        "/inference.GRPCInferenceService/ModelInfer", body, headers, lambda headers, answer: raw in answer, "grpc"
    )


def iris(model="iris"):
    body = json.dumps(
        {"inputs": [{"name": "X", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]},
        separators=(",", ":"),
    ).encode()

    def check(headers, answer):
        outputs = {output["name"]: output["data"] for output in json.loads(answer)["outputs"]}
        return outputs["label"] == ["setosa"] and abs(outputs["probabilities"][0] - 1) < 1e-5

    return Request(f"/v2/models/{model}/infer", body, {"Content-Type": "application/json"}, check)


def sentence(length, model="minilm"):
    """Token ids of one short sentence, as a tokenizer would give them."""
    generator = random.Random(3)
    ids = [101, *(generator.randrange(1000, 20000) for _ in range(length - 2)), 102]
    inputs = [
        {"name": name, "shape": [1, length], "datatype": "INT64", "data": data}
        for name, data in (("input_ids", ids), ("attention_mask", [1] * length))
    ]
    body = json.dumps({"inputs": inputs}, separators=(",", ":")).encode()

    def check(headers, answer):
        (output,) = json.loads(answer)["outputs"]
        return output["shape"] == [1, 384] and abs(sum(x * x for x in output["data"]) - 1) < 1e-3

    return Request(f"/v2/models/{model}/infer", body, {"Content-Type": "application/json"}, check)
