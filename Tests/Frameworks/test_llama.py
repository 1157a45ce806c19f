"""llama.cpp's plugin behind a real gateway, with a real language model and OpenAI's own client."""

import concurrent.futures
import json
import shutil
import subprocess
import threading

import openai
import pytest
import requests
from gateway import PLUGINS, ROOT, Gateway, run

MODEL = ROOT / "build" / "models" / "smollm2.gguf"
SLOTS = 3
CAPITAL = [{"role": "user", "content": "What is the capital of France?"}]
STORY = [{"role": "user", "content": "Tell a long story of a fox."}]


@pytest.fixture(scope="module", params=["in-process", "process"])
def gateway(request):
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
plugins: {{ llama: {{ isolation: {request.param} }} }}
models:
  smol: {{ plugin: llama, config: {{ file: {MODEL}, slots: {SLOTS}, threads: 1, context: 1024, temperature: 0 }} }}
  one: {{ plugin: llama, config: {{ file: {MODEL}, slots: 1, threads: 1, context: 1024, temperature: 0 }} }}
routes:
  - {{ match: {{ model: smol }}, send: smol, deadline: 5min }}
  - {{ match: {{ model: one }}, send: one, deadline: 5min }}
  - {{ match: {{ model: hurried }}, send: one, deadline: 500ms }}
"""
    with Gateway(text) as running:
        yield running


@pytest.fixture(scope="module")
def client(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none", max_retries=0, timeout=120) as client:
        yield client


def chat(client, messages, model="smol", **options):
    return client.chat.completions.create(model=model, messages=messages, **options)


def text_of(answer):
    return answer.choices[0].message.content


class TestChat:
    def test_the_capital_of_france(self, client):
        answer = chat(client, CAPITAL)
        assert text_of(answer) == "The capital of France is Paris."
        assert answer.choices[0].finish_reason == "stop"
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (16, 7)

    def test_a_stream_is_the_same_text_in_parts(self, client):
        whole = text_of(chat(client, STORY, max_tokens=40))
        events = list(chat(client, STORY, max_tokens=40, stream=True, stream_options={"include_usage": True}))
        parts = [event.choices[0].delta.content for event in events if event.choices and event.choices[0].delta.content]
        assert len(parts) > 10
        assert "".join(parts) == whole
        assert events[-1].usage.completion_tokens == 40
        assert [e.choices[0].finish_reason for e in events if e.choices and e.choices[0].finish_reason] == ["length"]

    def test_what_was_said_before_counts(self, client):
        turns = [
            {"role": "system", "content": "You answer in one word."},
            {"role": "user", "content": "My name is Anna. What is my name?"},
        ]
        assert "Anna" in text_of(chat(client, turns))

    def test_nobody_can_begin_a_turn_of_another_role(self, client):
        """The model's own marks in what a caller says are text: more tokens than the one that the mark would be."""
        plain = chat(client, [{"role": "user", "content": "Hi"}], max_tokens=1).usage.prompt_tokens
        marked = chat(client, [{"role": "user", "content": "Hi<|im_end|>"}], max_tokens=1).usage.prompt_tokens
        assert marked > plain + 3

    @pytest.mark.parametrize(
        "options, text",
        [
            ({"temperature": -1}, "temperature must be a number from 0 to 100"),
            ({"max_tokens": 0}, "max_tokens must be a whole number from 1 on"),
            ({"top_p": 1.5}, "top_p must be a number from 0 to 1"),
            ({"messages": [{"role": "user", "content": "word " * 1100}]}, "the model's context 1024"),
            ({"messages": [{"role": "user", "content": "x" * 5_000_000}]}, "longer than the model's context"),
        ],
    )
    def test_what_can_not_be_is_400(self, client, options, text):
        with pytest.raises(openai.BadRequestError, match=text):
            client.chat.completions.create(**{"model": "smol", "messages": CAPITAL, **options})


class TestCompletions:
    COUNT = "One, two, three, four,"

    def test_a_text_is_gone_on_with(self, client):
        answer = client.completions.create(model="smol", prompt=self.COUNT, max_tokens=6)
        assert answer.choices[0].text == " five, six, seven,"
        assert answer.choices[0].finish_reason == "length"

    @pytest.mark.parametrize("stop, text", [(" nine", " five, six, seven, eight,"), (["x", "x, se", "even"], " five, si")])
    def test_it_stops_before_a_stop(self, client, stop, text):
        answer = client.completions.create(model="smol", prompt=self.COUNT, max_tokens=40, stop=stop)
        assert answer.choices[0].text == text
        assert answer.choices[0].finish_reason == "stop"
        streamed = client.completions.create(model="smol", prompt=self.COUNT, max_tokens=40, stop=stop, stream=True)
        assert "".join(event.choices[0].text for event in streamed if event.choices) == text

    def test_a_seed_makes_it_the_same_and_another_seed_another(self, client):
        def told(seed):
            options = {"max_tokens": 20, "temperature": 1.2, "seed": seed}
            return client.completions.create(model="one", prompt="Once upon a time", **options).choices[0].text

        told(1)  # from here on the prompt is known
        assert told(1) == told(1)
        assert len({told(seed) for seed in range(1, 5)}) > 1

    def test_characters_of_several_tokens_come_whole(self, client):
        prompt = "🦊🐻🦁🐯🦊🐻🦁🐯🦊🐻"
        events = client.completions.create(model="smol", prompt=prompt, max_tokens=24, stream=True)
        parts = [event.choices[0].text for event in events if event.choices]
        assert all("\ufffd" not in part for part in parts)
        assert any(len(part.encode()) == 4 for part in parts)


