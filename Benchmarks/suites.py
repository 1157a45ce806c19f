"""What is measured. Each suite starts its servers, or takes those that several suites share, and adds rows."""

import contextlib
import json
import resource
import socket
import statistics
import subprocess
import time

import batches
import configurations
import decoding
import parsing
import pipeline
import process
import workloads
from servers import MODELS, RELEASE, BareEcho, Exchange, Nginx, NginxProxy, Sluice

SMALL = 16
LARGE = 250_000  # 1 MB of float32; 2.3 MB of JSON with six digits each


def echo_small(bench):
    """FP32[1,16] back and forth."""
    for kind, make in (
        ("json", workloads.echo_json),
        ("binary", workloads.echo_binary),
        ("grpc", workloads.echo_grpc),
    ):
        compare_echo(bench, f"echo 16 floats, {kind}", kind, make(SMALL), bench.options.connections)


def echo_large(bench):
    """A megabyte back and forth."""
    with BareEcho() as bare:
        for kind, make in (("binary", workloads.echo_binary), ("grpc", workloads.echo_grpc)):
            request = make(LARGE)
            back = workloads.bytes_back(request.body, "h2" if kind == "grpc" else "http")
            compare_echo(bench, f"echo 1 MB, {kind}", kind, request, [16], [(bare, back)])


def echo_json_large(bench):
    """250,000 numbers as JSON, both ways."""
    compare_echo(bench, "echo 250,000 floats, json", "json", workloads.echo_json(LARGE), [4])


def compare_echo(bench, case, kind, request, connections, more=()):
    """One request at the gateway, the peers that can serve it, nginx with a static answer by the same protocol, and `more`."""
    gateway = bench.gateway()
    if not bench.answers(case, gateway, request):
        return
    contenders = [(gateway, request)]
    contenders += [(peer, request) for peer in bench.peers() if kind in peer.serves]
    contenders += more
    with contextlib.ExitStack() as stack:
        media_type, answer = bench.answer(gateway, request)
        floor = stack.enter_context(Nginx(answer, media_type))
        contenders.append((floor, workloads.static("h2" if kind == "grpc" else "http")))
        bench.compare(case, connections, contenders)


def forest(bench):
    """A random forest of 100 trees in ONNX Runtime."""
    request = workloads.iris()
    contenders = [(bench.gateway(), request)]
    contenders += [(peer, request) for peer in bench.peers() if "iris" in peer.serves]
    with contextlib.ExitStack() as stack:
        media_type, answer = bench.answer(bench.gateway(), request)
        contenders.append((stack.enter_context(Nginx(answer, media_type)), workloads.static()))
        bench.compare("random forest, json", [16], contenders)


def sentences(bench):
    """A sentence encoder with dynamic batching on and off: a short query, and a sentence."""
    if not (MODELS / "minilm.onnx").exists():
        bench.skip("MiniLM", "sluice", "build/models/minilm.onnx is missing: `make bench` makes it")
        return
    with contextlib.ExitStack() as stack:
        gateways = [
            stack.enter_context(Sluice(configurations.minilm(batching), f"batching {batching}"))
            for batching in ("off", "auto")
        ]
        for tokens in (8, 16):
            request = workloads.sentence(tokens)
            bench.compare(f"MiniLM, {tokens} tokens, json", [64], [(gateway, request) for gateway in gateways])


def policy(bench):
    """Keys, quotas and routes on and off."""
    request = workloads.echo_json(SMALL)
    variants = {"policy off": configurations.open_echo, "policy on": configurations.keyed_echo}
    compare_gateways(bench, "policy, json", {name: (text, request) for name, text in variants.items()})


def keys(bench):
    """10, 1,000 and 100,000 keys."""
    request = workloads.echo_binary(SMALL)
    counts = (10, 1_000, 100_000)
    compare_gateways(
        bench, "keys, binary", {f"{count:,} keys": (configurations.many_keys(count), request) for count in counts}
    )


def routes(bench):
    """10 and 1,000 routes."""
    compare_gateways(
        bench,
        "routes, binary",
        {
            f"{count:,} routes": (
                configurations.many_routes(count),
                workloads.echo_binary(SMALL, f"m{count - 1}"),
            )
            for count in (10, 1_000)
        },
    )


def models(bench):
    """1, 100 and 1,000 models."""
    compare_gateways(
        bench,
        "models, binary",
        {
            f"{count:,} models": (
                configurations.many_models(count),
                workloads.echo_binary(SMALL, f"m{count - 1}"),
            )
            for count in (1, 100, 1_000)
        },
    )


