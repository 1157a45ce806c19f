"""kserve's InferenceRESTClient (live, ready, model ready, infer as JSON and binary, errors) and InferenceGRPCClient
(the same), unmodified: kserve_calls.py has the calls."""

import os
import pathlib
import subprocess
import sys

import pytest
from gateway import ROOT


@pytest.mark.parametrize("client", ["rest", "grpc"])
def test_every_call_works(echoes, client):
    result = subprocess.run(
        [sys.executable, pathlib.Path(__file__).with_name("kserve_calls.py"), echoes.url, client],
        env={**os.environ, "PYTHONPATH": str(ROOT / "build" / "deps" / "kserve")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-4000:]
    assert "all calls" in result.stdout
