"""Puts load on a server: wrk over HTTP/1.1, h2load over HTTP/2 and gRPC. One thread, one request at a time on each connection."""

import math
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import process

# Where bodies and logs of the load generators lie: in memory, if there is such a place.
SCRATCH = "/dev/shm" if os.path.isdir("/dev/shm") else None


class Load:
    """The files that one request needs, for as long as the context lasts."""

    def __init__(self, request):
        self.request = request

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-load-", dir=SCRATCH))
        if self.request.body is not None:
            (self.folder / "body").write_bytes(self.request.body)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def measure(self, server, connections, seconds):
        """Requests per second, CPU-µs of the server's process tree per request, latency in µs, failures."""
        run = self.wrk if self.request.kind == "http" else self.h2load
        before, started = process.cpu_microseconds(server.pid), time.monotonic()
        result = run(server, connections, seconds)
        cpu = process.cpu_microseconds(server.pid) - before
        served = result.pop("served")
        result["cpu"] = cpu / max(served, 1)
        result["cores"] = cpu / 1e6 / (time.monotonic() - started)
        return result

    def wrk(self, server, connections, seconds):
        request = self.request
        lines = []
        if request.body is not None:
            lines += [
                'wrk.method = "POST"',
                f'local f = io.open("{self.folder}/body", "rb"); wrk.body = f:read("*a"); f:close()',
            ]
        headers = {**request.headers, **server.headers}
        lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
        lines.append("""
done = function(summary, latency, requests)
  io.write(string.format("RESULT %d %d %d %d %f %f %f\\n", summary.requests, summary.duration, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end""")
        script = self.folder / "post.lua"
        script.write_text("\n".join(lines))
        os.chmod(script, 0o600)  # it has the key in it
        command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "60s", "-s", str(script)]
        output = subprocess.run(
            [*command, f"http://127.0.0.1:{server.port}{request.path}"], capture_output=True, text=True, check=True
        ).stdout
        numbers = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) ([\d.]+) ([\d.]+) ([\d.]+)", output)
        requests, microseconds, bad, broken = (int(numbers[i]) for i in range(1, 5))
        return {
            "served": requests,
            "rps": requests / microseconds * 1e6,
            "p50": float(numbers[5]),
            "p99": float(numbers[6]),
            "p999": float(numbers[7]),
            "failures": bad + broken,
        }

    def h2load(self, server, connections, seconds):
        log = self.folder / "log"
        log.unlink(missing_ok=True)
        command = ["h2load", "-t", "1", "-c", str(connections), "-m", "1", "-D", f"{seconds}", "-N", "60"]
        command += ["-w", "30", "-W", "30", "--log-file", str(log)]
        if self.request.body is not None:
            command += ["-d", str(self.folder / "body")]
        for name, value in {**self.request.headers, **server.headers}.items():
            command += ["-H", f"{name.lower()}: {value}"]
        output = subprocess.run(
            [*command, f"http://127.0.0.1:{server.grpc_port}{self.request.path}"],
            capture_output=True,
            text=True,
            check=True,
            timeout=seconds + 90,
        ).stdout
        done = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", output)
        # A line per request: start in µs since 1970, status, µs to the end.
        times = sorted(int(line.split()[2]) for line in log.read_text().splitlines() if line.split()[1] == "200")

        def percentile(share):
            return float(times[max(0, math.ceil(share * len(times)) - 1)]) if times else math.nan

        return {
            "served": int(done[1]),
            "rps": len(times) / seconds,
            "p50": percentile(0.5),
            "p99": percentile(0.99),
            "p999": percentile(0.999),
            "failures": int(done[3]) + int(done[4]) + int(done[5]),
        }


def check_http2(server, request):
    """One call by curl; why its answer is wrong, or `None`; and the answer."""
    with Load(request) as load:
        head, body = load.folder / "head", load.folder / "answer"
        command = ["curl", "--silent", "--http2-prior-knowledge", "--max-time", "60", "-o", str(body), "-D", str(head)]
        for name, value in {**request.headers, **server.headers}.items():
            command += ["-H", f"{name.lower()}: {value}"]
        command += ["--data-binary", f"@{load.folder}/body"]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{server.grpc_port}{request.path}"], check=False, capture_output=True
        )
        fields = head.read_text(errors="replace") if head.exists() else ""
        status = re.findall(r"(?im)^grpc-status: *(\d+)", fields)
        if done.returncode or request.kind == "grpc" and status != ["0"]:
            message = re.findall(r"(?im)^grpc-message: *(.*)", fields)
            return f"curl ended with {done.returncode}, grpc-status {status} {message}", None
        answer = body.read_bytes()
        if not request.check({}, answer):
            return f"wrong answer: {answer[:200]!r}", None
        media_type = re.findall(r"(?im)^content-type: *([^\r\n]*)", fields)
        return None, (media_type[0] if media_type else "", answer)


def check(server, request):
    """Sends one request; why its answer is wrong, or `None`; and the answer."""
    if request.body is None:
        return None, None
    if request.kind != "http":
        return check_http2(server, request)
    status, headers, answer = server.post(request.path, request.body, request.headers)
    if status != 200:
        return f"HTTP {status}: {answer[:200]!r}", None
    if not request.check(headers, answer):
        return f"wrong answer: {answer[:200]!r}", None
    return None, (headers.get("content-type", ""), answer)
