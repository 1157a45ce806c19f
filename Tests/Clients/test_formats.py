"""The unified endpoint with plain `requests`: every format gives what scikit-learn, silero and magika give."""

import csv
import io
import json
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import onnxruntime
import pytest
import requests
from gateway import ROOT
from sklearn.datasets import load_iris

sys.path.append(str(ROOT / "build" / "deps" / "python"))  # magika
sys.path.append(str(ROOT / "examples" / "iris"))
sys.path.append(str(ROOT / "examples" / "voice-activity"))

import magika  # noqa: E402
import make_flowers  # noqa: E402
import samples  # noqa: E402
import segments  # noqa: E402
import train  # noqa: E402


@pytest.fixture(scope="module")
def iris(served):
    return f"{served.url}/v1/infer/iris"


@pytest.fixture(scope="module")
def rows():
    """Real flowers, and halves between them on which the trees disagree."""
    data = load_iris().data
    return np.concatenate([data, (data + data[::-1]) / 2]).astype(np.float32)


@pytest.fixture(scope="module")
def expected(rows):
    forest = train.train()
    return forest.predict(rows).tolist(), forest.predict_proba(rows)


def as_npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def as_csv(rows, columns):
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([float(value) for value in row] for row in rows)
    return buffer.getvalue()


def as_xml(rows, columns):
    root = ElementTree.Element("flowers")
    for row in rows:
        flower = ElementTree.SubElement(root, "flower")
        for column, value in zip(columns, row):
            ElementTree.SubElement(flower, column).text = repr(float(value))
    return ElementTree.tostring(root)


def tables(rows):
    """The same flowers in every format, names in another order than the model's where there are names."""
    columns = make_flowers.COLUMNS
    backwards = columns[::-1]
    lists = [[float(value) for value in row] for row in rows]
    records = [dict(zip(backwards, row[::-1])) for row in lists]
    return {
        "json-rows": ("application/json", json.dumps(lists)),
        "json-records": ("application/json", json.dumps(records)),
        "json-by-input": ("application/json", json.dumps({"X": lists})),
        "csv": ("text/csv", as_csv(rows[:, ::-1], backwards)),
        "csv-no-header": ("text/csv; header=absent", as_csv(rows, columns).split("\n", 1)[1]),
        "xml": ("application/xml", as_xml(rows[:, ::-1], backwards)),
        "npy": ("application/x-npy", as_npy(rows)),
        "npy-float64-fortran": ("application/x-npy", as_npy(np.asfortranarray(rows.astype(np.float64)))),
        "raw": ("application/octet-stream", rows.tobytes()),
    }


