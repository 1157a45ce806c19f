#!/usr/bin/env python3
"""Compares results with thresholds.json; ends with 1 where one doesn't hold.

    thresholds.py [build/bench/results.json]

Each entry has a figure `of` a row or fact, written "case | connections | server | figure" (facts: without connections),
`over` another one (their ratio), `minus` another one (their difference) or nothing, and `at_most` or `at_least`.
With `minus`, `over` and `over_minus` it is one difference over another: what is added here over what is added there. Ratios within one
run hold on any machine; figures without `over` are sizes and times.
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


def difference(document, figure, less):
    """A figure, less another one if that is named; `None` where one of them wasn't measured."""
    value = lookup(document, figure)
    if value is None or less is None:
        return value
    other = lookup(document, less)
    return value - other if other is not None else None


def judged(document, entries=None):
    """(entry, value) for each threshold that the document has figures for."""
    for entry in json.loads(FILE.read_text()) if entries is None else entries:
        value = difference(document, entry["of"], entry.get("minus"))
        if value is not None and "over" in entry:
            other = difference(document, entry["over"], entry.get("over_minus"))
            # A floor that isn't above nothing was lost in noise: there is no ratio to it.
            value = value / other if other is not None and other > 0 else None
        if value is not None:
            yield entry, value


def made_of(document, entry):
    """What a ratio of two differences is made of, as text; empty for all others."""
    if "over_minus" not in entry:
        return ""
    added = difference(document, entry["of"], entry["minus"])
    return f"{added:.1f} over {difference(document, entry['over'], entry['over_minus']):.1f}"


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
            parts = made_of(document, entry)
            shown = f"{value:.2f} ({parts})" if parts else f"{value:.2f}"
            worse.append(f"worse than it may be: {entry['what']}: {shown}, {bound}")
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
