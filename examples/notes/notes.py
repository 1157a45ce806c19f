"""Reads basic-pitch's `note` output (npy, float32[N, 172, 88]) from standard input; prints which notes sound when."""

import io
import sys

import numpy as np

RATE = 22_050
HOP = 256
# Windows overlap by 30 frames, of which each gives half to its neighbour.
OVERLAP = 30
NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"]
LOWEST = 21
LOUD, SHORTEST = 0.4, 0.25


def notes(windows):
    """(MIDI number, from, to) of what is loud for long enough, in order of time."""
    frames = windows[:, OVERLAP // 2 : -OVERLAP // 2].reshape(-1, windows.shape[2])
    found = []
    for pitch in range(frames.shape[1]):
        is_loud = np.concatenate([[False], frames[:, pitch] > LOUD, [False]])
        edges = np.flatnonzero(is_loud[1:] != is_loud[:-1])
        for first, end in zip(edges[::2], edges[1::2]):
            if (end - first) * HOP / RATE >= SHORTEST:
                found.append((pitch + LOWEST, first * HOP / RATE, end * HOP / RATE))
    return sorted(found, key=lambda note: (round(note[1], 1), note[0]))


def name(midi):
    return f"{NAMES[midi % 12]}{midi // 12 - 1}"


if __name__ == "__main__":
    body = sys.stdin.buffer.read()
    if not body.startswith(b"\x93NUMPY"):
        # An error: it says what is wrong.
        sys.exit(body.decode())
    for midi, start, end in notes(np.load(io.BytesIO(body))):
        print(f"   out: {name(midi):4} from {start:.2f} s to {end:.2f} s")
