"""OpenAI's own client, unmodified: models (list, retrieve), embeddings (float, base64, tokens), completions and chat
completions, whole and streamed, synchronous and asynchronous, and its errors. The tokenizer is held to the package
`tokenizers`."""

import asyncio
import base64
import json
import random

import numpy as np
import openai
import pytest
import requests
from gateway import ROOT, Gateway
from tokenizers import BertWordPieceTokenizer

MINILM = ROOT / "build" / "models" / "minilm.onnx"
VOCABULARY = ROOT / "build" / "models" / "minilm.txt"

# Says its prompt's words again, a part each; a word `fail` is a failure. Parts are cut in the middle of characters.
TEXT_MODEL = '''
import numpy as np
import sluice

class Words:
    inputs = {"prompt": ("BYTES", [1])}
    outputs = {"text": ("BYTES", [1])}
    streams = True

    def infer(self, inputs, request):
        text = inputs["prompt"][0]
        limit = int(request.params.get("max_tokens", 1000))
        for word in text.split(b" ")[:limit]:
            if word == b"fail":
                raise ValueError("told to fail")
            half = len(word) // 2
            for part in (word[:half], word[half:] + b" "):
                yield {"text": np.array([part], dtype=object)}
'''

# Answers the numbers of its tokens, so that they can be seen.
TOKEN_MODEL = '''
import numpy as np

class Tokens:
    inputs = {"input_ids": ("INT64", [-1, -1]), "attention_mask": ("INT64", [-1, -1])}
    outputs = {"tokens": ("FP32", [-1, -1])}

    def infer(self, inputs, request):
        return {"tokens": np.where(inputs["attention_mask"] == 1, inputs["input_ids"], -1).astype(np.float32)}
'''


@pytest.fixture(scope="module")
def gateway(key):
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: api_keys
consumers:
  acme: {{ keys: {key[1]}, allow: {{ models: ["*"] }} }}
plugins: {{ python: {{ isolation: in-process }}, onnxruntime: {{}}, echo: {{}} }}
models:
  minilm:
    plugin: onnxruntime
    config: {{ file: {MINILM} }}
    tokenizer: {{ vocabulary: {VOCABULARY}, max_tokens: 128 }}
  words: {{ plugin: python, config: {{ file: ./words.py, venv: {ROOT}/build/venv }} }}
  tokens:
    plugin: python
    config: {{ file: ./tokens.py, venv: {ROOT}/build/venv }}
    tokenizer: {{ vocabulary: {VOCABULARY} }}
  echo: {{ plugin: echo }}
redaction:
  people: {{ find: [email, card], in: outputs }}
  keys: {{ find: secret, action: reject, in: outputs }}
routes:
  - {{ match: {{ model: minilm }}, send: minilm }}
  - {{ match: {{ model: words }}, send: words }}
  - {{ match: {{ model: masked }}, send: words, redact: [people, keys] }}
  - {{ match: {{ model: tokens }}, send: tokens }}
  - {{ match: {{ model: echo }}, send: echo }}
