"""A page read by one call of a pipeline, and by a client that calls the same models one after the other over HTTP."""

import http.client
import json
import math
import statistics
import time

import numpy as np
import process
from PIL import Image
from servers import ROOT

PAGE = ROOT / "examples" / "ocr" / "page.png"
STEPS = [
    ("page-detect", {"x": "image"}, {"sigmoid_0.tmp_0": "maps"}),
    ("page-lines", {"image": "image", "maps": "maps"}, {"lines": "lines", "boxes": "boxes"}),
    ("page-recognise", {"x": "lines"}, {"softmax_11.tmp_0": "letters"}),
    ("page-text", {"letters": "letters"}, {"text": "text", "confidence": "confidence"}),
]
ANSWER = ("text", "confidence", "boxes")


def configuration(key):
    """The models of gateway.yaml that read pages, open to everybody."""
    text = (ROOT / "gateway.yaml").read_text()
    models = text[text.index("  page-detect:") : text.index("\nauth:")]
    return (
        'version: 1\nlisteners: { public: { address: "127.0.0.1:0", max_body: 256MiB } }\n'
        "observability: { access_log: none }\nauth: none\nmodels:\n"
        + models.replace("./build/", f"{ROOT}/build/").replace("./examples/", f"{ROOT}/examples/")
    )


def missing():
    """Why it can't be measured; `None` where it can."""
    there = (ROOT / "build" / "deps" / "rapidocr").is_dir()
    return None if there else "build/deps/rapidocr is missing: `make deps` fetches it"


def pixels():
    page = np.asarray(Image.open(PAGE).convert("RGB"), np.float32)[:, :, ::-1] / 255
    return np.ascontiguousarray(((page - 0.5) / 0.5).transpose(2, 0, 1)[None])


class Caller:
    """Open Inference over one connection that stays open, tensors as they lie in memory."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def infer(self, model, inputs, outputs):
        tensors = [
            {
                "name": name,
                "shape": list(value.shape),
                "datatype": "FP32",
                "parameters": {"binary_data_size": value.nbytes},
            }
            for name, value in inputs.items()
        ]
        asked = [{"name": name, "parameters": {"binary_data": True}} for name in outputs]
        head = json.dumps({"inputs": tensors, "outputs": asked}, separators=(",", ":")).encode()
        self.connection.request(
            "POST",
            f"/v2/models/{model}/infer",
            b"".join([head, *(value.data.cast("B") for value in inputs.values())]),
            {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))},
        )
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{model}: HTTP {response.status}: {body[:200]!r}")
        return self.read(memoryview(body), int(response.headers["Inference-Header-Content-Length"]))

    @staticmethod
    def read(body, length):
        outputs, place = {}, length
        for output in json.loads(bytes(body[:length]))["outputs"]:
            size = output["parameters"]["binary_data_size"]
            raw = body[place : place + size]
            place += size
            if output["datatype"] == "FP32":
                outputs[output["name"]] = np.frombuffer(raw, np.float32).reshape(output["shape"])
            else:
                outputs[output["name"]] = bytes(raw)
        return outputs


def by_one_call(caller, image):
    return caller.infer("ocr", {"image": image}, ANSWER)


def by_each_model(caller, image):
    known = {"image": image}
    for model, inputs, outputs in STEPS:
        made = caller.infer(model, {name: known[tensor] for name, tensor in inputs.items()}, outputs)
        known.update({tensor: made[name] for name, tensor in outputs.items()})
    return {name: known[name] for name in ANSWER}


def measure(server, read, image, seconds):
    """What `load.Load.measure` tells, of one caller that waits for each answer."""
    caller = Caller(server.port)
    before, began, times = process.cpu_microseconds(server.pid), time.monotonic(), []
    while len(times) < 3 or time.monotonic() - began < seconds:
        start = time.perf_counter()
        read(caller, image)
        times.append((time.perf_counter() - start) * 1e6)
    elapsed = time.monotonic() - began
    used = process.cpu_microseconds(server.pid) - before
    caller.connection.close()
    times.sort()
    at = lambda share: times[min(len(times) - 1, math.ceil(share * len(times)) - 1)]  # noqa: E731
    return {
        "rps": len(times) / elapsed,
        "cpu": used / len(times),
        "p50": statistics.median(times),
        "p99": at(0.99),
        "p999": at(0.999),
        "cores": used / 1e6 / elapsed,
        "failures": 0,
    }


def compare(bench, server):
    image = pixels()
    ways = {"one call": by_one_call, "a call for each model": by_each_model}
    caller = Caller(server.port)
    answers = [way(caller, image) for way in ways.values()]
    caller.connection.close()
    if answers[0]["text"] != answers[1]["text"]:
        raise SystemExit("pipeline: the two ways read different texts")
    samples = {name: [] for name in ways}
    for turn in range(bench.options.rounds):
        for name, way in list(ways.items())[:: 1 if turn % 2 == 0 else -1]:
            samples[name].append(measure(server, way, image, bench.options.seconds))
    for name, taken in samples.items():
        bench.add("a page of text, binary", 1, name, taken)
