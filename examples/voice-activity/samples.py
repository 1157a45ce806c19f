"""Reads a WAV file (16 kHz, mono, 16 bits) and writes its samples to standard output, from -1 to 1.

samples.py FILE.wav raw|json        float32, little-endian; or {"samples": [...]}
"""

import json
import sys
import wave

import numpy as np

SAMPLE_RATE = 16_000


def read(path):
    with wave.open(str(path)) as file:
        facts = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if facts != (SAMPLE_RATE, 1, 2):
            sys.exit(
                f"{path}: {facts[0]} Hz, {facts[1]} channels, {8 * facts[2]} bits; wanted are 16000 Hz, mono, 16 bits"
            )
        frames = file.readframes(file.getnframes())
    return np.frombuffer(frames, "<i2").astype("<f4") / 32768


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in ("raw", "json"):
        sys.exit(__doc__)
    samples = read(sys.argv[1])
    if sys.argv[2] == "raw":
        sys.stdout.buffer.write(samples.tobytes())
    else:
        # Sixteen-bit steps are 0.00003 apart: five decimals tell them apart.
        json.dump({"samples": [round(sample, 5) for sample in samples.tolist()]}, sys.stdout)
