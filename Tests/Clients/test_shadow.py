"""Shadows of answers in parts: held against what the caller got once both are whole, in whatever pieces they came, and
nothing of it is left where an answer breaks off."""

import json
import time

import openai
import pytest
import requests
from gateway import ROOT, Gateway

# Says its prompt again, so many bytes at a time; in capitals where it is `loud`. At `!` it fails, unless it is loud, and at `~` it
# pauses.
MODEL = """
import time

import numpy as np

class Model:
    inputs = {{"prompt": ("BYTES", [1])}}
    outputs = {{"text": ("BYTES", [1])}}
    streams = True

    def infer(self, inputs, request):
        text = inputs["prompt"][0]
        for start in range(0, len(text), {pieces}):
            piece = text[start : start + {pieces}]
            if b"!" in piece and not {loud}:
                raise ValueError("told to fail")
            if b"~" in piece:
                time.sleep(0.01)
            yield {{"text": np.array([piece.upper() if {loud} else piece], dtype=object)}}
"""

STUB = '{"inputs": [{"name": "INPUT0", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]}'


@pytest.fixture(scope="module")
def gateway():
    python = f"plugin: python, config: {{ venv: {ROOT}/build/venv, file:"
    text = f"""\
version: 1
listeners:
  public: {{ address: "127.0.0.1:0" }}
  ops: {{ address: "127.0.0.1:0", serves: [admin, metrics] }}
auth: none
plugins: {{ python: {{ isolation: in-process }}, stub_faulty: {{}} }}
models:
  words: {{ {python} ./words.py }} }}
  same: {{ {python} ./same.py }} }}
  loud: {{ {python} ./loud.py }} }}
  louder: {{ {python} ./louder.py }} }}
  parts: {{ plugin: stub_faulty, config: {{ behaviour: stream, parts: 5 }} }}
  more: {{ plugin: stub_faulty, config: {{ behaviour: stream, parts: 6 }} }}
  again: {{ plugin: stub_faulty, config: {{ behaviour: stream, parts: 5 }} }}
  endless: {{ plugin: stub_faulty, config: {{ behaviour: stream-until-cancelled, for: 30s }} }}
routes:
  - {{ match: {{ model: agrees }}, send: words, shadow: {{ model: same }} }}
  - {{ match: {{ model: differs }}, send: words, shadow: {{ model: loud }} }}
  - {{ match: {{ model: tight }}, send: words, shadow: {{ model: same, memory: 1KiB }} }}
  - {{ match: {{ model: breaks }}, send: words, shadow: {{ model: same }} }}
  - {{ match: {{ model: rescued }}, send: words, shadow: {{ model: louder }}, fallback: [{{ when: any, model: loud }}] }}
  - {{ match: {{ model: left }}, send: words, shadow: {{ model: same }} }}
  - {{ match: {{ model: numbers }}, send: parts, shadow: {{ model: again }} }}
  - {{ match: {{ model: longer }}, send: parts, shadow: {{ model: more }} }}
  - {{ match: {{ model: too-much }}, send: parts, shadow: {{ model: endless, memory: 4KiB }} }}
observability: {{ access_log: none }}
"""
    made = Gateway(text)
    for name, pieces, loud in (("words", 3, False), ("same", 1_000_000, False), ("loud", 4, True), ("louder", 5, True)):
        (made.folder / f"{name}.py").write_text(MODEL.format(pieces=pieces, loud=loud))
    with made:
        yield made


