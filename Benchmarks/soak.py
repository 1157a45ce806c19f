#!/usr/bin/env python3
"""Steady load on echo: no errors, and after the first seconds no growth in memory or descriptors.

    soak.py [--seconds 60] [--connections 8] [--settle 10]

Ends with 1 if a request failed, a descriptor leaked, or memory grew by more than the noise allowed.
"""
import argparse
import statistics
import sys
import threading
import time

import process
import run
import servers
from workloads import echo_json

ALLOWED_GROWTH = 1 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--settle", type=int, default=10)
    options = parser.parse_args()
    path, body, headers, _ = echo_json()
    with servers.scratch() as folder, servers.sluice(folder) as gateway:
        headers["Authorization"] = f"Bearer {gateway.key}"
        idle = process.descriptors(gateway.pid)
        samples, over = [], threading.Event()

        def watch():
            started = time.monotonic()
            while not over.wait(1):
                samples.append((time.monotonic() - started, process.resident_bytes(gateway.pid),
                                process.descriptors(gateway.pid)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        result = run.wrk(gateway, path, body, headers, options.connections, options.seconds, folder)
        over.set()
        watcher.join()
        time.sleep(1)
        left = process.descriptors(gateway.pid)
    settled = [s for s in samples if options.settle <= s[0] <= options.seconds - 1]
    third = max(1, len(settled) // 3)
    early = statistics.median(s[1] for s in settled[:third])
    late = statistics.median(s[1] for s in settled[-third:])
    most = max(s[2] for s in settled)
    least = min(s[2] for s in settled)
    print(f"{options.seconds} s, {options.connections} connections: {result['rps']:,.0f} req/s, "
          f"{result['failures']} failures, p50 {result['p50']:.0f} µs, p99 {result['p99']:.0f} µs")
    print(f"memory: {early / 2**20:.1f} MiB after {options.settle} s, {late / 2**20:.1f} MiB at the end "
          f"({(late - early) / 1024:+.0f} KiB)")
    print(f"descriptors: {idle} idle, {least} to {most} under load, {left} after it")
    if result["failures"] or late - early > ALLOWED_GROWTH or most != least or left > idle:
        sys.exit("not steady")


if __name__ == "__main__":
    main()
