#!/usr/bin/env python3
"""Steady load on echo at a share of its peak: no failures, and no growth of memory or descriptors.

The peak is what `sluice bench` reaches in a closed loop with the same connections; the soak itself is an open loop, so that
a stall shows in every request that it held up.

    soak.py [--minutes 1] [--share 0.8] [--connections 64] [--settle 10] [--out build/bench/results.json]

Ends with 1 if a request failed or was never sent, a descriptor leaked, or memory grew by more than its noise.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

import configurations
import process
from servers import ROOT, SLUICE, Sluice

# Growth over the whole soak that pages of the allocator explain.
ALLOWED_GROWTH = 1 << 20


def bench(gateway, *options):
    """One run of `sluice bench`; its report."""
    command = [str(SLUICE), "bench", f"http://127.0.0.1:{gateway.port}", "echo", "--format", "json", *options]
    environment = {**os.environ, "SLUICE_KEY": gateway.headers["Authorization"].split()[1]}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def slope(points):
    """Least squares: growth per second, and its standard error."""
    times, values = zip(*points)
    middle, mean = statistics.fmean(times), statistics.fmean(values)
    spread = sum((t - middle) ** 2 for t in times)
    growth = sum((t - middle) * (v - mean) for t, v in points) / spread
    rest = sum((v - mean - growth * (t - middle)) ** 2 for t, v in points)
    return growth, math.sqrt(rest / max(1, len(points) - 2) / spread)


def soak(options):
    with Sluice(configurations.standard) as gateway:
        connections = ["--connections", str(options.connections)]
        peak = bench(gateway, "--duration", "5s", *connections)["requests_per_second"]
        idle = process.descriptors(gateway.pid)
        samples, over = [], threading.Event()

        def watch():
            started = time.monotonic()
            while not over.wait(1):
                resident, open_files = process.resident_bytes(gateway.pid), process.descriptors(gateway.pid)
                samples.append((time.monotonic() - started, resident, open_files))

        watcher = threading.Thread(target=watch)
        watcher.start()
        seconds = round(options.minutes * 60)
        rate = f"{peak * options.share:.0f}"
        report = bench(gateway, "--rate", rate, "--poisson", "--duration", f"{seconds}s", *connections)
        over.set()
        watcher.join()
        time.sleep(1)
        left = process.descriptors(gateway.pid)
    settled = [sample for sample in samples if options.settle <= sample[0] <= seconds]
    growth, error = slope([(t, resident) for t, resident, _ in settled])
    span = settled[-1][0] - settled[0][0]
    return {
        "seconds": seconds,
        "connections": options.connections,
        "peak": peak,
        "share": options.share,
        "rate": report["requests_per_second"],
        "requests": report["requests"],
        "failures": report["failures"],
        "unsent": report["unsent"],
        "latency": report["latency"],
        "resident": settled[-1][1],
        "growth": growth * span,
        "growth_error": error * span,
        "descriptors": {
            "idle": idle,
            "least": min(sample[2] for sample in settled),
            "most": max(sample[2] for sample in settled),
            "after": left,
        },
    }


def faults(result):
    found = []
    if result["failures"]:
        found.append(f"failures: {result['failures']}")
    if result["unsent"]:
        found.append(f"never sent: {result['unsent']}")
    if result["growth"] > max(ALLOWED_GROWTH, 3 * result["growth_error"]):
        found.append(f"memory grew by {result['growth'] / 2**20:.1f} MiB")
    if result["descriptors"]["most"] != result["descriptors"]["least"]:
        found.append("the number of descriptors varied under steady load")
    if result["descriptors"]["after"] > result["descriptors"]["idle"]:
        found.append("descriptors leaked")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--share", type=float, default=0.8)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--settle", type=float, default=10, help="seconds that memory may take to settle")
    parser.add_argument("--out", default=str(ROOT / "build" / "bench" / "results.json"))
    options = parser.parse_args()
    if options.minutes * 60 < options.settle + 5:
        parser.error("--minutes must leave more than five seconds after --settle")
    result = soak(options)
    print(
        f"{result['seconds']} s at {result['rate']:,.0f} req/s ({options.share:.0%} of {result['peak']:,.0f}): "
        f"p50 {result['latency']['p50']:,.0f} µs, p99 {result['latency']['p99']:,.0f} µs, "
        f"p99.9 {result['latency']['p999']:,.0f} µs; memory {result['resident'] / 2**20:.1f} MiB, "
        f"{result['growth'] / 1024:+,.0f} ± {result['growth_error'] / 1024:,.0f} KiB; descriptors {result['descriptors']}"
    )
    out = pathlib.Path(options.out)
    document = json.loads(out.read_text()) if out.exists() else {}
    document["soak"] = result
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    found = faults(result)
    if found:
        sys.exit("not steady: " + "; ".join(found))


if __name__ == "__main__":
    main()
