"""How fast JSON and CSV become a tensor, beside simdjson and pandas reading the same text into an array of floats.

All are one thread that does nothing else, turn by turn in one run: `row-cost`, which reads a body as /v1/infer does,
Parsing/rows.cpp, and pandas here. simdjson, by its on-demand interface, is told what comes; the gateway finds out, checks that
rows are as long as each other and as declared, and says where something is wrong."""

import io
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

from servers import RELEASE

SOURCE = pathlib.Path(__file__).with_name("Parsing") / "rows.cpp"
ROWS = 400_000
KINDS = ("short", "long")


def parsing(bench):
    """1,600,000 numbers as one body."""
    rates = {(kind, by): [] for kind in KINDS for by in ("JSON sluice", "CSV sluice", "JSON simdjson", "CSV pandas")}
    tables = {kind: table(kind) for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "rows"
        subprocess.run(["c++", "-std=c++17", "-O3", "-march=native", SOURCE, "-lsimdjson", "-o", program], check=True)
        for _ in range(bench.options.rounds):
            for line in output([RELEASE / "row-cost", str(ROWS)]).splitlines()[1:]:
                kind, form, _, _, _, whole, _ = line.split()
                rates[kind, "CSV sluice" if form == "CSV" else "JSON sluice"].append(float(whole))
            for line in output([program, str(ROWS)]).splitlines():
                kind, rate = line.split()
                rates[kind, "JSON simdjson"].append(float(rate))
            for kind in KINDS:
                rates[kind, "CSV pandas"].append(by_pandas(tables[kind]))
    for (kind, by), values in rates.items():
        form, server = by.split()
        bench.fact(
            f"1,600,000 {kind} numbers of {form}", server, parsed_megabytes_per_second=statistics.median(values)
        )


def table(kind):
    """Numbers as long as those of row-cost, as CSV."""
    chance = random.Random(7)
    least, most, digits = (0, 8, 1) if kind == "short" else (-1, 1, 9)
    rows = ([f"{chance.uniform(least, most):.{digits}f}" for _ in range(4)] for _ in range(ROWS))
    return "".join(",".join(row) + "\n" for row in rows).encode()


def by_pandas(text):
    """MB a second of CPU, the best of three times."""
    import numpy
    import pandas

    best = float("inf")
    for _ in range(3):
        begin = time.thread_time()
        frame = pandas.read_csv(io.BytesIO(text), header=None, dtype=numpy.float32, engine="c")
        assert frame.to_numpy().shape == (ROWS, 4)
        best = min(best, time.thread_time() - begin)
    return len(text) / 1e6 / best


def output(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
