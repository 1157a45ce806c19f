"""Writes tune.ogg: a scale and a chord on plucked strings, 6 seconds at 44.1 kHz.

    make_tune.py tune.ogg
"""

import sys

import numpy as np
import soundfile

RATE = 44_100
# MIDI's number of each note, when it begins, and how long it sounds.
TUNE = [(60, 0.0, 0.6), (62, 0.6, 0.6), (64, 1.2, 0.6), (65, 1.8, 0.6), (67, 2.4, 0.6), (69, 3.0, 0.6)]
TUNE += [(60, 3.8, 1.6), (64, 3.8, 1.6), (67, 3.8, 1.6)]


def pluck(note, seconds):
    moments = np.arange(int(RATE * seconds)) / RATE
    frequency = 440 * 2 ** ((note - 69) / 12)
    # Overtones are weaker, and die away sooner.
    sound = sum(np.sin(2 * np.pi * frequency * n * moments) * np.exp(-moments * n * 1.5) / n**1.5 for n in range(1, 9))
    return sound * np.minimum(1, moments / 0.005) * np.minimum(1, (seconds - moments) / 0.05)


def tune():
    sound = np.zeros(RATE * 6)
    for note, start, seconds in TUNE:
        at = int(start * RATE)
        plucked = pluck(note, seconds)
        sound[at : at + len(plucked)] += plucked * 0.3
    return sound.astype(np.float32)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    soundfile.write(sys.argv[1], tune(), RATE, format="OGG", subtype="VORBIS")