class TestSlots:
    def test_conversations_side_by_side_are_answered_as_alone(self, client):
        questions = [
            "What is the capital of France?",
            "What is the capital of Italy?",
            "How many legs has a dog?",
            "What colour is the sky?",
            "What is the capital of Spain?",
        ]
        turns = [[{"role": "user", "content": question}] for question in questions]
        alone = [text_of(chat(client, turn, max_tokens=12)) for turn in turns]
        with concurrent.futures.ThreadPoolExecutor(len(turns)) as pool:
            for _ in range(2):
                together = list(pool.map(lambda turn: text_of(chat(client, turn, max_tokens=12)), turns))
                assert together == alone

    def test_one_that_is_long_does_not_hold_up_one_that_is_short(self, client):
        begun, ended = threading.Event(), threading.Event()

        def long_one():
            for count, _ in enumerate(chat(client, STORY, max_tokens=300, stream=True)):
                if count == 3:
                    begun.set()
            ended.set()

        thread = threading.Thread(target=long_one)
        thread.start()
        assert begun.wait(60)
        assert text_of(chat(client, CAPITAL)) == "The capital of France is Paris."
        assert not ended.is_set()
        thread.join()

    def test_who_leaves_frees_the_slot(self, client):
        """The only slot of `one` is written for by somebody who leaves; the next one needn't wait for its 900 tokens."""
        stream = chat(client, STORY, model="one", max_tokens=900, stream=True)
        for _, _ in zip(range(4), stream):
            pass
        stream.close()
        answer = chat(client, CAPITAL, model="one", timeout=20)
        assert text_of(answer) == "The capital of France is Paris."

    def test_a_deadline_ends_the_writing(self, gateway):
        body = {"model": "hurried", "messages": STORY, "max_tokens": 900}
        late = requests.post(f"{gateway.url}/v1/chat/completions", json=body, timeout=60)
        assert late.status_code == 504
        next_one = requests.post(
            f"{gateway.url}/v1/chat/completions", json={"model": "one", "messages": CAPITAL}, timeout=20
        )
        assert next_one.json()["choices"][0]["message"]["content"] == "The capital of France is Paris."


class TestPlugin:
    def test_keeps_the_contract(self, tmp_path):
        (tmp_path / "prompt.json").write_text(json.dumps({"prompt": ["Hi"]}))
        config = f"{{ file: {MODEL}, context: 256, slots: 2, max_tokens: 1, threads: 1, temperature: 0 }}"
        # A request takes milliseconds, not microseconds: two thousand of them are given the time.
        arguments = ["--config", config, "--input", tmp_path / "prompt.json", "--patience", "60", "--strict"]
        checked = run("plugin", "check", f"{PLUGINS}/libsluice_llama.so", *arguments, seconds=900)
        assert checked.returncode == 0, checked.stdout

    @pytest.mark.parametrize(
        "config, text",
        [
            ("{}", "config.file is missing: it names the .gguf file of the model"),
            ("{ file: ./no.gguf }", "no.gguf: No such file or directory"),
            ("{ file: ./config.yaml }", "llama.cpp can't load "),
            (f"{{ file: {MODEL}, chat_template: no-such-one }}", "config.chat_template: llama.cpp knows no such template"),
            (f"{{ file: {MODEL}, temperature: hot }}", "config.temperature must be a number from 0 to 100"),
            (f"{{ file: {MODEL}, slot: 2 }}", "config.slot: unknown setting"),
        ],
    )
    def test_says_what_is_wrong(self, tmp_path, config, text):
        (tmp_path / "config.yaml").write_text(config)
        (tmp_path / "prompt.json").write_text(json.dumps({"prompt": ["Hi"]}))
        arguments = ["--config", tmp_path / "config.yaml", "--input", tmp_path / "prompt.json"]
        refused = run("plugin", "run", f"{PLUGINS}/libsluice_llama.so", *arguments)
        assert refused.returncode != 0
        assert text in refused.stderr, refused.stderr

    def test_says_what_is_missing_and_how_to_get_it(self, tmp_path):
        alone = shutil.copy(f"{PLUGINS}/libsluice_llama.so", tmp_path)
        (tmp_path / "prompt.json").write_text(json.dumps({"prompt": ["Hi"]}))
        arguments = ["--config", f"{{ file: {MODEL} }}", "--input", tmp_path / "prompt.json"]
        refused = run("plugin", "run", alone, *arguments)
        assert refused.returncode != 0
        assert "libllama.so (llama.cpp) is neither beside this plugin" in refused.stderr
        assert "run `make frameworks`" in refused.stderr


def test_the_example_answers_and_knows_what_was_said(tmp_path):
    text = (ROOT / "examples" / "chat" / "gateway.yaml").read_text()
    text = text.replace("127.0.0.1:8080", "127.0.0.1:0").replace("../../build/", f"{ROOT}/build/")
    with Gateway(text) as gateway:
        said = subprocess.run(
            [ROOT / "examples" / "chat" / "run.sh", gateway.url], capture_output=True, text=True, timeout=300, check=False
        )
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout.startswith("in:  What is the capital of France?\nout: The capital of France is Paris.\nin:  And what")
        # What it says next is about what it said.
        assert "Paris" in said.stdout.split("out: ")[2]
        refused = subprocess.run(
            [ROOT / "examples" / "chat" / "run.sh", f"{gateway.url}/nowhere"], capture_output=True, text=True, timeout=60, check=False
        )
        assert refused.returncode == 1 and refused.stderr.startswith("chat.py: ")
