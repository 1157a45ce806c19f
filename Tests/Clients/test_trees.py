"""XGBoost's and LightGBM's plugins behind a real gateway, compared with what the two answer in Python."""

import json
import shutil

import lightgbm
import numpy as np
import pytest
import requests
import tritonclient.http as triton
import xgboost
from gateway import PLUGINS, Gateway, run
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

FLOWERS, TUMOURS, PATIENTS = load_iris(), load_breast_cancer(), load_diabetes()
SPECIES = FLOWERS.target_names.tolist()

# Both answer what their own Python answers: the same library on the same rows. Probabilities of two classes are one
# number and one minus it, which is the rounding that is left.
TOLERANCE = 1e-6


def holey(rows):
    """Every third number is missing."""
    rows = rows.copy()
    rows.reshape(-1)[::3] = np.nan
    return rows


def xgboosts(folder):
    """Boosters by name, and the rows that they are asked about."""
    flowers = xgboost.DMatrix(FLOWERS.data, FLOWERS.target, feature_names=["a", "b", "c", "d"])
    tumours = xgboost.DMatrix(TUMOURS.data, TUMOURS.target)
    patients = xgboost.DMatrix(PATIENTS.data, PATIENTS.target)
    targets = xgboost.DMatrix(PATIENTS.data, np.c_[PATIENTS.target, PATIENTS.target**2])
    softprob = {"objective": "multi:softprob", "num_class": 3}
    made = {
        "xgb-multi.ubj": (xgboost.train(softprob, flowers, 20), FLOWERS.data),
        "xgb-multi.json": (xgboost.train(softprob, flowers, 20), FLOWERS.data),
        "xgb-label.json": (xgboost.train({**softprob, "objective": "multi:softmax"}, flowers, 9), FLOWERS.data),
        "xgb-binary.json": (xgboost.train({"objective": "binary:logistic"}, tumours, 20), TUMOURS.data),
        "xgb-real.ubj": (xgboost.train({"objective": "reg:squarederror"}, patients, 20), PATIENTS.data),
        "xgb-dart.json": (xgboost.train({"booster": "dart", "rate_drop": 0.1}, patients, 9), PATIENTS.data),
        "xgb-linear.json": (xgboost.train({"booster": "gblinear"}, patients, 9), PATIENTS.data),
        "xgb-two.json": (xgboost.train({"multi_strategy": "multi_output_tree"}, targets, 9), PATIENTS.data),
    }
    for file, (booster, _) in made.items():
        booster.save_model(folder / file)
    return made


def lightgbms(folder):
    quiet = {"verbose": -1, "num_threads": 1}
    tumours = lightgbm.Dataset(TUMOURS.data, TUMOURS.target)
    made = {
        "lgb-multi.txt": (
            lightgbm.train(
                {**quiet, "objective": "multiclass", "num_class": 3},
                lightgbm.Dataset(FLOWERS.data, FLOWERS.target, feature_name=["a", "b", "c", "d"]),
                20,
            ),
            FLOWERS.data,
        ),
        "lgb-binary.txt": (lightgbm.train({**quiet, "objective": "binary"}, tumours, 20), TUMOURS.data),
        "lgb-real.txt": (
            lightgbm.train({**quiet, "objective": "l2"}, lightgbm.Dataset(PATIENTS.data, PATIENTS.target), 20),
            PATIENTS.data,
        ),
    }
    for file, (booster, _) in made.items():
        booster.save_model(folder / file)
    return made


class Served:
    def __init__(self, folder, isolation):
        self.boosters = {**xgboosts(folder), **lightgbms(folder)}
        lines = []

        def add(name, file, more=""):
            plugin = "xgboost" if file.startswith("xgb") else "lightgbm"
            lines.append(f"  {name}: {{ plugin: {plugin}, config: {{ file: {folder}/{file}{more} }} }}")

        for file in self.boosters:
            add(file, file)
        names = f", classes: {json.dumps(SPECIES)}"
        for kind, file in (("xgb", "xgb-multi.ubj"), ("lgb", "lgb-multi.txt")):
            add(f"{kind}-named", file, names)
            add(f"{kind}-margin", file, ", output: margin")
            add(f"{kind}-few", file, ", iterations: 3")
            add(f"{kind}-quick", file, ", quick: true")
            add(f"{kind}-threads", file, ", threads: 2")
        add("xgb-wide", "xgb-multi.ubj", ", datatype: FP64")
        add("lgb-narrow", "lgb-multi.txt", ", datatype: FP32")
        self.gateway = Gateway(
            "\n".join(
                [
                    "version: 1",
                    'listeners: { public: { address: "127.0.0.1:0" } }',
                    "auth: none",
                    f"plugins: {{ xgboost: {{ isolation: {isolation} }}, lightgbm: {{ isolation: {isolation} }} }}",
                    "models:",
                    *lines,
                ]
            )
        )

    def ask(self, model, rows, datatype=None):
        datatype = datatype or ("FP32" if model.startswith("xgb") else "FP64")
        rows = rows.astype({"FP32": np.float32, "FP64": np.float64}[datatype])
        wanted = triton.InferInput("X", rows.shape, datatype)
        wanted.set_data_from_numpy(rows)
        answer = triton.InferenceServerClient(self.gateway.address).infer(model, [wanted])
        return {output["name"]: answer.as_numpy(output["name"]) for output in answer.get_response()["outputs"]}