def isolation(bench):
    """Echo in the gateway and in a process of its own; beside it, in the same rounds, what two processes take at least."""
    variants = {"in process": configurations.open_echo, "own process": configurations.isolated_echo}
    with contextlib.ExitStack() as stack:
        gateways = [stack.enter_context(Sluice(text, name)) for name, text in variants.items()]
        barest = [stack.enter_context(server) for server in (Exchange("alone"), Exchange("runner"))]
        request = workloads.echo_binary(SMALL)
        back = workloads.bytes_back(request.body)
        contenders = [*((gateway, request) for gateway in gateways), *((server, back) for server in barest)]
        bench.compare("isolation, 16 floats, binary", [1, 16], contenders)
        # Megabytes vary more from round to round than the bound leaves room for.
        large = workloads.echo_binary(LARGE)
        bench.compare("isolation, 1 MB, binary", [16], [(gateway, large) for gateway in gateways], rounds=9)


def cost(bench):
    """What policy costs a request by itself, for 10, 1,000 and 100,000 consumers."""
    program = RELEASE / "policy-cost"
    if not program.exists():
        bench.skip("policy cost", "sluice", "make bench-policy builds its program")
        return
    lines = subprocess.run([program, "--json"], check=True, capture_output=True, text=True).stdout.splitlines()
    for figures in map(json.loads, lines):
        consumers, routes, quotas, threads = (figures.pop(name) for name in ("consumers", "routes", "quotas", "threads"))
        case = f"policy cost: {consumers:,} consumers, {routes:,} routes, {quotas} quotas, {threads} threads"
        bench.fact(case, "sluice", **figures)


def python(bench):
    """A model that holds Python's lock all the time, in one process and in four."""
    request = workloads.busy()
    contenders = {f"{count} processes": (configurations.busy(count), request) for count in (1, 4)}
    compare_gateways(bench, "python, 5 ms of computing", contenders, [8])


def compare_gateways(bench, case, variants, connections=(16,)):
    """Gateways with different configurations side by side."""
    with contextlib.ExitStack() as stack:
        contenders = [
            (stack.enter_context(Sluice(text, name)), request) for name, (text, request) in variants.items()
        ]
        bench.compare(case, connections, contenders)


def remote(bench):
    """Echo at a second gateway: asked directly, through the first one, and through nginx as a proxy."""
    with contextlib.ExitStack() as stack:
        far = stack.enter_context(Sluice(configurations.open_echo, "direct"))
        contenders = [
            far,
            stack.enter_context(Sluice(configurations.remote_echo(far, "open-inference"), "through sluice")),
            stack.enter_context(Sluice(configurations.remote_echo(far, "grpc"), "sluice, by gRPC")),
            stack.enter_context(NginxProxy(far, "through nginx")),
        ]
        for case, count, connections in (("remote, 16 floats", SMALL, [1, 16]), ("remote, 1 MB", LARGE, [16])):
            request = workloads.echo_binary(count)
            bench.compare(f"{case}, binary", connections, [(server, request) for server in contenders])


def page(bench):
    """A page read by one call of a pipeline, and by a call for each of its models."""
    reason = pipeline.missing()
    if reason:
        bench.skip("a page of text, binary", "sluice", reason)
        return
    with Sluice(pipeline.configuration) as server:
        pipeline.compare(bench, server)


def idle(bench):
    """Memory of connections that have had one answer and now wait."""
    allow_descriptors(25_000)
    for make in (lambda: Sluice(configurations.open_echo), lambda: Nginx(b"x" * 64, "text/plain")):
        with make() as server, contextlib.ExitStack() as stack:
            path = server.ready_path
            opened = 0
            connect(server, path, stack, 4)  # what is allocated once
            base = settled_memory(server)
            for count in (10, 1_000, 10_000):
                connect(server, path, stack, count - opened)
                opened = count
                used = settled_memory(server) - base
                bench.fact(f"idle connections: {count:,}", server.name, bytes_each=used / count, resident=used + base)


def connect(server, path, stack, count):
    message = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    for _ in range(count):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        connection.sendall(message)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200"), f"{server.name} refused a connection"


def settled_memory(server):
    time.sleep(0.3)
    return process.resident_bytes_of_tree(server.pid)


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        most = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def start(bench):
    """Time until ready, and memory at rest, of a gateway with echo and of each peer."""
    times, memory = [], []
    for _ in range(5):
        with Sluice(configurations.open_echo) as server:
            times.append(server.ready_milliseconds)
            time.sleep(0.5)
            memory.append(process.resident_bytes_of_tree(server.pid))
    bench.fact("start", "sluice", ready_ms=statistics.median(times), resident=statistics.median(memory))
    for peer in bench.peers():
        bench.fact("start", peer.name, ready_ms=peer.ready_milliseconds, resident=peer.resting_bytes)


ALL = {
    "start": start,
    "echo": echo_small,
    "large": echo_large,
    "json": echo_json_large,
    "forest": forest,
    "batch": batches.batches,
    "parsing": parsing.parsing,
    "decoding": decoding.decoding,
    "sentences": sentences,
    "policy": policy,
    "keys": keys,
    "routes": routes,
    "models": models,
    "cost": cost,
    "isolation": isolation,
    "python": python,
    "remote": remote,
    "pipeline": page,
    "idle": idle,
}
