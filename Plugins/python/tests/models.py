"""Models for test_python.c: each class does one thing, most of them wrong."""

import threading

import numpy as np
import sluice

NUMBERS = {"x": ("FP32", [-1])}
DOUBLED = {"y": ("FP32", [-1])}


class Doubles:
    inputs, outputs = NUMBERS, {"y": ("FP32", None), "sum": ("FP64", [])}
    max_concurrency = 8
    deterministic = True
    metadata = {"author": "tests"}

    def infer(self, inputs, request):
        x = inputs["x"]
        assert not x.flags.writeable, "inputs are read-only"
        return {"y": x * 2, "sum": np.float64(x.sum())}


class AllTypes:
    """Answers every input as it came, by way of NumPy."""

    TYPES = "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 FP32 FP64 BYTES".split()
    inputs = [{"name": f"in_{name}", "datatype": name} for name in TYPES]
    outputs = {f"out_{name}": name for name in TYPES}

    def infer(self, inputs, request):
        return {f"out_{name[3:]}": value for name, value in inputs.items()}


class Fails:
    inputs, outputs = NUMBERS, DOUBLED

    def infer(self, inputs, request):
        secret = "swordfish"  # noqa: F841
        what = request.params["what"]
        if what == "value":
            raise ValueError("x must be positive")
        if what == "status":
            raise sluice.Error("the model rests", sluice.UNAVAILABLE)
        if what == "exit":
            raise SystemExit(f"never leaves: {secret}")
        if what == "wrong name":
            return {"z": inputs["x"]}
        if what == "wrong type":
            return {"y": np.array(["a"])}
        if what == "none":
            return None
        if what == "too large":
            return {"y": np.arange(3) + 2**40}
        if what == "bytes":
            return {"y": b"abc"}
        return inputs["x"] / {}[secret]


class Range:
    inputs, outputs = {"x": ("INT64", [-1])}, {"y": ("UINT8", [-1])}

    def infer(self, inputs, request):
        return inputs["x"].tolist()


class Words:
    inputs, outputs = {"words": ("BYTES", [-1])}, {"word": ("BYTES", [])}
    closed = threading.Event()

    def infer(self, inputs, request):
        try:
            for word in inputs["words"]:
                if word == b"fail":
                    raise ValueError("a word failed")
                if word == b"closed?":
                    yield {"word": str(Words.closed.is_set())}
                    continue
                yield {"word": word.decode() + ("!" if request.cancelled else "")}
        finally:
            if inputs["words"].size > 100:
                Words.closed.set()


class Keeps:
    """Says whether its input is a view of the request's memory, and keeps it where it is told to."""

    inputs, outputs = NUMBERS, {"y": ("FP32", [-1]), "owner": ("BYTES", [])}

    def __init__(self):
        self.kept = []

    def infer(self, inputs, request):
        x = inputs["x"]
        base = x
        while isinstance(base, np.ndarray):
            base = base.base
        owner = type(getattr(base, "obj", base)).__name__
        if request.params.get("keep"):
            self.kept.append(x)
        return {"y": x if request.params.get("same") else x + 1, "owner": owner}


class Learns:
    """A mean that is corrected by what is learnt."""

    inputs, outputs = NUMBERS, {"y": ("FP32", [-1])}

    def __init__(self):
        self.total, self.weight = 0.0, 0.0

    def infer(self, inputs, request):
        return np.full_like(inputs["x"], self.total / self.weight if self.weight else 0)

    def learn(self, inputs, labels, request):
        if request.subject_id == "wrong":
            raise ValueError("no such request")
        self.total += float(labels["y"].sum()) * request.weight
        self.weight += labels["y"].size * request.weight


class Waits:
    """Waits until it is cancelled."""

    inputs, outputs = NUMBERS, DOUBLED
    max_concurrency = 8

    def infer(self, inputs, request):
        pause = threading.Event()
        while not request.cancelled:
            pause.wait(0.001)
        raise sluice.Error("cancelled", 1)


class NoOutputs:
    inputs = NUMBERS

    def infer(self, inputs, request):
        return {}


class OddType:
    inputs, outputs = {"x": ("FP31", [-1])}, DOUBLED

    def infer(self, inputs, request):
        return {}


class OddShape:
    inputs, outputs = {"x": ("FP32", [-2])}, DOUBLED

    def infer(self, inputs, request):
        return {}


class OddBatching:
    inputs, outputs, batching = NUMBERS, DOUBLED, "sometimes"

    def infer(self, inputs, request):
        return {}


class LoadFails:
    inputs, outputs = NUMBERS, DOUBLED

    def load(self, config):
        raise OSError("no weights")

    def infer(self, inputs, request):
        return {}


class WarmupFails(Doubles):
    def warmup(self):
        raise RuntimeError("still cold")