@pytest.fixture(scope="module", params=["in-process", "process"])
def served(request, tmp_path_factory):
    made = Served(tmp_path_factory.mktemp("trees"), request.param)
    with made.gateway:
        yield made


def expected(booster, rows, **options):
    if isinstance(booster, lightgbm.Booster):
        return booster.predict(rows, **options)
    rows = xgboost.DMatrix(rows.astype(np.float32), feature_names=booster.feature_names)
    return booster.predict(rows, **options)


FILES = [
    *("xgb-multi.ubj xgb-multi.json xgb-label.json xgb-binary.json xgb-real.ubj xgb-dart.json".split()),
    *("xgb-linear.json xgb-two.json lgb-multi.txt lgb-binary.txt lgb-real.txt".split()),
]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("change", [np.copy, holey], ids=["whole", "missing"])
def test_answers_are_those_of_the_framework_itself(served, file, change):
    booster, rows = served.boosters[file]
    rows = change(rows)
    answer, wanted = served.ask(file, rows), expected(booster, rows)
    if "multi" in file:
        np.testing.assert_allclose(answer["probabilities"], wanted, rtol=TOLERANCE)
        np.testing.assert_array_equal(answer["label"], wanted.argmax(1))
    elif "binary" in file:
        np.testing.assert_allclose(answer["probabilities"][:, 1], wanted, rtol=TOLERANCE)
        np.testing.assert_allclose(answer["probabilities"].sum(1), 1, rtol=TOLERANCE)
        np.testing.assert_array_equal(answer["label"], wanted > 0.5)
    elif "label" in file:
        assert list(answer) == ["label"]
        np.testing.assert_array_equal(answer["label"], wanted)
    else:
        np.testing.assert_allclose(answer["prediction"], wanted, rtol=TOLERANCE)


@pytest.mark.parametrize("kind", ["xgb", "lgb"])
class TestSettings:
    def multi(self, served, kind):
        return served.boosters["xgb-multi.ubj" if kind == "xgb" else "lgb-multi.txt"]

    def test_classes_have_names(self, served, kind):
        booster, rows = self.multi(served, kind)
        labels = [SPECIES[i] for i in expected(booster, rows).argmax(1)]
        assert [label.decode() for label in served.ask(f"{kind}-named", rows)["label"]] == labels
        response = requests.post(f"{served.gateway.url}/v1/infer/{kind}-named", json={"X": rows.tolist()}, timeout=30)
        assert response.json()["outputs"]["label"] == labels

    def test_margins(self, served, kind):
        booster, rows = self.multi(served, kind)
        option = {"output_margin": True} if kind == "xgb" else {"raw_score": True}
        answer = served.ask(f"{kind}-margin", rows)
        np.testing.assert_allclose(answer["margin"], expected(booster, rows, **option), rtol=1e-5, atol=1e-6)

    def test_the_first_rounds_alone(self, served, kind):
        booster, rows = self.multi(served, kind)
        option = {"iteration_range": (0, 3)} if kind == "xgb" else {"num_iteration": 3}
        answer = served.ask(f"{kind}-few", rows)
        np.testing.assert_allclose(answer["probabilities"], expected(booster, rows, **option), rtol=TOLERANCE)

    @pytest.mark.parametrize("name", ["quick", "threads"])
    def test_how_it_runs_changes_no_answer(self, served, kind, name):
        booster, rows = self.multi(served, kind)
        for some in (rows, rows[:1]):
            answer = served.ask(f"{kind}-{name}", some)
            np.testing.assert_allclose(answer["probabilities"], expected(booster, some), rtol=TOLERANCE)

    def test_the_other_data_type(self, served, kind):
        booster, rows = self.multi(served, kind)
        rows = rows.astype(np.float32)  # the same numbers in both
        name, datatype = ("xgb-wide", "FP64") if kind == "xgb" else ("lgb-narrow", "FP32")
        answer = served.ask(name, rows, datatype)
        np.testing.assert_allclose(answer["probabilities"], expected(booster, rows), rtol=TOLERANCE)

    def test_no_rows_are_no_answers(self, served, kind):
        answer = served.ask(f"{kind}-named", np.zeros((0, 4)))
        assert answer["label"].shape == (0,) and answer["probabilities"].shape == (0, 3)

    def test_the_model_says_what_it_is(self, served, kind):
        said = requests.get(f"{served.gateway.url}/v1/models/{kind}-named", timeout=30).json()
        assert "a, b, c, d" in json.dumps(said) and "multi" in json.dumps(said)

    def test_other_rows_are_the_callers_mistake(self, served, kind):
        response = requests.post(f"{served.gateway.url}/v1/infer/{kind}-named", json={"X": [[1, 2, 3]]}, timeout=30)
        assert response.status_code == 400
        assert "[-1,4]" in response.json()["error"]


