"""The Python plugin behind a real gateway, compared with scikit-learn itself."""

import concurrent.futures
import functools
import json
import operator
import sys

import joblib
import numpy as np
import pytest
import requests
import skops.io
import tritonclient.http as triton
from gateway import Gateway, wait_for
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

TEXTS = ["a good day", "a bad day", "very good", "so very bad", "good", "bad"]
MOODS = ["glad", "sad", "glad", "sad", "glad", "sad"]

MODEL = '''
import numpy as np
import sluice
from sklearn.linear_model import SGDClassifier


class Digits:
    """A linear classifier that has seen the first rows of scikit-learn's digits."""

    batching = "concat"
    outputs = {"label": ("INT64", []), "seen": ("INT64", [])}

    def load(self, config):
        self.model = SGDClassifier(random_state=0)
        rows = np.load(config["rows"])
        self.inputs = {"X": ("FP64", [rows["X"].shape[1]])}
        self.model.partial_fit(rows["X"], rows["y"], classes=rows["classes"])
        self.seen = len(rows["y"])

    def infer(self, inputs, request):
        if np.isnan(inputs["X"]).any():
            raise ValueError("X has a NaN")
        return {"label": self.model.predict(inputs["X"]), "seen": np.full(len(inputs["X"]), self.seen)}

    def learn(self, inputs, labels, request):
        self.model.partial_fit(inputs["X"], labels["label"])
        self.seen += len(labels["label"])


class Counts:
    inputs, outputs = {"to": ("INT64", [])}, {"n": ("INT64", []), "text": ("BYTES", [])}

    def infer(self, inputs, request):
        for n in range(int(inputs["to"])):
            yield {"n": n, "text": "é" * n}
'''


def models():
    """Estimators by name, and rows that they have and have not seen."""
    iris, diabetes = load_iris(), load_diabetes()
    names = iris.target_names[iris.target]
    flowers = np.concatenate([iris.data, (iris.data + iris.data[::-1]) / 2])
    return {
        "forest": (RandomForestClassifier(50, random_state=3).fit(iris.data, names), flowers),
        "pipeline": (make_pipeline(StandardScaler(), LogisticRegression()).fit(iris.data, iris.target), flowers),
        "neighbours": (KNeighborsClassifier().fit(iris.data, iris.target == 1), flowers),
        "margin": (SVC().fit(iris.data, names), flowers),
        "ridge": (Ridge().fit(diabetes.data, diabetes.target), diabetes.data),
        "ridge2": (Ridge().fit(diabetes.data, np.c_[diabetes.target, diabetes.target**2]), diabetes.data),
        "scaler": (StandardScaler().fit(iris.data), flowers),
        "mood": (make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, MOODS), np.array(TEXTS + ["good é"])),
    }


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    lines = []

    def add(name, file, more=""):
        lines.append(f"  {name}: {{ plugin: python, config: {{ file: {folder}/{file}, venv: {sys.prefix}{more} }} }}")

    for name, (estimator, _) in models().items():
        joblib.dump(estimator, folder / f"{name}.joblib")
        add(name, f"{name}.joblib")
    skops.io.dump(models()["pipeline"][0], folder / "pipeline.skops")
    add("skops", "pipeline.skops")
    odd = make_pipeline(FunctionTransformer(operator.neg), Ridge()).fit(*load_diabetes(return_X_y=True))
    skops.io.dump(odd, folder / "odd.skops")
    trusted = skops.io.get_untrusted_types(file=folder / "odd.skops")
    assert trusted, "the tests need a file with a type that skops does not trust by itself"
    add("untrusted", "odd.skops")
    add("trusted", "odd.skops", f", trusted: {json.dumps(trusted)}")
    add("single", "forest.joblib", ", datatype: FP32")

    digits = load_digits()
    np.savez(folder / "rows.npz", X=digits.data[:200], y=digits.target[:200], classes=np.arange(10))
    (folder / "model.py").write_text(MODEL)
    add("digits", "model.py", f", class: Digits, settings: {{ rows: {folder}/rows.npz }}")
    add("counts", "model.py", ", class: Counts")
    listeners = 'listeners: { public: { address: "127.0.0.1:0" } }'
    plugins = "plugins: { python: { isolation: in-process } }"  # not a dozen processes that import scikit-learn
    text = "\n".join(["version: 1", listeners, "auth: none", plugins, "models:", *lines])
    with Gateway(text) as running:
        yield running


