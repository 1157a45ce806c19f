"""`sluice infer`: what a file is, its name tells; and over TLS it trusts what it is told to."""

import io
import json
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest
import safetensors.numpy
from gateway import PROGRAM, Gateway, environment
from test_certificates import certificates  # noqa: F401 - a fixture

X = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]], np.float32)


def npz():
    buffer = io.BytesIO()
    np.savez(buffer, X=X)
    return buffer.getvalue()


def arrow(as_file=False):
    table = pa.table({f"X_{i}": X[:, i] for i in range(4)})
    sink = io.BytesIO()
    if as_file:
        pyarrow.feather.write_feather(table, sink, compression="uncompressed")
        return sink.getvalue()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


FILES = {
    "flowers.tsv": "".join("\t".join(map(str, row)) + "\n" for row in X).encode(),
    "flowers.npz": npz(),
    "flowers.safetensors": safetensors.numpy.save({"X": X}),
    "flowers.arrow": arrow(),
    "flowers.feather": arrow(True),
    "flowers.ndjson": "".join(json.dumps([float(v) for v in row]) + "\n" for row in X).encode(),
}


def infer(*arguments, key=None):
    variables = {**environment(), **({"SLUICE_KEY": key} if key else {})}
    return subprocess.run(
        [PROGRAM, "infer", *arguments], env=variables, capture_output=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", FILES)
def test_a_files_name_tells_what_it_is(served, tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    result = infer("--url", served.url, "--model", "iris", tmp_path / name)
    assert result.returncode == 0, result.stderr
    if name.endswith("tsv"):
        labels = [line.split("\t")[0] for line in result.stdout.decode().splitlines()[1:]]
    elif name.endswith("ndjson"):
        labels = [json.loads(line)["outputs"]["label"] for line in result.stdout.splitlines()]
    else:
        labels = json.loads(result.stdout)["outputs"]["label"]
    assert labels == ["setosa", "virginica"]


def test_a_table_of_a_spreadsheet_is_sent_in_batches(served, tmp_path):
    text = "\r\n".join(";".join(str(float(v)).replace(".", ",") for v in row) for row in X)
    (tmp_path / "flowers.csv").write_bytes(text.encode("utf-16"))
    result = infer(
        "--url", served.url, "--model", "iris", "--batch", "1", "--errors", "skip", tmp_path / "flowers.csv", "--outputs", "label"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == b"label,error\r\nsetosa,\r\nvirginica,\r\n"


def test_the_answer_may_have_tabs(served, tmp_path):
    (tmp_path / "flowers.tsv").write_bytes(FILES["flowers.tsv"])
    result = infer("--url", served.url, "--model", "iris", "--as", "tsv", tmp_path / "flowers.tsv", "--outputs", "label")
    assert result.returncode == 0, result.stderr
    assert result.stdout == b"label\r\nsetosa\r\nvirginica\r\n"


@pytest.fixture(scope="module")
def secure(certificates, key):  # noqa: F811
    text = f"""\
version: 1
listeners:
  public: {{ address: "127.0.0.1:0", tls: {{ cert: {certificates}/server.pem, key: {certificates}/server.key }} }}
auth: api_keys
models: {{ echo: {{ plugin: echo }} }}
consumers: {{ me: {{ keys: {key[1]}, allow: {{ models: [echo] }} }} }}
observability: {{ access_log: none }}
"""
    with Gateway(text) as gateway:
        yield f"https://127.0.0.1:{gateway.ports['public']}"


class TestTLS:
    def test_it_trusts_the_authority_that_it_is_told(self, secure, certificates, key, tmp_path):  # noqa: F811
        (tmp_path / "rows.csv").write_text("1\n2\n")
        result = infer("--url", secure, "--ca", certificates / "ca.pem", "--model", "echo", tmp_path / "rows.csv", key=key[0])
        assert result.returncode == 0, result.stderr
        assert len(result.stdout.split(b"\r\n")) == 4

    def test_it_trusts_nobody_else(self, secure, key, tmp_path):
        (tmp_path / "rows.csv").write_text("1\n")
        result = infer("--url", secure, "--model", "echo", tmp_path / "rows.csv", key=key[0])
        assert result.returncode == 1 and result.stdout == b""
        assert b"certificate" in result.stderr.lower(), result.stderr

    def test_a_key_is_asked_for(self, secure, certificates, tmp_path):  # noqa: F811
        (tmp_path / "rows.csv").write_text("1\n")
        result = infer("--url", secure, "--ca", certificates / "ca.pem", "--model", "echo", tmp_path / "rows.csv")
        assert result.returncode == 1 and b"key" in result.stderr, result.stderr
