"""A language model behind the gateway beside llama.cpp by itself, turn by turn in one run: the time to the first token and
the tokens per second of one conversation, and what several at once get together.

    make frameworks build
    build/venv/bin/python Benchmarks/language.py [--rounds 7] [--tokens 64] [--threads 1]

Both sides run the same library on the same model with the same number of threads, and choose the likeliest token."""

import argparse
import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODEL = ROOT / "build" / "models" / "smollm2.gguf"
LLAMA = ROOT / "build" / "deps" / "llama"
SLOTS = 4


def prompt(number):
    """Some 60 tokens that nobody has read before, and that can be gone on with for long."""
    return ", ".join(str(number * 100 + place) for place in range(1, 16)) + ","


def bare(folder, threads, tokens):
    program = folder / "bare_llama"
    lib = LLAMA / "lib"
    command = ["cc", "-O2", f"-I{LLAMA}/include", ROOT / "Benchmarks" / "bare_llama.c", "-o", program, f"-L{lib}"]
    subprocess.run([*command, f"-Wl,-rpath,{lib}", f"-Wl,-rpath-link,{lib}", "-lllama"], check=True)
    return subprocess.Popen(
        [program, MODEL, str(threads), str(tokens)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def serve(folder, threads):
    (folder / "gateway.yaml").write_text(
        f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
models:
  smol:
    plugin: llama
    config: {{ file: {MODEL}, slots: {SLOTS}, threads: {threads}, context: 1024, temperature: 0 }}
routes: [{{ match: {{ model: smol }}, send: smol, deadline: 10min }}]
observability: {{ access_log: none }}
"""
    )
    gateway = subprocess.Popen(
        [ROOT / ".build" / "release" / "sluice", "serve", folder / "gateway.yaml", "--threads", "1"],
        env={**os.environ, "SLUICE_PLUGIN_PATH": str(ROOT / "build" / "plugins")},
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in gateway.stderr:
        if found := re.search(r'"address":"127\.0\.0\.1:(\d+)"', line):
            threading.Thread(target=gateway.stderr.read, daemon=True).start()
            return gateway, int(found[1])
    raise SystemExit("the gateway did not start")


def ask(connection, text, tokens):
    """Milliseconds to the first token, and tokens per second after it."""
    body = {"model": "smol", "prompt": text, "max_tokens": tokens, "stream": True}
    body["stream_options"] = {"include_usage": True}
    begin = time.perf_counter()
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    times, written = [], 0
    while line := answer.readline():
        if not line.startswith(b"data: {"):
            continue
        event = json.loads(line[6:])
        if event["choices"] and event["choices"][0]["text"]:
            times.append(time.perf_counter())
        if usage := event.get("usage"):
            written = usage["completion_tokens"]
    assert written == tokens, f"only {written} tokens were written"
    return (times[0] - begin) * 1e3, (written - 1) / (times[-1] - times[0])


def together(port, texts, tokens):
    """Tokens per second of all conversations together."""
    threads = [
        threading.Thread(target=ask, args=(http.client.HTTPConnection("127.0.0.1", port), text, tokens))
        for text in texts
    ]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(texts) * tokens / (time.perf_counter() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        alone = bare(folder, options.threads, options.tokens)
        gateway, port = serve(folder, options.threads)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            figures = {"llama.cpp": [], "Sluice": []}
            for number in range(options.rounds + 1):
                alone.stdin.write(prompt(number) + "\n")
                alone.stdin.flush()
                figures["llama.cpp"].append(tuple(float(part) for part in alone.stdout.readline().split()))
                figures["Sluice"].append(ask(connection, prompt(number), options.tokens))
            rates = {}
            for count in (1, SLOTS):
                texts = [prompt(100 * count + place) for place in range(count)]
                rates[count] = together(port, texts, options.tokens)
        finally:
            alone.terminate()
            gateway.terminate()
            gateway.wait()
    medians = {}
    for name, pairs in figures.items():
        first, rate = (statistics.median(column) for column in zip(*pairs[1:]))  # the first round warms up
        medians[name] = first, rate
        print(f"{name:<10} first token {first:8.1f} ms   {rate:7.1f} tokens/s")
    print(
        f"Sluice / llama.cpp: first token {medians['Sluice'][0] / medians['llama.cpp'][0]:.3f}, "
        f"tokens/s {medians['Sluice'][1] / medians['llama.cpp'][1]:.3f}"
    )
    print(f"{SLOTS} conversations together: {rates[SLOTS]:.1f} tokens/s, one: {rates[1]:.1f} (prompts included)")


if __name__ == "__main__":
    main()