def infer(gateway, model, **inputs):
    response = requests.post(f"{gateway.url}/v1/infer/{model}", json=inputs, timeout=30)
    assert response.status_code == 200, response.text
    return {name: np.array(values) for name, values in response.json()["outputs"].items()}


class TestScikitLearn:
    @pytest.mark.parametrize("name", ["forest", "pipeline", "neighbours"])
    def test_classifier_answers_labels_and_probabilities_to_the_last_bit(self, gateway, name):
        estimator, rows = models()[name]
        answer = infer(gateway, name, X=rows.tolist())
        assert answer["label"].tolist() == estimator.predict(rows).tolist()
        np.testing.assert_array_equal(answer["probabilities"], estimator.predict_proba(rows))

    def test_classifier_without_probabilities_answers_labels(self, gateway):
        estimator, rows = models()["margin"]
        answer = infer(gateway, "margin", X=rows.tolist())
        assert list(answer) == ["label"]
        assert answer["label"].tolist() == estimator.predict(rows).tolist()

    @pytest.mark.parametrize("name", ["ridge", "ridge2"])
    def test_regressor_answers_predictions(self, gateway, name):
        estimator, rows = models()[name]
        answer = infer(gateway, name, X=rows.tolist())
        np.testing.assert_array_equal(answer["prediction"], estimator.predict(rows))

    def test_transformer_answers_transformed_rows(self, gateway):
        estimator, rows = models()["scaler"]
        answer = infer(gateway, "scaler", X=rows.tolist())
        np.testing.assert_array_equal(answer["transformed"], estimator.transform(rows))

    def test_text_pipeline_takes_texts(self, gateway):
        estimator, rows = models()["mood"]
        answer = infer(gateway, "mood", text=rows.tolist())
        assert answer["label"].tolist() == estimator.predict(rows).tolist()
        np.testing.assert_array_equal(answer["probabilities"], estimator.predict_proba(rows))

    def test_skops_file_answers_as_the_joblib_file(self, gateway):
        rows = models()["pipeline"][1].tolist()
        skops_answer, joblib_answer = infer(gateway, "skops", X=rows), infer(gateway, "pipeline", X=rows)
        np.testing.assert_array_equal(skops_answer["probabilities"], joblib_answer["probabilities"])

    def test_skops_file_with_untrusted_types_is_refused_and_names_them(self, gateway):
        response = requests.post(f"{gateway.url}/v1/infer/untrusted", json={"X": [[0] * 10]}, timeout=30)
        assert response.status_code == 503
        log = "".join(gateway.log)
        assert "odd.skops has types that nobody trusts: list them in config.trusted" in log
        assert infer(gateway, "trusted", X=[[0.0] * 10])["prediction"].shape == (1,)

    def test_unmodified_triton_client_reads_signature_and_answers(self, gateway):
        client = triton.InferenceServerClient(gateway.address)
        metadata = client.get_model_metadata("single")
        assert metadata["inputs"] == [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}]
        assert [output["datatype"] for output in metadata["outputs"]] == ["BYTES", "FP64"]
        estimator, rows = models()["forest"]
        rows = rows.astype(np.float32)
        wanted = triton.InferInput("X", rows.shape, "FP32")
        wanted.set_data_from_numpy(rows)
        answer = client.infer("single", [wanted])
        assert [label.decode() for label in answer.as_numpy("label")] == estimator.predict(rows).tolist()
        np.testing.assert_array_equal(answer.as_numpy("probabilities"), estimator.predict_proba(rows))

    def test_wrong_rows_are_refused_by_name(self, gateway):
        response = requests.post(f"{gateway.url}/v1/infer/forest", json={"X": [[1, 2, 3]]}, timeout=30)
        assert response.status_code == 400
        assert "FP64[-1,4]" in response.json()["error"]

    def test_what_scikit_learn_refuses_is_the_callers_mistake(self, gateway):
        client = triton.InferenceServerClient(gateway.address)
        wanted = triton.InferInput("X", [1, 4], "FP64")
        wanted.set_data_from_numpy(np.array([[1, 2, np.nan, 4]]))
        with pytest.raises(triton.InferenceServerException, match="Input X contains NaN"):
            client.infer("pipeline", [wanted])


