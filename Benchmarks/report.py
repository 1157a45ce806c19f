#!/usr/bin/env python3
"""Writes results into docs/benchmarks.md, between its two marks, and draws docs/benchmarks.svg.

    report.py [build/bench/results.json]
"""

import json
import pathlib
import sys
import textwrap

import plot
import thresholds
from servers import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "benchmarks.svg"
BEGIN, END = "<!-- results: written by Benchmarks/report.py -->", "<!-- end of results -->"


def number(value, digits=0):
    return f"{value:,.{digits}f}"


def microseconds(value):
    """Three significant digits, in the unit that suits."""
    for unit, size in (("s", 1e6), ("ms", 1e3), ("µs", 1)):
        if value >= size or unit == "µs":
            scaled = value / size
            return f"{scaled:,.{0 if scaled >= 100 else 1 if scaled >= 10 else 2}f} {unit}"
    return ""


def times(ratio):
    return f"{ratio:,.1f}×" if ratio < 100 else f"{ratio:,.0f}×"


def size(value):
    for unit, bytes_each in (("MiB", 2**20), ("KiB", 2**10)):
        if abs(value) >= bytes_each:
            return f"{value / bytes_each:,.1f} {unit}"
    return f"{value:,.0f} B"


def table(head, rows, texts=2):
    """The first `texts` columns are text, the others numbers."""
    lines = ["| " + " | ".join(head) + " |", "|---" * texts + "|---:" * (len(head) - texts) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def machine(document):
    about = document["machine"]
    settings = document["settings"]
    return [
        f"{about['date']}, {about['processors']} × {about['processor']}, {about['memory_gib']} GiB, "
        f"Linux {about['kernel']}, commit {about['commit']}; load average {about['load_before']:.1f} before.",
        f"`{document['command']}`: {settings['rounds']} rounds of {settings['seconds']} s each, medians.",
        "",
        *([f"Peers: {'; '.join(document['peers'].values())}.", ""] if document["peers"] else []),
    ]


def cases(document):
    found = {}
    for row in document["rows"]:
        found.setdefault(row["case"], []).append(row)
    return found


def measured(document):
    lines = []
    for case, rows in cases(document).items():
        lines += [f"### {case[0].upper()}{case[1:]}", ""]
        shown = []
        for row in rows:
            floor = next(
                (r for r in rows if r["server"] == "nginx" and r["connections"] == row["connections"]), None
            )
            shown.append(
                [
                    str(row["connections"]),
                    f"**{row['server']}**" if row["server"] == "sluice" else row["server"],
                    number(row["rps"]),
                    microseconds(row["cpu"]),
                    times(row["cpu"] / floor["cpu"]) if floor else "",
                    microseconds(row["p50"]),
                    microseconds(row["p99"]),
                    number(row["failures"]),
                ]
            )
        head = ["connections", "server", "req/s", "CPU per request", "of nginx", "p50", "p99", "failures"]
        if not any(row[4] for row in shown):
            head.pop(4)
            shown = [row[:4] + row[5:] for row in shown]
        lines += table(head, shown)
    return lines


def facts(document):
    lines = []
    start = [fact for fact in document["facts"] if fact["case"] == "start"]
    if start:
        rows = [[fact["server"], f"{fact['ready_ms']:,.0f} ms", size(fact["resident"])] for fact in start]
        lines += ["### Start and rest", "", *table(["server", "ready after", "memory at rest"], rows, 1)]
    batches = [fact for fact in document["facts"] if "rows_per_second" in fact]
    if batches:
        rows = [
            [
                fact["case"],
                fact["server"],
                number(fact["rows_per_second"]),
                number(fact["megabytes_per_second"], 1),
                number(fact["cpu_seconds"], 1),
                size(fact["peak_mebibytes"] * 2**20),
            ]
            for fact in batches
        ]
        lines += [
            "### Batches",
            "",
            "One request by `sluice infer`, from a file into a file; pandas reads, asks ONNX Runtime and writes by itself.",
            "",
            *table(["workload", "by", "rows/s", "MB/s of CSV", "CPU seconds", "memory at its peak"], rows),
        ]
    parsed = [fact for fact in document["facts"] if "parsed_megabytes_per_second" in fact]
    if parsed:
        rows = [[fact["case"], fact["server"], number(fact["parsed_megabytes_per_second"])] for fact in parsed]
        lines += [
            "### Text to a tensor",
            "",
            "One thread, a body in memory; simdjson is told what comes, and reads it into an array of floats, as pandas does.",
            "",
            *table(["workload", "by", "MB/s of text"], rows),
        ]
    decoded = [fact for fact in document["facts"] if "decoded_microseconds" in fact]
    if decoded:
        rows = [[fact["case"], fact["server"], microseconds(fact["decoded_microseconds"])] for fact in decoded]
        lines += [
            "### Pictures and sound to a tensor",
            "",
            *textwrap.wrap(
                "One thread, CPU for one file in memory; sluice is the media plugin, called as the gateway does. libav is FFmpeg's "
                "decoder and scaler kept open from one picture to the next, to planes of floats; libav rgb the same to bytes.",
                118,
            ),
            "",
            *table(["workload", "by", "CPU"], rows),
        ]
    idle = [fact for fact in document["facts"] if fact["case"].startswith("idle")]
    if idle:
        rows = [
            [fact["server"], fact["case"].split(": ")[1], size(fact["bytes_each"]), size(fact["resident"])]
            for fact in idle
        ]
        lines += [
            "### Idle connections",
            "",
            "Each has had one answer and waits for its next request.",
            "",
            *table(["server", "connections", "memory of each", "in all"], rows),
        ]
    cost = [fact for fact in document["facts"] if fact["case"].startswith("policy cost")]
    if cost:
        names = ["key", "who", "route", "rules", "quota", "all", "with key", "floor"]
        rows = [[fact["case"].split(": ")[1], *(f"{fact[name]:.2f}" for name in names)] for fact in cost]
        lines += [
            "### What policy costs",
            "",
            "µs of CPU for a request, by the calls that the gateway makes; `floor` is a SHA-256 and a count in a hash table.",
            "",
            *table(["consumers, routes, quotas of each request, threads", *names], rows, 1),
        ]
    return lines


def soak(document):
    result = document.get("soak")
    if not result:
        return []
    latency = result["latency"]
    growth = f"{result['growth'] / 1024:+,.0f} ± {result['growth_error'] / 1024:,.0f} KiB"
    descriptors = result["descriptors"]
    load = (
        f"`Benchmarks/soak.py`: {result['seconds']:,} s of independent callers (open loop) at "
        f"{number(result['rate'])} requests a second, {result['share']:.0%} of the {number(result['peak'])} that the "
        f"same generator reaches in a closed loop, on {result['connections']} connections: "
        f"{number(result['requests'])} answers, {sum(result['failures'].values())} failures, "
        f"{result['unsent']} never sent. Latency from when each request was due: p50 {microseconds(latency['p50'])}, "
        f"p99 {microseconds(latency['p99'])}, p99.9 {microseconds(latency['p999'])}, longest "
        f"{microseconds(latency['max'])}. Memory {size(result['resident'])}, slope over the whole soak {growth}; "
        f"descriptors {descriptors['idle']} idle, {descriptors['least']} to {descriptors['most']} under load, "
        f"{descriptors['after']} after it."
    )
    return ["### Soak", "", *textwrap.wrap(load, 118, break_on_hyphens=False), ""]


def bounds(document):
    rows = []
    for entry, value in thresholds.judged(document):
        bound = f"≤ {entry['at_most']:,}" if "at_most" in entry else f"≥ {entry['at_least']:,}"
        shown = number(value, 2 if value < 100 else 0)
        parts = thresholds.made_of(document, entry)
        if parts:
            shown += f" ({parts})"
        rows.append([entry["what"], shown, bound, "holds" if thresholds.holds(entry, value) else "**does not hold**"])
    return ["### Thresholds", "", *table(["what", "measured", "bound", ""], rows, 1)] if rows else []


def skipped(document):
    if not document["skipped"]:
        return []
    lines = [f"- {s['case']}, {s['server']}: {s['reason'].splitlines()[0]}" for s in document["skipped"]]
    return ["### Not measured", "", *lines, ""]


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "bench" / "results.json"
    document = json.loads(path.read_text())
    lines = machine(document)
    picture = plot.draw(document)
    if picture:
        PICTURE.write_text(picture)
        lines += ["![CPU time per request, by workload and server](benchmarks.svg)", ""]
    for part in (measured, facts, soak, bounds, skipped):
        lines += part(document)
    page = PAGE.read_text()
    before, rest = page.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    PAGE.write_text(before + BEGIN + "\n\n" + "\n".join(lines).rstrip() + "\n\n" + END + after)
    print(f"written: {PAGE.relative_to(ROOT)}" + (f", {PICTURE.relative_to(ROOT)}" if picture else ""))


if __name__ == "__main__":
    main()
