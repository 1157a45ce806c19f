"""Models that are no more than a file in gateway.yaml: `iris: ./iris.onnx`."""

import lightgbm
import numpy as np
import pytest
import requests
import xgboost
from gateway import ROOT, Gateway, run
from sklearn.datasets import load_iris

ROWS, SPECIES = load_iris().data, load_iris().target


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    booster = xgboost.train({"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(ROWS, SPECIES), 10)
    booster.save_model(folder / "flowers.ubj")
    booster.save_model(folder / "flowers.json")
    options = {"objective": "multiclass", "num_class": 3, "verbose": -1}
    lightgbm.train(options, lightgbm.Dataset(ROWS, SPECIES), 10).save_model(folder / "flowers.txt")
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
models:
  onnx: {ROOT}/build/models/iris.onnx
  ubj: {folder}/flowers.ubj
  json: {folder}/flowers.json
  txt: {folder}/flowers.txt
  face: {ROOT}/build/deps/face-detection/face_detection_short_range.tflite
"""
    with Gateway(text) as running:
        yield running


@pytest.mark.parametrize("model", ["onnx", "ubj", "json", "txt"])
def test_the_file_says_what_goes_in_and_comes_out(gateway, model):
    said = requests.get(f"{gateway.url}/v2/models/{model}", timeout=30).json()
    assert [(port["name"], port["shape"]) for port in said["inputs"]] == [("X", [-1, 4])]
    assert [port["name"] for port in said["outputs"]] == ["label", "probabilities"]
    answer = requests.post(f"{gateway.url}/v1/infer/{model}", json={"X": ROWS.tolist()}, timeout=30).json()
    names = {"setosa": 0, "versicolor": 1, "virginica": 2}
    labels = np.array([names.get(label, label) for label in answer["outputs"]["label"]])
    assert (labels == SPECIES).mean() > 0.95


def test_a_picture_model_by_its_file(gateway):
    said = requests.get(f"{gateway.url}/v2/models/face", timeout=30).json()
    assert [port["shape"] for port in said["inputs"]] == [[1, 128, 128, 3]]


def test_what_can_not_be_known_is_asked_for(tmp_path):
    (tmp_path / "gateway.yaml").write_text(
        """\
version: 1
listeners: { public: { address: "127.0.0.1:0" } }
auth: none
models:
  vad: ./silero_vad.jit
  other: ./weights.bin
"""
    )
    checked = run("check", tmp_path / "gateway.yaml")
    assert checked.returncode == 1
    said = checked.stdout + checked.stderr
    assert "gateway.yaml:5:8: error: TorchScript doesn't say what its inputs and outputs are" in said
    assert "inputs: […], outputs: […]" in said
    assert 'gateway.yaml:6:10: error: nothing tells which plugin runs "./weights.bin"' in said
    assert "       ^" in said
