"""The gateway's own description: /openapi.json, held to what it does by schemathesis, and the page at /docs."""

import json
import re
import shutil
import subprocess
import sys

import pytest
import requests
from gateway import ROOT

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]


@pytest.fixture(scope="module")
def document(served):
    answer = requests.get(f"{served.url}/openapi.json", timeout=30)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


class TestDocument:
    def test_every_model_has_its_types(self, document):
        names = {path.removeprefix("/v1/infer/") for path in document["paths"] if path.startswith("/v1/infer/")}
        assert names >= {"iris", "echo", "voice-activity", "live-voice", "{model}"}
        iris = document["paths"]["/v1/infer/iris"]["post"]
        schema = iris["requestBody"]["content"]["application/json"]["schema"]
        row = schema["properties"]["X"]["items"]
        assert (schema["required"], row["minItems"], row["maxItems"]) == (["X"], 4, 4)
        assert row["items"] == {"type": "number"}
        outputs = iris["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["outputs"]
        assert outputs["properties"]["label"]["items"] == {"type": "string"}
        # State is none of the model's inputs.
        live = document["paths"]["/v1/infer/live-voice"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert live["required"] == ["samples"]

    def test_examples_work(self, served, document):
        for path, operations in document["paths"].items():
            example = operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
            if example.get("example"):
                answer = requests.post(f"{served.url}{path}", json=example["example"], timeout=60)
                assert answer.status_code == 200, (path, answer.text)

    def test_callers_see_what_they_may_use(self, guarded, key):
        url = f"{guarded.url}/openapi.json"
        assert requests.get(url, timeout=30).status_code == 401
        paths = requests.get(url, headers={"Authorization": f"Bearer {key[0]}"}, timeout=30).json()["paths"]
        assert "/v1/infer/open" in paths and "/v1/infer/closed" not in paths

    def test_what_a_listener_does_not_serve_is_not_in_it(self, document):
        assert not [path for path in document["paths"] if path.startswith("/admin")]

    def test_references_lead_somewhere(self, document):
        for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
            place = document
            for name in reference.split("/"):
                place = place[name]


class TestPage:
    def test_it_loads_nothing_from_outside(self, served):
        page = requests.get(f"{served.url}/docs", timeout=30)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        text = page.text
        for name in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert name.startswith("/")
            part = requests.get(f"{served.url}{name}", timeout=30)
            assert part.status_code == 200
            text += part.text if name.startswith("/docs") else ""
        assert not re.findall(r"https?://|//[a-z]+\.[a-z]+", text)
        assert "innerHTML" not in text and "eval" not in text

    def test_its_script_is_javascript(self, served, tmp_path):
        node = shutil.which("node")
        if node is None:
            pytest.skip("there is no node to read it")
        script = tmp_path / "page.js"
        script.write_text(requests.get(f"{served.url}/docs/page.js", timeout=30).text)
        subprocess.run([node, "--check", script], check=True)


def test_schemathesis_finds_nothing(served):
    """A bounded run over all operations: no 5xx, no status, type or body that the document doesn't have."""
    program = ROOT / "build" / "venv" / "bin" / "st"
    # One worker: two that describe their strategies at once can make CPython's parser lose count of its depth.
    result = subprocess.run(
        [sys.executable, program, "run", f"{served.url}/openapi.json", "--no-color", "--max-examples", "12"]
        + ["--checks", ",".join(CHECKS)]
        + ["--phases", "examples,coverage,fuzzing", "--seed", "1", "--generation-database", "none", "--workers", "1"]
        + ["--request-timeout", "30", "--suppress-health-check", "all", "--warnings", "off"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:]
