"""Sends a WAV file (16 kHz, mono, 16 bits) to a session as if somebody were speaking into a microphone, and prints
where speech begins and ends as soon as the gateway has found it.

live.py ADDRESS FILE.wav [SPEED]      SPEED: 1 is real time, 0 as fast as it goes
"""

import json
import pathlib
import sys
import threading
import time

from websockets.sync.client import connect

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "voice-activity"))

import samples  # noqa: E402

WINDOW = 512
WINDOW_SECONDS = WINDOW / samples.SAMPLE_RATE
# Once somebody speaks, it takes less to go on speaking, and a short breath doesn't end it.
SPEECH = 0.5
STILL_SPEECH = 0.35
PAUSE_WINDOWS = 3
BARS = " ▁▂▃▄▅▆▇█"


class Listener:
    """Follows the probabilities and says what they mean, window by window."""

    def __init__(self):
        self.probabilities = []
        self._start = None
        self._quiet = 0

    def hear(self, probability):
        """What there is to say after one more window, if anything."""
        now = len(self.probabilities)
        self.probabilities.append(probability)
        if self._start is None:
            if probability >= SPEECH:
                self._start, self._quiet = now, 0
                return f"speech from {now * WINDOW_SECONDS:.2f} s …"
            return None
        self._quiet = 0 if probability >= STILL_SPEECH else self._quiet + 1
        return self.end(now + 1 - self._quiet) if self._quiet > PAUSE_WINDOWS else None

    def end(self, window):
        """Ends the speech under way."""
        if self._start is None:
            return None
        start, self._start = self._start, None
        return f"speech from {start * WINDOW_SECONDS:.2f} s to {window * WINDOW_SECONDS:.2f} s"


def main(address, path, speed=1.0):
    sound = samples.read(path)
    chunks = [sound[at : at + WINDOW] for at in range(0, len(sound), WINDOW)]
    listener = Listener()
    url = f"{address.replace('http', 'ws', 1)}/v1/stream/live-voice"
    print(f"── {pathlib.Path(path).name}: {len(sound) / samples.SAMPLE_RATE:.2f} s to {url}")

    with connect(url) as session:

        def speak():
            began = time.monotonic()
            for number, chunk in enumerate(chunks):
                if speed > 0:
                    time.sleep(max(0, began + number * WINDOW_SECONDS / speed - time.monotonic()))
                session.send(chunk.tobytes())

        speaker = threading.Thread(target=speak, daemon=True)
        speaker.start()
        for _ in chunks:
            answer = json.loads(session.recv(timeout=30))
            if "outputs" not in answer:
                sys.exit(f"no outputs in the answer: {json.dumps(answer)}")
            for probability in answer["outputs"]["speech"]:
                said = listener.hear(probability)
                if said:
                    print("   ", said, flush=True)
        speaker.join()
    said = listener.end(len(listener.probabilities))
    if said:
        print("   ", said)
    print("    " + "".join(BARS[round(p * (len(BARS) - 1))] for p in listener.probabilities))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:]))
