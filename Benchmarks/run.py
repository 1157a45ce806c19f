#!/usr/bin/env python3
"""Requests per second and CPU per request of the gateway beside nginx's static answer of the same size.

Rounds are interleaved (A B, B A, …), so that drift of a shared machine hits both alike; figures are medians.
CPU per request is the number to compare: it varies far less than throughput, as the load generator shares the cores.

    run.py [--seconds 3] [--rounds 3] [--connections 1,16,64] [--out results.json] [--check]

--check compares with thresholds.json and ends with 1 if a ratio is worse.
"""
import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys

import process
import servers
from workloads import WORKLOADS


def wrk(server, path, body, headers, connections, seconds, folder):
    """One measurement: requests per second, CPU-µs per request, latency, failures."""
    script = os.path.join(folder, "post.lua")
    with open(os.path.join(folder, "body"), "wb") as f:
        f.write(body)
    lines = ['wrk.method = "POST"', f'local f = io.open("{folder}/body", "rb"); wrk.body = f:read("*a"); f:close()']
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    lines.append('''
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %f %f\\n", summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end''')
    with open(script, "w") as f:
        f.write("\n".join(lines))
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", script,
               f"http://127.0.0.1:{server.port}{path}"]
    before = process.cpu_microseconds(server.pid)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    cpu = process.cpu_microseconds(server.pid) - before
    match = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+)", output)
    requests, microseconds, bad, broken = (int(match[i]) for i in range(1, 5))
    return {"rps": requests / microseconds * 1e6, "cpu": cpu / max(requests, 1), "p50": float(match[5]),
            "p99": float(match[6]), "failures": bad + broken}


def measure(name, make, connections, rounds, seconds):
    path, body, headers, check = make()
    with servers.scratch() as gateway_folder, servers.scratch() as floor_folder:
        with servers.sluice(gateway_folder) as gateway:
            headers = {**headers, "Authorization": f"Bearer {gateway.key}"}
            status, answer_headers, answer = servers.post(gateway, path, body, headers)
            if status != 200 or not check(answer_headers, answer):
                raise SystemExit(f"{name}: wrong answer ({status}): {answer[:300]!r}")
            with servers.nginx(floor_folder, answer, answer_headers["content-type"]) as floor:
                rows = []
                for count in connections:
                    samples = {"sluice": [], "nginx": []}
                    for turn in range(rounds):
                        order = [("sluice", gateway, path), ("nginx", floor, "/answer")]
                        for who, server, target in order if turn % 2 == 0 else reversed(order):
                            samples[who].append(
                                wrk(server, target, body, headers, count, seconds, gateway_folder))
                    row = {"workload": name, "connections": count}
                    for who, taken in samples.items():
                        row[who] = {key: statistics.median(s[key] for s in taken) for key in ("rps", "cpu", "p50", "p99")}
                        row[who]["failures"] = sum(s["failures"] for s in taken)
                    row["cpu_ratio"] = row["sluice"]["cpu"] / row["nginx"]["cpu"]
                    rows.append(row)
                    print_row(row)
                return rows


def print_row(row):
    s, n = row["sluice"], row["nginx"]
    print(f"| {row['workload']} | {row['connections']} | {s['rps']:,.0f} | {s['cpu']:.1f} | {s['p50']:.0f} / {s['p99']:.0f} "
          f"| {n['rps']:,.0f} | {n['cpu']:.1f} | {row['cpu_ratio']:.2f} | {s['failures']} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", default="1,16,64")
    parser.add_argument("--out")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    connections = [int(c) for c in options.connections.split(",")]
    print(f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} processors, {options.rounds} rounds of "
          f"{options.seconds} s each, medians; key, quota and routing on\n")
    print("| workload | connections | sluice req/s | CPU-µs/req | p50 / p99 µs | nginx req/s | CPU-µs/req | CPU ratio "
          "| failures |\n|---|---|---|---|---|---|---|---|---|")
    rows = [row for name, make in WORKLOADS.items()
            for row in measure(name, make, connections, options.rounds, options.seconds)]
    if options.out:
        with open(options.out, "w") as f:
            json.dump(rows, f, indent=2)
    if options.check:
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "thresholds.json")) as f:
            limits = json.load(f)
        worse = [f"{r['workload']} at {r['connections']}: CPU ratio {r['cpu_ratio']:.2f} > {limits[r['workload']]}"
                 for r in rows if r["cpu_ratio"] > limits.get(r["workload"], float("inf"))]
        worse += [f"{r['workload']} at {r['connections']}: {r['sluice']['failures']} failures"
                  for r in rows if r["sluice"]["failures"]]
        print("\n".join(worse), file=sys.stderr)
        sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
