"""gateway.yaml for each measurement, as functions of the caller's key hash."""

import hashlib

from servers import MODELS, ROOT

HEAD = """\
version: 1
listeners: { public: { address: "127.0.0.1:0", max_connections: 20000 } }
observability: { access_log: none }
"""
PLENTY = "limits:\n  plenty: [{ count: requests, max: 1000000000/min }]\n"


def consumer(key, models):
    return f"""\
auth: api_keys
consumers:
  bench:
    keys: [{{ id: bench, hash: "sha256:{key}" }}]
    allow: {{ models: [{models}] }}
    limits: [plenty]
"""


def standard(key):
    """All that a team would have on: a key, a quota, a route."""
    return (
        HEAD
        + consumer(key, '"*"')
        + PLENTY
        + "models:\n  echo: { plugin: echo }\n"
        + f"  iris: {{ plugin: onnxruntime, config: {{ file: {MODELS}/iris.onnx, quick: true }} }}\n"
        + "routes:\n  - { match: { model: echo }, send: echo }\n  - { match: { model: iris }, send: iris }\n"
    )


def batches(key):
    """A forest and echo, with names for the columns."""
    names = "[sepal_length, sepal_width, petal_length, petal_width]"
    return (
        HEAD
        + consumer(key, '"*"')
        + PLENTY
        + "models:\n"
        + f"  iris: {{ plugin: onnxruntime, config: {{ file: {MODELS}/iris.onnx }}, inputs: {{ X: {{ columns: {names} }} }} }}\n"
        + "  echo: { plugin: echo, config: { inputs: [{ name: X, datatype: FP32, shape: [-1, 4] }] } }\n"
    )


def open_echo(key):
    """Nothing asked, nothing counted."""
    return HEAD + "auth: none\nmodels: { echo: { plugin: echo } }\n"


def isolated_echo(key):
    """The same plugin in a process of its own."""
    return HEAD + "auth: none\nmodels: { echo: { plugin: echo, isolation: process } }\n"


def busy(count):
    """A model of pure Python that computes for some milliseconds, in so many processes."""
    file = ROOT / "Benchmarks" / "busy.py"

    def text(key):
        config = f"{{ file: {file}, venv: {ROOT}/build/venv }}"
        return HEAD + f"auth: none\nmodels: {{ busy: {{ plugin: python, instances: {count}, config: {config} }} }}\n"

    return text


def remote_echo(server, protocol):
    """The model of another server, by HTTP or gRPC."""

    def text(key):
        tensors = ", ".join(
            f"{key}: [{{ name: {name}, datatype: FP32, shape: [-1, -1] }}]"
            for key, name in (("inputs", "INPUT0"), ("outputs", "OUTPUT0"))
        )
        config = f'protocol: {protocol}, servers: ["http://127.0.0.1:{server.port}"], {tensors}'
        return HEAD + f"auth: none\nmodels: {{ echo: {{ plugin: remote, config: {{ {config} }} }} }}\n"

    return text


def keyed_echo(key):
    """The same model with a key, a quota and a route."""
    return (
        HEAD
        + consumer(key, "echo")
        + PLENTY
        + "models: { echo: { plugin: echo } }\nroutes:\n  - { match: { model: echo }, send: echo }\n"
    )


def many_keys(count):
    """`count` keys, a hundred of each consumer; the caller's is the last."""

    def text(key):
        consumers = max(1, count // 100)
        lines = [HEAD, "auth: api_keys\nmodels: { echo: { plugin: echo } }\n", PLENTY, "consumers:\n"]
        for number in range(consumers):
            lines.append(f"  team-{number}:\n    allow: {{ models: [echo] }}\n    limits: [plenty]\n    keys:\n")
            for index in range(number, count, consumers):
                digest = key if index == count - 1 else hashlib.sha256(str(index).encode()).hexdigest()
                lines.append(f'      - {{ id: k{index}, hash: "sha256:{digest}" }}\n')
        return "".join(lines)

    return text


def many_routes(count):
    """`count` routes by name to one model; the last is `m{count - 1}`."""

    def text(key):
        routes = "".join(f"  - {{ match: {{ model: m{index} }}, send: echo }}\n" for index in range(count))
        return HEAD + "auth: none\nmodels: { echo: { plugin: echo } }\nroutes:\n" + routes

    return text


def many_models(count):
    """`count` models; the last is `m{count - 1}`."""

    def text(key):
        models = "".join(f"  m{index}: {{ plugin: echo }}\n" for index in range(count))
        return HEAD + "auth: none\nmodels:\n" + models

    return text


def minilm(batching):
    """A sentence encoder, with or without dynamic batching."""

    def text(key):
        return (
            HEAD
            + "auth: none\nmodels:\n  minilm:\n    plugin: onnxruntime\n"
            + f"    config: {{ file: {MODELS}/minilm.onnx }}\n    queue: 1000\n    batching: {batching}\n"
        )

    return text