observability: {{ access_log: none }}
"""
    made = Gateway(text)
    (made.folder / "words.py").write_text(TEXT_MODEL)
    (made.folder / "tokens.py").write_text(TOKEN_MODEL)
    with made:
        yield made


@pytest.fixture(scope="module")
def client(gateway, key):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key[0], max_retries=0) as client:
        yield client


class TestModels:
    def test_are_listed_and_found(self, client):
        assert {"minilm", "words", "masked", "tokens", "echo"} == {model.id for model in client.models.list()}
        found = client.models.retrieve("minilm")
        assert (found.id, found.object, found.owned_by) == ("minilm", "model", "sluice")
        assert found.created > 1_700_000_000
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("nothing")


class TestEmbeddings:
    def test_meanings_are_near_each_other(self, client):
        answer = client.embeddings.create(model="minilm", input=["a cat", "a kitten", "stock prices fell"])
        cat, kitten, stocks = (np.array(item.embedding) for item in answer.data)
        assert cat.shape == (384,) and abs(np.linalg.norm(cat) - 1) < 1e-5
        assert cat @ kitten > 0.7 > 0.3 > cat @ stocks
        assert answer.model == "minilm"
        assert answer.usage.prompt_tokens == answer.usage.total_tokens == 4 + 4 + 5

    def test_both_encodings_are_the_same_numbers(self, gateway, key):
        vectors = {}
        for encoding in ("float", "base64"):
            body = {"model": "minilm", "input": "the same text", "encoding_format": encoding}
            answer = requests.post(
                f"{gateway.url}/v1/embeddings", json=body, headers={"Authorization": f"Bearer {key[0]}"}, timeout=60
            )
            vectors[encoding] = answer.json()["data"][0]["embedding"]
        decoded = np.frombuffer(base64.b64decode(vectors["base64"]), np.float32)
        assert (decoded == np.array(vectors["float"], np.float32)).all()

    def test_filling_changes_nothing(self, client):
        alone = client.embeddings.create(model="minilm", input="a cat").data[0].embedding
        beside = client.embeddings.create(model="minilm", input=["a cat", "many words " * 20]).data[0].embedding
        np.testing.assert_allclose(alone, beside, atol=1e-5)

    def test_tokens_may_come_ready(self, client):
        ids = BertWordPieceTokenizer(str(VOCABULARY)).encode("a cat").ids
        text = client.embeddings.create(model="minilm", input="a cat").data[0].embedding
        for tokens in (ids, [ids]):
            np.testing.assert_allclose(client.embeddings.create(model="minilm", input=tokens).data[0].embedding, text)

    @pytest.mark.parametrize(
        "options, text",
        [
            ({"input": []}, "is empty"),
            ({"input": [30522]}, "tokens"),
            ({"input": "x", "dimensions": 3}, "384"),
            ({"input": "x", "model": "echo"}, "takes no text"),
            ({"input": "x", "encoding_format": "hex"}, "base64"),
        ],
    )
    def test_what_can_not_be_is_400(self, client, options, text):
        with pytest.raises(openai.BadRequestError, match=text) as refused:
            client.embeddings.create(**{"model": "minilm", **options})
        assert refused.value.type == "invalid_request_error"


class TestTokenizer:
    TEXTS = [
        "Hello, World!",
        "unaffable embeddings",
        "Café déjà-vu naïve ÅNGSTRÖM",
        "日本語とEnglish混在",
        "tabs\tand\nlines\r\n and\u00a0spaces\u3000wide",
        "zero\u0000byte \ufffd replacement \u200b joined",
        "e\u0301 combining \u0130stanbul ßtraße ΣΑΣ",
        "emoji 😀 and ❤️ signs €§© «quotes» — dashes…",
        "x" * 101 + " " + "y" * 100,
        "  ",
        "a.b,c;d!e?f(g)h[i]j{k}l<m>n$o^p`q~r|s+t=u",
        "한국어 텍스트 العربية עברית हिन्दी ไทย",
    ]

    def pieces(self, client, texts):
        answer = client.embeddings.create(model="tokens", input=texts, encoding_format="float")
        return [[int(number) for number in item.embedding if number >= 0] for item in answer.data]

    def test_gives_what_its_model_gives(self, client):
        reference = BertWordPieceTokenizer(str(VOCABULARY))
        assert self.pieces(client, self.TEXTS) == [reference.encode(text).ids for text in self.TEXTS]

    def test_random_texts(self, client):
        reference = BertWordPieceTokenizer(str(VOCABULARY))
        chance = random.Random(7)
        ranges = [(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x4E00, 0x4FFF), (0x2010, 0x2030)]
        texts = []
        for _ in range(300):
            low, high = chance.choice(ranges)
            texts.append("".join(chr(chance.randint(low, high)) for _ in range(chance.randint(1, 40))))
        texts = [text for text in texts if text.strip()]
        assert self.pieces(client, texts) == [reference.encode(text).ids for text in texts]

    def test_long_texts_are_cut(self, client):
        (ids,) = self.pieces(client, ["word " * 1000])
        assert len(ids) == 512 and ids[-1] == BertWordPieceTokenizer(str(VOCABULARY)).token_to_id("[SEP]")


class TestText:
    MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Grüße 😀 an alle"}]
    SAID = "system: Be brief.\nuser: Grüße 😀 an alle\nassistant: "

    def test_a_chat(self, client):
        answer = client.chat.completions.create(model="words", messages=self.MESSAGES)
        (choice,) = answer.choices
        assert (choice.message.role, choice.message.content) == ("assistant", self.SAID)
        assert (choice.finish_reason, answer.object, answer.model) == ("stop", "chat.completion", "words")
        assert answer.id.startswith("chatcmpl-")

    def test_a_streamed_chat(self, client):
        parts = list(client.chat.completions.create(model="words", messages=self.MESSAGES, stream=True))
        assert parts[0].choices[0].delta.role == "assistant"
        deltas = [part.choices[0].delta.content or "" for part in parts]
        assert "".join(deltas) == self.SAID
        assert len([delta for delta in deltas if delta]) > 5
        assert [part.choices[0].finish_reason for part in parts] == [None] * (len(parts) - 1) + ["stop"]
        assert len({part.id for part in parts}) == 1

    def test_content_in_parts(self, client):
        content = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
        answer = client.chat.completions.create(model="words", messages=[{"role": "user", "content": content}])
        assert answer.choices[0].message.content == "user: one two\nassistant: "

    def test_a_completion_whole_and_streamed(self, client):
        answer = client.completions.create(model="words", prompt="one two three", max_tokens=2)
        assert (answer.choices[0].text, answer.object) == ("one two ", "text_completion")
        parts = list(client.completions.create(model="words", prompt="one two three", stream=True))
        assert "".join(part.choices[0].text for part in parts) == "one two three "
        assert parts[-1].choices[0].finish_reason == "stop"

    def test_what_is_cut_between_parts_is_masked(self, client):
        filler = "word " * 60
        prompt = f"write to ann.lee@example.com or {filler}pay with 4111 1111 1111 1111 today, Grüße {filler}bob@example.org"
        expected = f"write to [email] or {filler}pay with [card] today, Grüße {filler}[email] "
        whole = client.completions.create(model="masked", prompt=prompt)
        assert whole.choices[0].text == expected
        parts = list(client.completions.create(model="masked", prompt=prompt, stream=True))
        texts = [part.choices[0].text for part in parts]
        assert "".join(texts) == expected
        # It is a stream all the same.
        assert len([text for text in texts if text]) > 20
        assert not any("4111" in text or "ann" in text for text in texts)

    def test_what_may_not_go_out_ends_the_stream(self, client):
        key = "ghp_" + "a1B2" * 9
        said = ""
        with pytest.raises(openai.APIError, match="keeps out"):
            for part in client.completions.create(model="masked", prompt=f"the key {key} {'word ' * 60}", stream=True):
                said += part.choices[0].text
        assert "ghp_" not in said

    def test_the_asynchronous_client(self, gateway, key):
        async def ask():
            async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=key[0]) as client:
                stream = await client.chat.completions.create(model="words", messages=self.MESSAGES, stream=True)
                return "".join([part.choices[0].delta.content or "" async for part in stream])

        assert asyncio.run(ask()) == self.SAID

    def test_a_failure_in_the_middle_of_a_stream(self, client):
        stream = client.completions.create(model="words", prompt="one fail", stream=True)
        said = ""
        with pytest.raises(openai.APIError, match="told to fail"):
            for part in stream:
                said += part.choices[0].text
        assert said == "one "

    def test_over_http2(self, gateway, key):
        import subprocess

        body = json.dumps({"model": "words", "prompt": "one two", "stream": True})
        result = subprocess.run(
            ["curl", "-s", "--http2-prior-knowledge", "-H", f"Authorization: Bearer {key[0]}", "-d", body]
            + ["-H", "Content-Type: application/json", f"{gateway.url}/v1/completions"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.endswith("data: [DONE]\n\n")

    @pytest.mark.parametrize(
        "options, param",
        [
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
            ({"n": 2}, "n"),
            ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
            ({"response_format": {"type": "json_object"}}, "response_format"),
            ({"model": "minilm"}, "model"),
        ],
    )
    def test_what_can_not_be_is_400(self, client, options, param):
        options = {"model": "words", "messages": self.MESSAGES, **options}
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(**options)
        assert (refused.value.param, bool(refused.value.body["message"])) == (param, True)


class TestErrors:
    def test_a_model_that_is_not_there(self, client):
        with pytest.raises(openai.NotFoundError) as refused:
            client.chat.completions.create(model="nothing", messages=TestText.MESSAGES)
        assert (refused.value.code, refused.value.type) == ("model_not_found", "not_found_error")

    def test_a_key_that_is_not_known(self, gateway):
        with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="wrong", max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError) as refused:
                client.embeddings.create(model="minilm", input="x")
        assert refused.value.code == "unauthenticated"

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": 1}', b'{"model": "words", "model": "words"}'])
    def test_bodies_that_are_none(self, gateway, key, body):
        headers = {"Authorization": f"Bearer {key[0]}", "content-type": "application/json"}
        answer = requests.post(f"{gateway.url}/v1/completions", data=body, headers=headers, timeout=30)
        assert answer.status_code == 400
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
