#!/usr/bin/env python3
"""Measures the gateway beside nginx and the peers that are installed, all in one run on one machine.

Rounds are interleaved (A B C, C B A, …), so that drift of a shared machine hits all alike; figures are medians. CPU
per request is the number to compare: it varies far less than throughput, as the load generator shares the processors.

    run.py [SUITE…] [--seconds 2] [--rounds 3] [--out build/bench/results.json] [--check]

Suites: start echo large json forest batch parsing decoding sentences policy keys routes models cost isolation python
remote pipeline idle; all of them by default.
--check compares with thresholds.json and ends with 1 if a ratio is worse.
"""

import argparse
import contextlib
import datetime
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import configurations
import load
import peers
import process
import suites
import thresholds
from servers import ROOT, Sluice

# Seconds of one measurement, where a server takes so long for a request that it needs more than --seconds.
LONGEST = 12
FIGURES = ("rps", "cpu", "p50", "p99", "p999", "cores")


class Bench:
    """The servers that suites share, and what has been measured so far."""

    def __init__(self, options, stack):
        self.options = options
        self.stack = stack
        self.rows, self.facts, self.skipped = [], [], []
        self._gateway = self._peers = None

    def gateway(self):
        """The gateway with echo and the forest, a key, a quota and routes."""
        if self._gateway is None:
            self._gateway = self.stack.enter_context(Sluice(configurations.standard))
        return self._gateway

    def peers(self):
        """Every peer that is installed and starts."""
        if self._peers is None:
            self._peers = []
            for make in peers.ALL:
                if make.__name__.lower() not in self.options.peers:
                    continue
                reason = make.missing()
                if reason is None:
                    try:
                        peer = self.stack.enter_context(make())
                        time.sleep(2)
                        peer.resting_bytes = process.resident_bytes_of_tree(peer.pid)
                        self._peers.append(peer)
                        continue
                    except RuntimeError as error:
                        reason = str(error)
                self.skip("all", make.__name__, reason)
        return self._peers

    def skip(self, case, server, reason):
        self.skipped.append({"case": case, "server": server, "reason": reason})
        print(f"not measured: {case}, {server}: {reason}", flush=True)

    def fact(self, case, server, **figures):
        self.facts.append({"case": case, "server": server, **figures})
        shown = ", ".join(f"{name} {value:,.1f}" for name, value in figures.items())
        print(f"{case}, {server}: {shown}", flush=True)

    def answer(self, server, request):
        reason, answer = load.check(server, request)
        if reason:
            raise SystemExit(f"{server.name}: {reason}")
        return answer

    def answers(self, case, server, request):
        """Whether a server can serve a request; notes why not."""
        reason, _ = load.check(server, request)
        if reason:
            self.skip(case, server.name, reason)
        return reason is None

    def compare(self, case, connections, contenders, rounds=0):
        """Measures (server, request) pairs in interleaved rounds, at least so many; leaves out, with the reason, who answers
        wrongly."""
        good = [(server, request) for server, request in contenders if self.answers(case, server, request)]
        with contextlib.ExitStack() as stack:
            loads = [(server, stack.enter_context(load.Load(request))) for server, request in good]
            # What happens once (pools, lazily loaded code) is over after this; and it shows who is slow.
            rates = {server.name: one.measure(server, connections[-1], 1)["rps"] for server, one in loads}
            for count in connections:
                samples = {server.name: [] for server, _ in loads}
                for turn in range(max(rounds, self.options.rounds)):
                    for server, one in loads if turn % 2 == 0 else loads[::-1]:
                        seconds = self.long_enough(count, rates[server.name])
                        samples[server.name].append(one.measure(server, count, seconds))
                for name, taken in samples.items():
                    self.add(case, count, name, taken)

    def long_enough(self, connections, rate):
        """Seconds in which each connection gets several answers, so that those cut off at the end don't matter."""
        return max(self.options.seconds, min(LONGEST, math.ceil(8 * connections / max(rate, 0.1))))

    def add(self, case, connections, server, samples):
        row = {"case": case, "connections": connections, "server": server}
        row.update({figure: statistics.median(sample[figure] for sample in samples) for figure in FIGURES})
        row["failures"] = sum(sample["failures"] for sample in samples)
        row["rounds"] = [{figure: sample[figure] for figure in ("rps", "cpu")} for sample in samples]
        self.rows.append(row)
        print(
            f"{case:28} {connections:3} {server:14} {row['rps']:10,.0f} req/s {row['cpu']:10,.1f} CPU-µs/req "
            f"p50 {row['p50']:10,.0f} µs, p99 {row['p99']:10,.0f} µs, {row['failures']} failures",
            flush=True,
        )

    def document(self):
        return {
            "machine": machine(),
            "command": " ".join(["Benchmarks/run.py", *sys.argv[1:]]),
            "settings": {"seconds": self.options.seconds, "rounds": self.options.rounds},
            "peers": {peer.name: peer.described() for peer in self._peers or []},
            "rows": self.rows,
            "facts": self.facts,
            "skipped": self.skipped,
        }


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), platform.machine())
    commit = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "date": datetime.date.today().isoformat(),
        "processor": model,
        "processors": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "kernel": platform.release(),
        "commit": commit,
        "load_before": os.getloadavg()[0],
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", default=list(suites.ALL), metavar="SUITE")
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", default="1,16,64", help="for the small echo")
    parser.add_argument("--peers", default="triton,mlserver,kserve", help="which to start; none for none")
    parser.add_argument("--out", default=str(ROOT / "build" / "bench" / "results.json"))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    for name in options.suites:
        if name not in suites.ALL:
            parser.error(f"there is no suite {name}: {' '.join(suites.ALL)}")
    options.connections = [int(count) for count in options.connections.split(",")]
    options.peers = options.peers.lower().split(",")
    return options


def main():
    options = arguments()
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        bench = Bench(options, stack)
        about = machine()
        print(f"{about['date']}, {about['processors']} × {about['processor']}, load {about['load_before']:.1f}")
        for name in options.suites:
            try:
                suites.ALL[name](bench)
            except RuntimeError as error:  # a server that didn't start: the other suites are still worth having
                bench.skip(name, "sluice", str(error))
        document = bench.document()
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    # A run of some suites replaces theirs and keeps the others'.
    if out.exists() and set(options.suites) != set(suites.ALL):
        document = merged(json.loads(out.read_text()), document)
    out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    print(f"{time.monotonic() - started:.0f} s; written to {out}")
    worse = thresholds.failures(document)
    print("\n".join(worse) if worse else "every threshold that was measured holds")
    sys.exit(1 if worse and options.check else 0)


def merged(old, new):
    cases = {entry["case"] for key in ("rows", "facts", "skipped") for entry in new[key]}
    for key in ("rows", "facts", "skipped"):
        new[key] = [entry for entry in old[key] if entry["case"] not in cases] + new[key]
    new["peers"] = {**old["peers"], **new["peers"]}
    if "soak" in old:
        new["soak"] = old["soak"]
    return new


if __name__ == "__main__":
    main()
