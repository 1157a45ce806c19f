"""How fast JSON becomes a tensor, beside simdjson reading the same text into an array of floats.

Both are one thread that does nothing else, turn by turn in one run: `row-cost`, which reads a body as /v1/infer does, and
Parsing/rows.cpp. simdjson, by its on-demand interface, is told what comes; the gateway finds out, checks that rows are as long as
each other and as declared, and says where something is wrong."""

import pathlib
import statistics
import subprocess
import tempfile

from servers import RELEASE

SOURCE = pathlib.Path(__file__).with_name("Parsing") / "rows.cpp"
ROWS = 400_000


def parsing(bench):
    """1,600,000 numbers of JSON as one body."""
    own, floor = {"short": [], "long": []}, {"short": [], "long": []}
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "rows"
        subprocess.run(["c++", "-std=c++17", "-O3", "-march=native", SOURCE, "-lsimdjson", "-o", program], check=True)
        for _ in range(bench.options.rounds):
            for line in output([RELEASE / "row-cost", str(ROWS)]).splitlines()[1:]:
                numbers, kind, _, _, _, whole, _ = line.split()
                if kind == "NDJSON":
                    own[numbers].append(float(whole))
            for line in output([program, str(ROWS)]).splitlines():
                numbers, rate = line.split()
                floor[numbers].append(float(rate))
    for numbers in own:
        case = f"1,600,000 {numbers} numbers of JSON"
        bench.fact(case, "sluice", parsed_megabytes_per_second=statistics.median(own[numbers]))
        bench.fact(case, "simdjson", parsed_megabytes_per_second=statistics.median(floor[numbers]))


def output(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
