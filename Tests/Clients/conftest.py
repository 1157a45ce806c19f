"""Gateways that the client tests share; each starts with the first test that wants it."""

import re

import pytest
from gateway import PROGRAM, ROOT, Gateway, run

# Every data type of the Open Inference Protocol, each echoed by a model of its own.
DATATYPES = [
    "BOOL",
    *[f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)],
    "FP16",
    "BF16",
    "FP32",
    "FP64",
    "BYTES",
]


def pytest_configure():
    if not PROGRAM.exists():
        raise pytest.UsageError(f"{PROGRAM} is missing: run `swift build --build-tests` or `make test`")


@pytest.fixture(scope="session")
def served():
    """What `make run` serves, on a free port."""
    text = (ROOT / "gateway.yaml").read_text()
    text, count = re.subn(r"127\.0\.0\.1:8080", "127.0.0.1:0", text)
    assert count == 1
    text = text.replace("./build/", f"{ROOT}/build/").replace("./examples/", f"{ROOT}/examples/")
    with Gateway(text) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def echoes():
    """A model `echo-TYPE` for each data type, and `pair` with two inputs."""
    models = [
        f"  echo-{datatype}: {{ plugin: echo, config: {{ inputs: [{{ name: INPUT0, datatype: {datatype} }}] }} }}"
        for datatype in DATATYPES
    ]
    text = "\n".join(
        [
            "version: 1",
            'listeners: { public: { address: "127.0.0.1:0" } }',
            "auth: none",
            "models:",
            *models,
            "  fixed: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: FP32, shape: [2, 3] }] } }",
            "  pair:",
            "    plugin: echo",
            "    config:",
            "      inputs: [{ name: INPUT0, datatype: FP32 }, { name: INPUT1, datatype: BYTES }]",
            "observability: { access_log: none }",
        ]
    )
    with Gateway(text) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def key():
    """A caller's key and its line for gateway.yaml."""
    made = run("key", "new", "--id", "client")
    assert made.returncode == 0, made.stderr
    found = re.fullmatch(r"key +(\S+)\nyaml +keys: (.*)\n", made.stdout)
    assert found, made.stdout
    return found[1], found[2]


@pytest.fixture(scope="session")
def guarded(key):
    """A gateway that asks for a key: `open` to its holder, `closed` to nobody, `scarce` twice a day."""
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: api_keys
models:
  open: {{ plugin: echo }}
  closed: {{ plugin: echo }}
consumers:
  acme: {{ keys: {key[1]}, allow: {{ models: [open] }}, limits: [few] }}
limits:
  few: [{{ count: requests, max: 3/day }}]
observability: {{ access_log: none }}
"""
    with Gateway(text) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def sharing():
    """A gateway to which clients may give shared memory whose name begins with `sluice_test_`."""
    text = """\
version: 1
listeners: { public: { address: "127.0.0.1:0" } }
auth: none
models:
  numbers: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: FP32 }] } }
  words: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: BYTES }] } }
shared_memory: { allow: ["sluice_test_*"], max_region: 1MiB }
observability: { access_log: none }
"""
    with Gateway(text) as gateway:
        yield gateway
