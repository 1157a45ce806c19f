"""A real gateway process for a test: a configuration of its own, free ports, ended and cleaned up with its context."""

import json
import os
import pathlib
import queue
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("SLUICE_TEST_PROGRAM", ROOT / ".build" / "debug" / "sluice"))
PLUGINS = os.environ.get("SLUICE_TEST_PLUGINS", str(ROOT / "build" / "plugins"))
LONGEST_START = 120


def environment():
    """What the gateway finds its plugins by; the Swift ones lie beside the program."""
    return {**os.environ, "SLUICE_PLUGIN_PATH": f"{PLUGINS}:{PROGRAM.parent}", "SWIFT_BACKTRACE": "enable=no"}


class Gateway:
    """`sluice serve` with `text`, in which `127.0.0.1:0` asks for a free port.

    `folder` is where relative paths in the configuration start.
    """

    def __init__(self, text):
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-client-")
        self.folder = pathlib.Path(self._folder.name)
        self.text = text
        self.log = []
        self.ports = {}
        self._process = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        configuration = self.folder / "gateway.yaml"
        configuration.write_text(self.text)
        self._process = subprocess.Popen(
            [PROGRAM, "serve", configuration, "--threads", "2"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr, lines), daemon=True)
        self._reader.start()
        wanted = self.text.count("127.0.0.1:0")
        while len(self.ports) < wanted:
            line = lines.get(timeout=LONGEST_START)
            if line is None:
                raise RuntimeError("the gateway did not start:\n" + "".join(self.log))
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry.get("message") == "listening":
                self.ports[entry["listener"]] = int(entry["address"].rsplit(":", 1)[1])

    def _read(self, stream, lines):
        for line in stream:
            self.log.append(line)
            lines.put(line)
        lines.put(None)

    def __exit__(self, *_):
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._reader.join(10)
            self._process.stderr.close()
        self._folder.cleanup()

    def kill(self):
        """Ends it at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    @property
    def address(self):
        return f"127.0.0.1:{self.ports['public']}"

    @property
    def url(self):
        return f"http://{self.address}"


def run(*arguments, seconds=60, **options):
    """One `sluice` command to its end."""
    return subprocess.run(
        [PROGRAM, *arguments], env=environment(), capture_output=True, text=True, timeout=seconds, check=False, **options
    )


def wait_for(condition, seconds=10):
    """Whether it comes true in time."""
    event = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        event.wait(0.02)
    return False