class TestIris:
    @pytest.mark.parametrize("form", list(tables(np.ones((1, 4)))))
    def test_every_format_gives_what_scikit_learn_gives(self, iris, rows, expected, form):
        media_type, body = tables(rows)[form]
        response = requests.post(iris, data=body, headers={"Content-Type": media_type}, timeout=30)
        assert response.status_code == 200, response.text
        assert response.headers["sluice-model"] == "iris"
        outputs = response.json()["outputs"]
        assert outputs["label"] == expected[0]
        np.testing.assert_allclose(outputs["probabilities"], expected[1], atol=1e-5)

    def test_a_csv_answer_is_a_table(self, iris, rows, expected):
        response = requests.post(iris, json=rows.tolist(), headers={"Accept": "text/csv"}, timeout=30)
        assert response.headers["content-type"].startswith("text/csv")
        table = list(csv.DictReader(io.StringIO(response.text)))
        assert [row["label"] for row in table] == expected[0]
        got = [[float(row[f"probabilities_{i}"]) for i in range(3)] for row in table]
        np.testing.assert_allclose(got, expected[1], atol=1e-5)

    def test_an_xml_answer_is_rows(self, iris, rows, expected):
        response = requests.post(iris, json=rows.tolist(), headers={"Accept": "application/xml"}, timeout=30)
        assert response.headers["content-type"].startswith("application/xml")
        root = ElementTree.fromstring(response.content)
        assert root.attrib["model"] == "iris"
        assert [row.findtext("label") for row in root.iter("row")] == expected[0]
        got = [[float(v.text) for v in row.find("probabilities")] for row in root.iter("row")]
        np.testing.assert_allclose(got, expected[1], atol=1e-5)

    def test_an_npy_answer_is_one_array(self, iris, rows, expected):
        for output, want in zip(("label", "probabilities"), expected):
            response = requests.post(
                f"{iris}?outputs={output}", json=rows.tolist(), headers={"Accept": "application/x-npy"}, timeout=30
            )
            assert response.status_code == 200, response.text
            got = np.load(io.BytesIO(response.content))
            if output == "label":
                assert got.tolist() == want
            else:
                np.testing.assert_allclose(got, want, atol=1e-5)

    def test_the_model_may_be_named_in_the_query(self, served, rows, expected):
        response = requests.post(f"{served.url}/v1/infer?model=iris", json=rows.tolist(), timeout=30)
        assert response.json()["outputs"]["label"] == expected[0]

    def test_the_open_inference_endpoint_agrees(self, served, rows, expected):
        values = rows.astype(float).ravel().tolist()
        body = {"inputs": [{"name": "X", "datatype": "FP32", "shape": list(rows.shape), "data": values}]}
        response = requests.post(f"{served.url}/v2/models/iris/infer", json=body, timeout=30)
        outputs = {output["name"]: output for output in response.json()["outputs"]}
        assert outputs["label"]["data"] == expected[0]
        assert outputs["probabilities"]["shape"] == [len(rows), 3]
        np.testing.assert_allclose(np.reshape(outputs["probabilities"]["data"], (-1, 3)), expected[1], atol=1e-5)

    def test_the_gate_documents_the_model_with_samples_that_work(self, served):
        about = requests.get(f"{served.url}/v1/models/iris", timeout=30).json()
        assert [i["name"] for i in about["inputs"]] == ["X"]
        assert about["inputs"][0]["columns"] == make_flowers.COLUMNS
        tried = 0
        for form in about["accepts"]:
            if "sample" not in form:
                continue
            response = requests.post(
                served.url + about["infer"],
                data=form["sample"].encode(),
                headers={"Content-Type": form["content_type"]},
                timeout=30,
            )
            assert response.status_code == 200, (form, response.text)
            tried += 1
        assert tried >= 3

    @pytest.mark.parametrize(
        ("media_type", "body", "words"),
        [
            ("text/csv", "5.1,3.5,1.4,0.2\n5.1,3.5,1.4\n", ["row 2"]),
            ("text/csv", ",".join(make_flowers.COLUMNS) + "\n5.1,3.5,tall,0.2\n", ["petal_length", "tall", "line 2"]),
            ("application/json", '[{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4}]', ["petal_width"]),
            ("application/json", "[[1, 2, 3, 4]", []),
            ("application/xml", "<rows><row><sepal_length>5</sepal_length></row></rows>", ["sepal_width"]),
            ("application/x-npy", b"\x93NUMPY\x01\x00", []),
            ("application/octet-stream", b"12345", ["5"]),
        ],
    )
    def test_mistakes_are_named(self, iris, media_type, body, words):
        response = requests.post(iris, data=body, headers={"Content-Type": media_type}, timeout=30)
        assert response.status_code == 400
        said = response.json()
        assert isinstance(said["error"], str)
        assert said["code"] in ("malformed_body", "invalid_input")
        assert said["request_id"] == response.headers["x-request-id"]
        for word in words:
            assert word in said["error"]


class TestVoiceActivity:
    @pytest.fixture(scope="class")
    @classmethod
    def speech(cls):
        return samples.read(ROOT / "examples" / "voice-activity" / "speech.wav")

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, speech):
        session = onnxruntime.InferenceSession(ROOT / "build" / "models" / "voice-activity.onnx")
        (probabilities,) = session.run(None, {"samples": speech})
        assert len(segments.segments(probabilities.tolist())) == 2
        return probabilities

    @pytest.mark.parametrize("form", ["raw", "json", "npy"])
    def test_samples_give_what_silero_gives(self, served, speech, expected, form):
        media_type, body = {
            "raw": ("application/octet-stream", speech.tobytes()),
            "json": ("application/json", json.dumps({"samples": speech.astype(float).tolist()})),
            "npy": ("application/x-npy", as_npy(speech)),
        }[form]
        response = requests.post(
            f"{served.url}/v1/infer/voice-activity", data=body, headers={"Content-Type": media_type}, timeout=60
        )
        assert response.status_code == 200, response.text
        np.testing.assert_allclose(response.json()["outputs"]["speech"], expected, atol=1e-5)


class TestFileType:
    @pytest.fixture(scope="class")
    @classmethod
    def package(cls):
        return magika.Magika()

    @pytest.mark.parametrize(
        "path",
        [
            "README.md",
            "Makefile",
            "Package.swift",
            "Plugins/echo/echo.c",
            "examples/file-type/picture.png",
            "examples/file-type/export.py",
            "examples/iris/flowers.csv",
            "examples/iris/flowers.npy",
            "examples/voice-activity/speech.wav",
            "build/models/iris.onnx",
        ],
    )
    def test_a_file_gives_what_magika_gives(self, served, package, path):
        content = (ROOT / path).read_bytes()
        response = requests.post(
            f"{served.url}/v1/infer/file-type",
            data=content,
            headers={"Content-Type": "application/octet-stream"},
            timeout=60,
        )
        assert response.status_code == 200, response.text
        expected = package.identify_bytes(content).prediction
        outputs = response.json()["outputs"]
        assert outputs["label"] == [str(expected.output.label)]
        np.testing.assert_allclose(outputs["score"], [expected.score], atol=1e-5)
