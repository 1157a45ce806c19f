"""The load generators of the field on one port at once: gRPC by h2load, HTTP/1.1 by wrk."""

import json
import re
import subprocess
import urllib.request

from tritonclient.grpc import service_pb2

SECONDS = 2
CONNECTIONS = 4


def grpc_message():
    """A ModelInfer of four numbers, framed as gRPC has it."""
    request = service_pb2.ModelInferRequest(model_name="echo-FP32")
    tensor = request.inputs.add()
    tensor.name, tensor.datatype = "INPUT0", "FP32"
    tensor.shape.extend([1, 4])
    tensor.contents.fp32_contents.extend([1, 2, 3, 4])
    message = request.SerializeToString()
    return b"\0" + len(message).to_bytes(4, "big") + message


def h2load(port, folder):
    body = folder / "message"
    body.write_bytes(grpc_message())
    command = ["h2load", "-t", "1", "-c", str(CONNECTIONS), "-m", "8", "-D", str(SECONDS), "-d", str(body)]
    command += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    url = f"http://127.0.0.1:{port}/inference.GRPCInferenceService/ModelInfer"
    return subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wrk(port, folder):
    tensor = {"name": "INPUT0", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}
    script = folder / "post.lua"
    script.write_text(
        f"""wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{json.dumps({"inputs": [tensor]})}]]
done = function(summary)
  local e = summary.errors
  io.write(string.format("RESULT %d %d\\n", summary.requests, e.status + e.connect + e.read + e.write + e.timeout))
end"""
    )
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "--timeout", "30s", "-s", str(script)]
    url = f"http://127.0.0.1:{port}/v2/models/echo-FP32/infer"
    return subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def statistics(gateway):
    """How many requests have failed and succeeded so far."""
    with urllib.request.urlopen(f"{gateway.url}/v2/models/echo-FP32/stats", timeout=30) as answer:
        counts = json.load(answer)["model_stats"][0]["inference_stats"]
    return counts["fail"]["count"], counts["success"]["count"]


def test_grpc_and_http1_load_the_same_port_at_once(echoes, tmp_path):
    port = echoes.ports["public"]
    before = statistics(echoes)
    runs = [h2load(port, tmp_path), wrk(port, tmp_path)]
    grpc, http = (run.communicate(timeout=60)[0] for run in runs)

    counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", grpc)
    assert counts, grpc
    _, succeeded, failed, errored, late = map(int, counts.groups())
    assert succeeded > 0 and (failed, errored, late) == (0, 0, 0), grpc
    # A gRPC failure has the status 200 as well: what tells is how often the gateway counted a success.
    result = re.search(r"RESULT (\d+) (\d+)", http)
    assert result and int(result[1]) > 0 and int(result[2]) == 0, http
    failures, successes = (after - before for before, after in zip(before, statistics(echoes), strict=True))
    assert failures == 0
    assert successes >= succeeded + int(result[1])
