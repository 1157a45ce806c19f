"""The best scores with their labels, in every format, against what NumPy makes of all scores."""

import csv
import io
import json
import subprocess

import numpy as np
import pytest
import requests
import safetensors.numpy
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from gateway import PROGRAM, ROOT, Gateway, environment

LABELS = ["setosa", "versicolor", "virginica"]
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5], [5.7, 2.8, 4.1, 1.3]]
TEXT = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0", serves: [inference] }}, rpc: {{ address: "127.0.0.1:0" }} }}
auth: none
models:
  iris:
    plugin: onnxruntime
    config: {{ file: {ROOT}/build/models/iris.onnx }}
    outputs: {{ probabilities: {{ labels: ./species.txt }} }}
  bare: {{ plugin: onnxruntime, config: {{ file: {ROOT}/build/models/iris.onnx }} }}
  text: {{ plugin: echo, config: {{ inputs: [{{ name: x, datatype: BYTES }}] }} }}
observability: {{ access_log: none }}
"""


class Labelled(Gateway):
    def __init__(self, text=TEXT, labels=LABELS):
        super().__init__(text)
        (self.folder / "species.txt").write_text("\n".join(labels) + "\n")


@pytest.fixture(scope="module")
def gateway():
    with Labelled() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def all_scores(gateway):
    return np.array(ask(gateway, "iris", "").json()["outputs"]["probabilities"], np.float32)


def ask(gateway, model, query, accept="application/json", body=None):
    answer = requests.post(
        f"{gateway.url}/v1/infer/{model}{query}", json=ROWS if body is None else body, headers={"Accept": accept}, timeout=30
    )
    return answer


def best(scores, count):
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return [[LABELS[i] for i in row] for row in order], np.take_along_axis(scores, order, 1), order


def test_json_has_labels_and_scores(gateway, all_scores):
    outputs = ask(gateway, "iris", "?top=2").json()["outputs"]
    labels, scores, _ = best(all_scores, 2)
    assert outputs["probabilities_label"] == labels
    assert np.array_equal(np.array(outputs["probabilities_score"], np.float32), scores)
    assert "probabilities" not in outputs and outputs["label"] == [row[0] for row in labels]


def test_without_labels_there_are_places(gateway, all_scores):
    outputs = ask(gateway, "bare", "?top=3&outputs=probabilities").json()["outputs"]
    assert outputs["probabilities_index"] == best(all_scores, 3)[2].tolist()


@pytest.mark.parametrize(("accept", "delimiter"), [("text/csv", ","), ("text/tab-separated-values", "\t")])
def test_tables_have_a_column_for_each(gateway, all_scores, accept, delimiter):
    answer = ask(gateway, "iris", "?top=2", accept)
    assert answer.headers["content-type"].startswith(accept)
    rows = list(csv.reader(io.StringIO(answer.text, newline=""), delimiter=delimiter))
    assert rows[0] == ["label", *[f"probabilities_{what}_{i}" for what in ("label", "score") for i in range(2)]]
    labels, scores, _ = best(all_scores, 2)
    assert [row[1:3] for row in rows[1:]] == labels
    assert np.array_equal(np.array([row[3:] for row in rows[1:]], np.float32), scores)


def test_lines_npz_and_safetensors_have_them_too(gateway, all_scores):
    labels, scores, order = best(all_scores, 2)
    line = json.loads(ask(gateway, "iris", "?top=2", "application/x-ndjson").text)
    assert line["outputs"]["probabilities_label"] == labels
    arrays = np.load(io.BytesIO(ask(gateway, "iris", "?top=2", "application/x-npz").content))
    assert arrays["probabilities_label"].tolist() == labels and np.array_equal(arrays["probabilities_score"], scores)
    answer = ask(gateway, "bare", "?top=2&outputs=probabilities", "application/x-safetensors")
    assert np.array_equal(safetensors.numpy.load(answer.content)["probabilities_index"], order)


def test_batches_have_them_row_by_row(gateway, all_scores):
    text = "\r\n".join(",".join(map(str, row)) for row in ROWS)
    url = f"{gateway.url}/v1/batch/iris?top=1&errors=skip"
    answer = requests.post(url, data=text, headers={"Content-Type": "text/csv"}, timeout=30)
    assert answer.text.splitlines()[0] == "label,probabilities_label_0,probabilities_score_0,error"
    assert [row.split(",")[1] for row in answer.text.splitlines()[1:]] == [row[0] for row in best(all_scores, 1)[0]]
    wrong = requests.post(url, data="1,2,3,x\r\n", headers={"Content-Type": "text/csv"}, timeout=30)
    assert wrong.text.splitlines()[0] == "label,probabilities_label_0,probabilities_score_0,error"
    lines = requests.post(url, data=text, headers={"Content-Type": "text/csv", "Accept": "application/x-ndjson"}, timeout=30)
    assert json.loads(lines.text.splitlines()[0])["outputs"]["probabilities_label"] == [best(all_scores, 1)[0][0][0]]


def test_a_document_may_say_it_as_open_inference_does(gateway, all_scores):
    document = {
        "inputs": [{"name": "X", "datatype": "FP32", "shape": [3, 4], "data": ROWS}],
        "outputs": [{"name": "probabilities", "parameters": {"classification": 2}}],
    }
    assert ask(gateway, "iris", "", body=document).json()["outputs"]["probabilities_label"] == best(all_scores, 2)[0]


@pytest.mark.parametrize("client", ["http", "grpc"])
def test_classification_of_triton_says_the_label(gateway, all_scores, client):
    triton = triton_http if client == "http" else triton_grpc
    x = triton.InferInput("X", [3, 4], "FP32")
    x.set_data_from_numpy(np.array(ROWS, np.float32))
    address = gateway.address if client == "http" else f"127.0.0.1:{gateway.ports['rpc']}"
    answer = triton.InferenceServerClient(address).infer(
        "iris", [x], outputs=[triton.InferRequestedOutput("probabilities", class_count=2)]
    )
    found = [[text.decode().split(":") for text in row] for row in answer.as_numpy("probabilities")]
    labels, scores, order = best(all_scores, 2)
    assert [[entry[2] for entry in row] for row in found] == labels
    assert [[int(entry[1]) for entry in row] for row in found] == order.tolist()
    assert np.array_equal(np.array([[entry[0] for entry in row] for row in found], np.float32), scores)


@pytest.mark.parametrize(
    ("model", "query", "code"),
    [
        ("iris", "?top=0", "invalid_parameter"),
        ("iris", "?top=two", "invalid_parameter"),
        ("iris", "?top=1&top=2", "invalid_parameter"),
        ("iris", "?top=1&outputs=label", "invalid_parameter"),
        ("text", "?top=1", "invalid_parameter"),
    ],
)
def test_what_makes_no_sense_is_refused(gateway, model, query, code):
    answer = ask(gateway, model, query, body=["a"] if model == "text" else None)
    assert answer.status_code == 400 and answer.json()["code"] == code, answer.text


def test_the_model_tells_its_labels(gateway):
    about = requests.get(f"{gateway.url}/v1/models/iris", timeout=30).json()
    output = next(output for output in about["outputs"] if output["name"] == "probabilities")
    assert output["labels"] == LABELS and output["label_count"] == 3


def check(folder, *arguments):
    return subprocess.run(
        [PROGRAM, "check", folder / "gateway.yaml", *arguments], env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("labels", "name", "message"),
    [
        (LABELS[:2], "probabilities", 'output "probabilities" is FP32[-1,3], but ./species.txt has 2 labels'),
        (LABELS, "probabilites", 'there is no output "probabilites" to label; it has "label", "probabilities"'),
        (LABELS, "label", 'output "label" is BYTES[-1]: labels are for numbers'),
    ],
)
def test_check_says_where_labels_do_not_fit(tmp_path, labels, name, message):
    (tmp_path / "species.txt").write_text("\n".join(labels))
    text = TEXT.replace("outputs: { probabilities: {", f"outputs: {{ {name}: {{").replace("127.0.0.1:0", "127.0.0.1:8080", 1)
    text = text.replace("127.0.0.1:0", "127.0.0.1:8081")
    (tmp_path / "gateway.yaml").write_text(text)
    assert check(tmp_path).returncode == 0
    found = check(tmp_path, "--load")
    line = next(index for index, line in enumerate(text.splitlines(), 1) if "./species.txt" in line)
    column = text.splitlines()[line - 1].index("./species.txt") + 1
    assert found.returncode == 1
    printed = found.stdout + found.stderr
    assert f'gateway.yaml:{line}:{column}: error: model "iris": {message}' in printed, printed