class TestPlugins:
    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("files")
        xgboosts(folder)
        lightgbms(folder)
        return folder

    @pytest.mark.parametrize("file", ["xgb-multi.ubj", "xgb-linear.json", "lgb-binary.txt"])
    def test_keep_the_contract(self, folder, file):
        plugin = "xgboost" if file.startswith("xgb") else "lightgbm"
        config = f"{{ file: {folder}/{file} }}"
        arguments = ["--config", config, "--fuzz", "100", "--strict"]
        checked = run("plugin", "check", f"{PLUGINS}/libsluice_{plugin}.so", *arguments)
        assert checked.returncode == 0, checked.stdout

    @pytest.mark.parametrize(
        "plugin, config, text",
        [
            ("xgboost", "{}", "config.file is missing: it names the model's .json or .ubj file"),
            ("xgboost", "{ file: ./no.ubj }", "no.ubj: No such file or directory"),
            ("xgboost", "{ file: ./lgb-multi.txt }", "config.file: "),
            ("xgboost", "{ file: ./xgb-multi.ubj, classes: [a, b] }", "2 names, but the model has 3 classes"),
            ("xgboost", "{ file: ./xgb-real.ubj, classes: [a, b] }", "this model's answers are no classes"),
            ("xgboost", "{ file: ./xgb-linear.json, quick: true }", "one request at a time"),
            ("xgboost", "{ file: ./xgb-multi.ubj, quick: true, threads: 2 }", "leave threads at 1"),
            ("xgboost", "{ file: ./xgb-multi.ubj, output: shap }", "expected one of prediction, margin"),
            ("xgboost", "{ file: ./xgb-multi.ubj, outptu: margin }", "config.outptu: unknown setting"),
            ("xgboost", "{ file: ./xgb-multi.ubj, library: /lib/x86_64-linux-gnu/libm.so.6 }", "is not XGBoost"),
            ("lightgbm", "{ file: ./xgb-multi.ubj }", "config.file: "),
            ("lightgbm", "{ file: ./lgb-multi.txt, library: ./no.so }", "config.library: cannot load LightGBM"),
        ],
    )
    def test_say_what_is_wrong(self, folder, plugin, config, text):
        (folder / "config.yaml").write_text(config)
        np.save(folder / "x.npy", np.zeros((1, 4), np.float32))
        arguments = ["--config", folder / "config.yaml", "--input", folder / "x.npy"]
        refused = run("plugin", "run", f"{PLUGINS}/libsluice_{plugin}.so", *arguments)
        assert refused.returncode != 0
        assert text in refused.stderr, refused.stderr

    @pytest.mark.parametrize("plugin, file", [("xgboost", "xgb-multi.ubj"), ("lightgbm", "lgb-multi.txt")])
    def test_say_what_is_missing_and_how_to_get_it(self, folder, tmp_path, plugin, file):
        alone = shutil.copy(f"{PLUGINS}/libsluice_{plugin}.so", tmp_path)
        np.save(folder / "x.npy", np.zeros((1, 4), np.float32))
        config = f"{{ file: {folder}/{file} }}"
        refused = run("plugin", "run", alone, "--config", config, "--input", folder / "x.npy")
        assert refused.returncode != 0
        assert "is neither beside this plugin nor where the system keeps libraries: run `make deps`, or `pip install" in refused.stderr
