"""A page read by one call of a pipeline, and by a client that calls the same models over HTTP.

The client does what a good one would: it keeps its connections, sends tensors as they lie in memory, and has the lines read
one by one, as many beside each other as the server has processors, as the pipeline does. The two ways take turns page by page.
"""

import concurrent.futures
import http.client
import itertools
import json
import math
import os
import statistics
import time

import numpy as np
import process
from PIL import Image
from servers import ROOT

PAGE = ROOT / "examples" / "ocr" / "page.png"
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


class OneCall:
    """The pipeline does it all."""

    def __init__(self, port):
        self.caller = Caller(port)

    def read(self, image):
        return self.caller.infer("ocr", {"image": image}, ANSWER)


class EachModel:
    """A call for each model, and for each line."""

    def __init__(self, port):
        self.caller = Caller(port)
        self.readers = [Caller(port) for _ in range(os.cpu_count() or 1)]
        self.pool = concurrent.futures.ThreadPoolExecutor(len(self.readers))

    def read(self, image):
        maps = self.caller.infer("page-detect", {"x": image}, ["sigmoid_0.tmp_0"])["sigmoid_0.tmp_0"]
        found = self.caller.infer("page-lines", {"image": image, "maps": maps}, ["lines", "boxes"])
        letters = self.letters(found["lines"])
        text = self.caller.infer("page-text", {"letters": letters}, ["text", "confidence"])
        return {**text, "boxes": found["boxes"]}

    def letters(self, lines):
        rest, made = itertools.count(), [None] * len(lines)

        def work(reader):
            while (row := next(rest)) < len(lines):
                answer = reader.infer("page-recognise", {"x": lines[row : row + 1]}, ["softmax_11.tmp_0"])
                made[row] = answer["softmax_11.tmp_0"]

        list(self.pool.map(work, self.readers))
        return np.concatenate(made)


def one_page(server, way, image):
    """µs that a page took, and the server's CPU-µs for it."""
    before, start = process.cpu_microseconds(server.pid), time.perf_counter()
    way.read(image)
    elapsed = time.perf_counter() - start
    return elapsed * 1e6, process.cpu_microseconds(server.pid) - before


def summary(pages):
    """What `load.Load.measure` tells, of one caller that waits for each answer."""
    times = sorted(elapsed for elapsed, _ in pages)
    total, used = sum(times), sum(cpu for _, cpu in pages)
    at = lambda share: times[min(len(times) - 1, math.ceil(share * len(times)) - 1)]  # noqa: E731
    return {
        "rps": len(times) / total * 1e6,
        "cpu": used / len(times),
        "p50": statistics.median(times),
        "p99": at(0.99),
        "p999": at(0.999),
        "cores": used / total,
        "failures": 0,
    }


def compare(bench, server):
    image = pixels()
    ways = {"one call": OneCall(server.port), "a call for each model": EachModel(server.port)}
    texts = [way.read(image)["text"] for way in ways.values()]
    if texts[0] != texts[1]:
        raise SystemExit("pipeline: the two ways read different texts")
    samples = {name: [] for name in ways}
    for _ in range(bench.options.rounds):
        # Page by page: what a shared machine does to one way it does to the other.
        began, pages = time.monotonic(), {name: [] for name in ways}
        for turn in itertools.count():
            if turn >= 3 and time.monotonic() - began >= bench.options.seconds * len(ways):
                break
            for name, way in list(ways.items())[:: 1 if turn % 2 == 0 else -1]:
                pages[name].append(one_page(server, way, image))
        for name, taken in pages.items():
            samples[name].append(summary(taken))
    for name, taken in samples.items():
        bench.add("a page of text, binary", 1, name, taken)