class TestModelFile:
    def test_partial_fit_model_answers_as_in_its_own_process(self, gateway):
        from sklearn.linear_model import SGDClassifier

        digits = load_digits()
        model = SGDClassifier(random_state=0)
        model.partial_fit(digits.data[:200], digits.target[:200], classes=np.arange(10))
        answer = infer(gateway, "digits", X=digits.data[200:500].tolist())
        assert answer["label"].tolist() == model.predict(digits.data[200:500]).tolist()
        assert (answer["seen"] == 200).all()

    def test_generator_streams_its_parts(self, gateway):
        with requests.post(
            f"{gateway.url}/v1/infer/counts",
            json={"to": 3},
            headers={"Accept": "application/x-ndjson"},
            stream=True,
            timeout=30,
        ) as response:
            assert response.status_code == 200
            parts = [json.loads(line)["outputs"] for line in response.iter_lines() if line]
        assert [part for part in parts if part] == [{"n": n, "text": "é" * n} for n in range(3)]


class TestProcessOfItsOwn:
    """What the Python plugin has where the file says nothing of it."""

    @pytest.fixture(scope="class")
    def isolated(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("isolated")
        joblib.dump(models()["forest"][0], folder / "forest.joblib")
        (folder / "model.py").write_text(MODEL)
        text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
models:
  forest: {{ plugin: python, config: {{ file: {folder}/forest.joblib, venv: {sys.prefix} }} }}
  counts: {{ plugin: python, config: {{ file: {folder}/model.py, class: Counts, venv: {sys.prefix} }} }}
"""
        with Gateway(text) as running:
            yield running

    def test_it_answers_as_scikit_learn(self, isolated):
        estimator, rows = models()["forest"]
        rows = np.tile(rows, (20, 1))  # large enough for memory that is shared and not copied
        for _ in range(6):
            answer = infer(isolated, "forest", X=rows.tolist())
            assert answer["label"].tolist() == estimator.predict(rows).tolist()
            np.testing.assert_array_equal(answer["probabilities"], estimator.predict_proba(rows))
        assert any('"isolation":"process"' in line for line in isolated.log)

    def test_it_streams(self, isolated):
        headers = {"Accept": "application/x-ndjson"}
        answer = requests.post(f"{isolated.url}/v1/infer/counts", json={"to": 3}, headers=headers, timeout=30)
        parts = [json.loads(line)["outputs"] for line in answer.text.splitlines()]
        assert [part["n"] for part in parts if part] == [0, 1, 2]


# Says which process it is in a file, and then stays busy until there is another file.
BUSY = '''
import os
import pathlib

class Busy:
    inputs, outputs = {"x": ("INT64", [])}, {"process": ("INT64", [])}

    def load(self, config):
        self.folder = pathlib.Path(config["folder"])

    def infer(self, inputs, request):
        (self.folder / f"process-{os.getpid()}").touch()
        while not (self.folder / "go").exists():
            sum(range(10_000))
        return {"process": os.getpid()}
'''


def test_as_many_processes_work_at_once_as_there_are_instances(tmp_path):
    (tmp_path / "busy.py").write_text(BUSY)
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
plugins: {{ python: {{ isolation: process, grants: {{ write: [{tmp_path}] }} }} }}
models:
  busy:
    plugin: python
    instances: 4
    config: {{ file: {tmp_path}/busy.py, venv: {sys.prefix}, settings: {{ folder: {tmp_path} }} }}
"""
    with Gateway(text) as gateway, concurrent.futures.ThreadPoolExecutor(8) as pool:
        ask = functools.partial(requests.post, f"{gateway.url}/v1/infer/busy", json={"x": 1}, timeout=60)
        asked = [pool.submit(ask) for _ in range(8)]
        # None answers before all four are at work; more than four there aren't.
        assert wait_for(lambda: len(list(tmp_path.glob("process-*"))) == 4, 60)
        (tmp_path / "go").touch()
        answers = [future.result() for future in asked]
        assert [answer.status_code for answer in answers] == [200] * 8
        processes = {answer.json()["outputs"]["process"] for answer in answers}
        assert processes == {int(file.name.removeprefix("process-")) for file in tmp_path.glob("process-*")}
        assert len(processes) == 4
