"""The requests that are measured, each with the check that its answer is right."""
import json
import struct


def fp32_16():
    return [round(0.1 * i - 0.8, 4) for i in range(16)]


def echo_json():
    body = json.dumps(
        {"inputs": [{"name": "INPUT0", "shape": [1, 16], "datatype": "FP32", "data": fp32_16()}]},
        separators=(",", ":")).encode()

    def check(headers, answer):
        data = json.loads(answer)["outputs"][0]["data"]
        return len(data) == 16 and all(abs(a - b) < 1e-6 for a, b in zip(data, fp32_16()))

    return "/v2/models/echo/infer", body, {"Content-Type": "application/json"}, check


def echo_binary():
    raw = struct.pack("<16f", *fp32_16())
    head = json.dumps(
        {"inputs": [{"name": "INPUT0", "shape": [1, 16], "datatype": "FP32",
                     "parameters": {"binary_data_size": len(raw)}}],
         "parameters": {"binary_data_output": True}},
        separators=(",", ":")).encode()
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}

    def check(headers, answer):
        return answer.endswith(raw) and "inference-header-content-length" in headers

    return "/v2/models/echo/infer", head + raw, headers, check


WORKLOADS = {"echo FP32[1,16] JSON": echo_json, "echo FP32[1,16] binary": echo_binary}
