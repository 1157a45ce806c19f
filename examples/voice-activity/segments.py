"""Reads the gateway's answer ({"outputs": {"speech": [...]}}) from standard input, draws it and prints where
somebody speaks.

segments.py
"""

import json
import sys

WINDOW_SECONDS = 512 / 16_000
SPEECH = 0.5
# Once somebody speaks, it takes less to go on speaking, and a short breath doesn't end it: silero's own defaults.
STILL_SPEECH = 0.35
SHORTEST_PAUSE = 0.1
SHORTEST_SPEECH = 0.25
BARS = " ▁▂▃▄▅▆▇█"


def segments(probabilities):
    """Pairs of seconds between which there is speech."""
    found = []
    start = None
    for index, probability in enumerate([*probabilities, 0.0]):
        now = index * WINDOW_SECONDS
        if start is None and probability >= SPEECH:
            start = now
        elif start is not None and probability < STILL_SPEECH:
            if found and start - found[-1][1] < SHORTEST_PAUSE:
                start = found.pop()[0]
            found.append((start, now))
            start = None
    return [(start, end) for start, end in found if end - start >= SHORTEST_SPEECH]


def main():
    answer = json.load(sys.stdin)
    if "outputs" not in answer:
        sys.exit(f"no outputs in the answer: {json.dumps(answer)}")
    probabilities = answer["outputs"]["speech"]
    print("   out:", f"{len(probabilities)} windows of {1000 * WINDOW_SECONDS:.0f} ms")
    print("       ", "".join(BARS[round(probability * (len(BARS) - 1))] for probability in probabilities))
    for start, end in segments(probabilities):
        print(f"        speech from {start:.2f} s to {end:.2f} s")


if __name__ == "__main__":
    main()