@pytest.fixture(scope="module")
def client(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def shadow(gateway, route):
    answer = requests.get(f"http://127.0.0.1:{gateway.ports['ops']}/admin/shadows", timeout=60).json()
    return next(shadow for shadow in answer["shadows"] if shadow["route"] == route)


def settled(gateway, route, condition):
    """How the shadow stands once it is as it should be, and nothing is under way."""
    end = time.monotonic() + 20
    while True:
        found = shadow(gateway, route)
        if condition(found) and found["running"] == 0 and found["held_bytes"] == 0:
            return found
        assert time.monotonic() < end, found
        time.sleep(0.01)


def output(found, name):
    return next(one for one in found["outputs"] if one["name"] == name)


class TestText:
    def test_openais_answers_are_one_text(self, gateway, client):
        for prompt in ("the quick brown fox", "Grüße 😀 an alle"):
            answer = client.completions.create(model="agrees", prompt=prompt)
            assert answer.choices[0].text == prompt
            chunks = client.completions.create(model="agrees", prompt=prompt, stream=True)
            assert "".join(chunk.choices[0].text for chunk in chunks) == prompt
        messages = [{"role": "user", "content": "hello"}]
        assert "hello" in client.chat.completions.create(model="agrees", messages=messages).choices[0].message.content
        found = settled(gateway, "agrees", lambda found: found["compared"] == 5)
        assert found["failed"] == found["left_out_busy"] == found["left_out_memory"] == 0
        assert (output(found, "text")["rows"], output(found, "text")["agreeing"]) == (5, 5)

    def test_every_way_to_ask_for_parts_is_seen(self, gateway, client):
        headers = {"Accept": "application/x-ndjson"}
        lines = requests.post(
            f"{gateway.url}/v1/infer/differs", json={"inputs": {"prompt": ["one two"]}}, headers=headers, timeout=60
        ).text.splitlines()
        assert "".join(json.loads(line)["outputs"]["text"][0] for line in lines if "text" in line) == "one two"
        streamed = requests.post(
            f"{gateway.url}/v2/models/differs/generate_stream", json={"prompt": "three four"}, timeout=60
        )
        assert streamed.status_code == 200 and streamed.text.count("data:") > 1
        client.completions.create(model="differs", prompt="five six")
        found = settled(gateway, "differs", lambda found: found["compared"] == 3)
        # It says all of it, and in capitals.
        assert (output(found, "text")["rows"], output(found, "text")["agreeing"]) == (3, 0)

    def test_what_takes_too_much_memory_is_left_out_and_the_caller_gets_it(self, gateway, client):
        long = "word " * 500
        assert client.completions.create(model="tight", prompt=long[:300]).choices[0].text == long[:300]
        assert client.completions.create(model="tight", prompt=long).choices[0].text == long
        found = settled(gateway, "tight", lambda found: found["left_out_memory"] >= 1)
        assert found["left_out_memory"] == 2 - found["compared"]

    def test_an_answer_that_breaks_off_is_shown_to_nobody(self, gateway, client):
        with pytest.raises(openai.OpenAIError):
            for _ in client.completions.create(model="breaks", prompt="well begun!", stream=True):
                pass
        with pytest.raises(openai.OpenAIError):
            client.completions.create(model="breaks", prompt="well begun!")
        assert client.completions.create(model="breaks", prompt="well done").choices[0].text == "well done"
        found = settled(gateway, "breaks", lambda found: found["compared"] == 1)
        assert found["failed"] == 0 and output(found, "text")["agreeing"] == 1

    def test_of_tries_only_the_one_that_answers_is_seen(self, gateway, client):
        # The first model says some of it before it fails: what another one says is held against the shadow as a whole.
        answer = client.completions.create(model="rescued", prompt="well begun!")
        assert answer.choices[0].text == "WELL BEGUN!"
        found = settled(gateway, "rescued", lambda found: found["compared"] == 1)
        assert output(found, "text")["agreeing"] == 1

    def test_a_caller_that_leaves_leaves_nothing_behind(self, gateway, client):
        chunks = client.completions.create(model="left", prompt="~~ " * 400, stream=True)
        next(iter(chunks))
        assert shadow(gateway, "left")["running"] == 1
        chunks.close()
        found = settled(gateway, "left", lambda found: found["running"] == 0)
        assert found["compared"] == found["failed"] == 0


class TestNumbers:
    def stream(self, gateway, model):
        answer = requests.post(
            f"{gateway.url}/v1/infer/{model}",
            json={"inputs": {"INPUT0": [[1, 2]]}},
            headers={"Accept": "application/x-ndjson"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return answer.text.count("\n")

    def test_follow_one_another(self, gateway):
        assert self.stream(gateway, "numbers") >= 5
        found = settled(gateway, "numbers", lambda found: found["compared"] == 1)
        assert output(found, "OUTPUT0")["max_error"] == 0
        assert output(found, "OUTPUT0")["different"] == 0
        assert output(found, "OUTPUT0")["rows"] == output(found, "OUTPUT0")["agreeing"] > 1

    def test_of_another_length_are_different(self, gateway):
        self.stream(gateway, "longer")
        found = settled(gateway, "longer", lambda found: found["compared"] == 1)
        assert output(found, "OUTPUT0")["different"] == 1

    def test_a_shadow_without_end_is_given_up(self, gateway):
        self.stream(gateway, "too-much")
        found = settled(gateway, "too-much", lambda found: found["left_out_memory"] == 1)
        assert found["compared"] == found["failed"] == 0
