#!/usr/bin/env python3
"""A table of a gigabyte goes through the gateway in one request, and neither it nor the client ever holds much of it.

The table is made while it is sent, to `sluice infer -`, which asks echo; the answers are counted and dropped. Memory is what the
system says was resident at most, of the gateway before and after, and of the client.

    long_table.py [--gigabytes 1]

Ends with 1 if an answer is missing, or either process grew by more than a hundredth of the table and 48 MiB.
"""

import argparse
import os
import subprocess
import sys
import threading
import time

import configurations
from batches import COLUMNS, peak_bytes
from servers import SLUICE, Sluice

BLOCK = 10_000
# What four batches and their answers take, and what a client is by itself.
SMALL = 48 << 20


def rows():
    """A block of rows, the same each time."""
    state, text = 7, []
    for _ in range(BLOCK):
        row = []
        for low, high in ((43, 79), (20, 44), (10, 69), (1, 25)):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            row.append(f"{(low + (state >> 33) % (high - low + 1)) / 10}")
        text.append(",".join(row))
    return ("\n".join(text) + "\n").encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=1)
    options = parser.parse_args()
    block = rows()
    head = ",".join(COLUMNS).encode() + b"\n"
    blocks = max(1, round(options.gigabytes * 1e9 / len(block)))
    size = len(head) + blocks * len(block)
    with Sluice(configurations.batches) as gateway:
        before = peak_bytes(gateway.pid)
        client = subprocess.Popen(
            [SLUICE, "infer", "--url", f"http://127.0.0.1:{gateway.port}", "--model", "echo", "--type", "csv", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "SLUICE_KEY": gateway.headers["Authorization"].removeprefix("Bearer ")},
        )

        def send():
            with client.stdin as pipe:
                pipe.write(head)
                for _ in range(blocks):
                    pipe.write(block)

        begin = time.perf_counter()
        sender = threading.Thread(target=send)
        sender.start()
        lines = 0
        while piece := client.stdout.read(1 << 20):
            lines += piece.count(b"\n")
        sender.join()
        _, status, usage = os.wait4(client.pid, 0)
        client.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        after = peak_bytes(gateway.pid)
    client_peak = usage.ru_maxrss * 1024
    print(
        f"{size / 1e9:.2f} GB, {blocks * BLOCK} rows, {lines - 1} answers in {seconds:.0f} s; "
        f"resident at most: gateway {before / 2**20:.0f} MiB before, {after / 2**20:.0f} MiB after, "
        f"client {client_peak / 2**20:.0f} MiB")
    allowed = SMALL + size // 100
    if client.returncode != 0 or lines - 1 != blocks * BLOCK or after - before > allowed or client_peak > allowed:
        sys.exit(f"it isn't whole, or more than {allowed / 2**20:.0f} MiB were held")


if __name__ == "__main__":
    main()
