#!/usr/bin/env python3
"""Compares results with thresholds.json; ends with 1 where one doesn't hold.

    thresholds.py [build/bench/results.json]

Each entry has a figure `of` a row or fact, written "case | connections | server | figure" (facts: without connections),
`over` another one (their ratio), `minus` another one (their difference) or nothing, and `at_most` or `at_least`. Ratios within
one run hold on any machine; figures without `over` are sizes and times.
"""

import json
import pathlib
import sys

FILE = pathlib.Path(__file__).with_name("thresholds.json")


def lookup(document, path):
    """The figure that a path names, or `None` where it wasn't measured."""
    case, *connections, server, figure = (part.strip() for part in path.split("|"))
    entries = document["rows"] if connections else document["facts"]
    for entry in entries:
        if entry["case"] == case and entry["server"] == server:
            if not connections or entry["connections"] == int(connections[0]):
                return entry.get(figure)
    return None


def judged(document, entries=None):
    """(entry, value) for each threshold that the document has figures for."""
    for entry in json.loads(FILE.read_text()) if entries is None else entries:
        value = lookup(document, entry["of"])
        if value is not None and "over" in entry:
            other = lookup(document, entry["over"])
            value = value / other if other else None
        if value is not None and "minus" in entry:
            other = lookup(document, entry["minus"])
            value = value - other if other is not None else None
        if value is not None:
            yield entry, value


def unmeasured(document, entries=None):
    """What no figures were taken for."""
    entries = json.loads(FILE.read_text()) if entries is None else entries
    return [entry["what"] for entry in entries if not any(True for _ in judged(document, [entry]))]


def holds(entry, value):
    return value <= entry["at_most"] if "at_most" in entry else value >= entry["at_least"]


def failures(document, entries=None):
    """What is worse than it may be, one line each."""
    worse = []
    for entry, value in judged(document, entries):
        if not holds(entry, value):
            bound = f"at most {entry['at_most']}" if "at_most" in entry else f"at least {entry['at_least']}"
            worse.append(f"worse than it may be: {entry['what']}: {value:.2f}, {bound}")
    for row in document["rows"]:
        if row["failures"] and row["server"] not in document["peers"]:
            worse.append(f"failures: {row['case']} at {row['connections']}, {row['server']}: {row['failures']}")
    return worse


def main():
    default = FILE.parents[1] / "build" / "bench" / "results.json"
    document = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text())
    worse = failures(document)
    for what in unmeasured(document):
        print(f"not measured: {what}")
    print("\n".join(worse) if worse else "every threshold that was measured holds")
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
