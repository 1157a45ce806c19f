"""A million rows in one request, beside pandas and ONNX Runtime doing the same by themselves.

Both read the same CSV from a file, ask the same random forest in batches of as many rows, and write the same CSV answer to a
file; each in a process of its own, turn by turn in one run. The gateway is asked by `sluice infer`."""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import configurations
import process
from servers import MODELS, SLUICE, Sluice

ROWS = 1_000_000
BATCH = 1000
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

# What a data scientist would write.
PANDAS = """
import sys
import onnxruntime, pandas
source, target, model, batch = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options)
header = True
with open(target, "w", newline="") as out:
    for rows in pandas.read_csv(source, chunksize=int(batch), dtype="float32"):
        labels, scores = session.run(None, {session.get_inputs()[0].name: rows.to_numpy()})
        answer = pandas.DataFrame(scores, columns=[f"probabilities_{i}" for i in range(scores.shape[1])])
        answer.insert(0, "label", labels)
        answer.to_csv(out, index=False, header=header)
        header = False
"""


def batches(bench):
    """1,000,000 rows of CSV through the random forest, and through echo."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        source = folder / "flowers.csv"
        write(source, ROWS)
        megabytes = source.stat().st_size / 1e6
        figures = {"sluice": [], "pandas": []}
        with Sluice(configurations.batches) as gateway:
            for _ in range(bench.options.rounds):
                figures["sluice"].append(through(gateway, "iris", source, folder / "sluice.csv"))
                figures["pandas"].append(alone(source, folder / "pandas.csv"))
            peak = peak_bytes(gateway.pid)
            assert labels(folder / "sluice.csv") == labels(folder / "pandas.csv"), "the answers differ"
            echo = [through(gateway, "echo", source, folder / "echo.csv") for _ in range(bench.options.rounds)]
        case = "1,000,000 rows of CSV, random forest"
        add(bench, case, "sluice", figures["sluice"], megabytes, peak)
        memory = max(peak for _, _, peak in figures["pandas"])
        add(bench, case, "pandas", figures["pandas"], megabytes, memory)
        add(bench, "1,000,000 rows of CSV, echo", "sluice", echo, megabytes, peak)


def add(bench, case, server, samples, megabytes, peak):
    seconds = statistics.median(sample[0] for sample in samples)
    cpu = statistics.median(sample[1] for sample in samples)
    bench.fact(
        case, server, rows_per_second=ROWS / seconds, megabytes_per_second=megabytes / seconds, cpu_seconds=cpu,
        peak_mebibytes=peak / 2**20)


def write(path, count):
    """Made-up flowers, the same on every run."""
    state = 7
    with open(path, "w") as out:
        out.write(",".join(COLUMNS) + "\n")
        for _ in range(count):
            row = []
            for low, high in ((43, 79), (20, 44), (10, 69), (1, 25)):
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                row.append(f"{(low + (state >> 33) % (high - low + 1)) / 10}")
            out.write(",".join(row) + "\n")


def through(gateway, model, source, target):
    """Seconds, and the gateway's CPU seconds."""
    before = process.cpu_microseconds(gateway.pid)
    begin = time.perf_counter()
    subprocess.run(
        [SLUICE, "infer", "--url", f"http://127.0.0.1:{gateway.port}", "--model", model, source, "--out", target]
        + ["--batch", str(BATCH)],
        env={**os.environ, "SLUICE_KEY": gateway.headers["Authorization"].removeprefix("Bearer ")},
        check=True,
    )
    seconds = time.perf_counter() - begin
    return seconds, (process.cpu_microseconds(gateway.pid) - before) / 1e6, 0


def alone(source, target):
    """Seconds, CPU seconds and peak bytes of pandas and ONNX Runtime."""
    begin = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", PANDAS, source, target, MODELS / "iris.onnx", str(BATCH)])
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"pandas ended with {child.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def peak_bytes(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def labels(path):
    with open(path, newline="") as answer:
        return [line.split(",", 1)[0] for line in answer]
