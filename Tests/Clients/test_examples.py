"""The examples, each by its one command, against what `make run` serves."""

import csv
import json
import math
import subprocess
import sys

import joblib
import numpy as np
import onnxruntime
import pytest
import requests
from gateway import ROOT
from PIL import Image

sys.path.append(str(ROOT / "examples" / "iris"))

sys.path.append(str(ROOT / "examples" / "notes"))

import make_tune  # noqa: E402
import notes  # noqa: E402
import train  # noqa: E402


def run(example, *arguments):
    result = subprocess.run(
        [ROOT / "examples" / example / "run.sh", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    return result.stdout


def answers(output):
    return [line.split("out: ", 1)[1] for line in output.splitlines() if "out: " in line]


def test_iris_gives_the_same_classes_for_every_format(served):
    output = run("iris", served.url)
    assert [line for line in output.splitlines() if line.startswith("──")] == [
        "── flowers.csv as text/csv ",
        "── flowers.json as application/json ",
        "── flowers.xml as application/xml ",
        "── flowers.npy as application/x-npy ",
        "── flowers.csv as text/csv (--header Accept: text/csv)",
    ]
    flowers = np.load(ROOT / "examples" / "iris" / "flowers.npy")
    species = train.train().predict(flowers).tolist()
    assert set(species) == {"setosa", "versicolor", "virginica"}
    documents, table = answers(output)[:4], answers(output)[4:]
    for document in documents:
        assert json.loads(document)["outputs"]["label"] == species
    assert len({json.dumps(json.loads(document)["outputs"]) for document in documents}) == 1
    assert table[0].startswith("label,probabilities_0,")
    assert [row.split(",")[0] for row in table[1:]] == species


def test_voice_activity_finds_both_sentences_in_every_form(served):
    output = run("voice-activity", served.url)
    file, raw, text = output.strip().split("\n\n")
    found = [[line.strip() for line in part.splitlines() if "speech from" in line] for part in (file, raw, text)]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 2, output


def test_file_type_knows_the_repository(served):
    output = run("file-type", served.url)
    files = [line.split()[1] for line in output.splitlines() if "in: " in line]
    labels = [json.loads(answer)["outputs"]["label"][0] for answer in answers(output)]
    assert dict(zip(files, labels)) == {
        "examples/file-type/README.md": "markdown",
        "examples/file-type/picture.png": "png",
        "examples/file-type/export.py": "python",
        "examples/file-type/run.sh": "shell",
        "examples/iris/flowers.csv": "csv",
        "examples/iris/flowers.xml": "xml",
        "examples/iris/flowers.npy": "npy",
        "examples/voice-activity/speech.wav": "wav",
        "Plugins/echo/echo.c": "c",
        "Makefile": "makefile",
    }


def test_python_reads_the_digits_that_people_wrote(served):
    output = run("python", served.url)
    assert [json.loads(answer)["outputs"]["label"] for answer in answers(output)] == [[5], [3], [4], [0], [8]]
    assert output.count("##") > 50, "the digits are drawn"


def test_scoring_answers_by_the_formula_in_c(served):
    (answer,) = answers(run("scoring", served.url))
    rows = np.loadtxt(ROOT / "examples" / "scoring" / "applicants.csv", delimiter=",", skiprows=1)
    expected = 1 / (1 + np.exp(-(rows @ [0.04, -0.06, 0.02, -0.9])))
    np.testing.assert_allclose(json.loads(answer)["outputs"]["out"], expected, rtol=1e-12)


def test_digits_are_read_as_scikit_learn_reads_them(served):
    rows = np.loadtxt(ROOT / "examples" / "python" / "digits.csv", delimiter=",")
    expected = joblib.load(ROOT / "build" / "models" / "digits.joblib").predict(rows)
    labels = [json.loads(answer)["outputs"]["label"] for answer in answers(run("python", served.url))]
    assert labels == [[int(label)] for label in expected]


def test_applicants_are_scored_by_the_formula(served):
    with open(ROOT / "examples" / "scoring" / "applicants.csv") as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    (answer,) = answers(run("scoring", served.url))
    expected = [
        1 / (1 + math.exp(-(0.04 * r["income"] - 0.06 * r["debt"] + 0.02 * r["age"] - 0.9 * r["missed"]))) for r in rows
    ]
    assert json.loads(answer)["outputs"]["out"] == pytest.approx(expected, rel=1e-12)


def test_ocr_prints_the_page_line_by_line(served):
    printed = list(csv.DictReader(answers(run("ocr", served.url))))
    truth = [line for line in (ROOT / "examples" / "ocr" / "page.txt").read_text().splitlines() if line]
    assert len(printed) == len(truth)
    assert sum(line["text"] == written for line, written in zip(printed, truth)) >= len(truth) / 2
    assert all(float(line["confidence"]) > 0.8 for line in printed)


def test_every_example_is_run_here():
    # The chat's language model is one of the large frameworks: Tests/Frameworks/test_llama.py runs it.
    there = {path.parent.name for path in (ROOT / "examples").glob("*/run.sh")}
    assert there == {
        "chat",
        "faces",
        "iris",
        "voice-activity",
        "notes",
        "picture-safety",
        "live-audio",
        "ocr",
        "file-type",
        "python",
        "scoring",
    }


def test_an_example_without_a_gateway_says_so():
    result = subprocess.run(
        [ROOT / "examples" / "iris" / "run.sh", "http://127.0.0.1:1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    assert "127.0.0.1" in result.stderr


def test_live_audio_finds_the_same_speech_while_it_is_spoken(served):
    """Each chunk is a message of its own; together they say what the whole recording says."""
    output = run("live-audio", served.url, str(ROOT / "examples/voice-activity/speech.wav"), "0")
    found = [line for line in output.splitlines() if line.startswith("    speech") and " s to " in line]
    whole = run("voice-activity", served.url)
    assert len(found) == 2, output
    drawn = output.rstrip("\n").splitlines()[-1].strip()
    assert drawn and drawn in whole


def test_a_live_sound_is_heard_as_the_whole_one_is(served):
    sys.path.append(str(ROOT / "examples" / "voice-activity"))
    import samples
    from websockets.sync.client import connect

    sound = samples.read(ROOT / "examples/voice-activity/speech.wav")
    headers = {"content-type": "application/octet-stream"}
    whole = requests.post(f"{served.url}/v1/infer/voice-activity", data=sound.tobytes(), headers=headers, timeout=60)
    url = f"ws://{served.address}/v1/stream/live-voice"
    # Two at once: neither hears the other. The second one speaks in longer chunks.
    with connect(url) as first, connect(url) as second:
        heard = {first: [], second: []}
        for at in range(0, len(sound), 1536):
            for session, size in ((first, 512), (second, 1536)):
                for start in range(at, min(at + 1536, len(sound)), size):
                    session.send(sound[start : start + size].tobytes())
                    heard[session] += json.loads(session.recv(timeout=30))["outputs"]["speech"]
        for probabilities in heard.values():
            np.testing.assert_allclose(probabilities, whole.json()["outputs"]["speech"], atol=1e-5)


def test_a_live_sound_over_a_grpc_stream(served):
    """The same sequence over ModelStreamInfer, numbered by its client."""
    import queue

    import tritonclient.grpc as triton

    sys.path.append(str(ROOT / "examples" / "voice-activity"))
    import samples

    sound = samples.read(ROOT / "examples/voice-activity/speech.wav")
    headers = {"content-type": "application/octet-stream"}
    whole = requests.post(f"{served.url}/v1/infer/voice-activity", data=sound.tobytes(), headers=headers, timeout=60)
    chunks = [sound[at : at + 512] for at in range(0, len(sound), 512)]
    answers = queue.Queue()
    with triton.InferenceServerClient(served.address) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        for number, chunk in enumerate(chunks):
            given = triton.InferInput("samples", [len(chunk)], "FP32")
            given.set_data_from_numpy(chunk)
            client.async_stream_infer(
                "live-voice",
                [given],
                sequence_id=42,
                sequence_start=number == 0,
                sequence_end=number == len(chunks) - 1,
            )
        heard = []
        for _ in chunks:
            result, error = answers.get(timeout=30)
            assert error is None
            heard += result.as_numpy("speech").tolist()
        client.stop_stream()
    np.testing.assert_allclose(heard, whole.json()["outputs"]["speech"], atol=1e-5)


def test_what_a_model_remembers_goes_with_its_sequence(served):
    from websockets.sync.client import connect

    chunk = (np.sin(np.arange(512) / 5) / 2).astype("<f4").tobytes()
    url = f"ws://{served.address}/v1/stream/live-voice"

    def hear(session):
        session.send(chunk)
        return json.loads(session.recv(timeout=30))["outputs"]["speech"][0]

    with connect(url) as session:
        first, second = hear(session), hear(session)
    assert first != second
    with connect(url) as session:
        assert hear(session) == first
        session.send(json.dumps({"samples": [0.5] * 512, "parameters": {"sequence_end": True}}))
        session.recv(timeout=30)
        assert hear(session) == first
    # Over the Open Inference Protocol the client numbers its sequence itself.
    body = {"inputs": [{"name": "samples", "shape": [1], "datatype": "FP32", "data": [0]}]}
    body["parameters"] = {"sequence_id": 77}
    answer = requests.post(f"{served.url}/v2/models/live-voice/infer", json=body, timeout=30)
    assert answer.status_code == 400 and "sequence_start" in answer.json()["error"]


def test_notes_are_those_that_were_played(served):
    output = run("notes", served.url)
    heard = [line.split() for line in answers(output)]
    assert [note[0] for note in heard] == [notes.name(number) for number, _, _ in make_tune.TUNE]
    for (_, _, start, *_), (_, played, _) in zip(heard, make_tune.TUNE):
        assert abs(float(start) - played) < 0.06


def test_picture_safety_gives_the_scores_of_pillows_pixels(served):
    output = run("picture-safety", served.url)
    scores = [json.loads(answer)["outputs"]["scores"] for answer in answers(output)]
    session = onnxruntime.InferenceSession(ROOT / "build" / "models" / "picture-safety.onnx")
    (folder,) = (ROOT / "build" / "venv" / "lib").glob("python3*/site-packages/sklearn/datasets/images")
    for got, name in zip(scores, ("china.jpg", "flower.jpg")):
        picture = Image.open(folder / name).convert("RGB").resize((256, 256), Image.Resampling.BILINEAR)
        pixels = np.asarray(picture)[16:240, 16:240, ::-1].astype(np.float32) - [104, 117, 123]
        expected = session.run(None, {"picture": pixels[None].astype(np.float32)})[0]
        assert np.abs(np.array(got) - expected).max() < 0.01
        assert got[0][0] > 0.9
    # Ten seconds, a picture for each.
    assert len(scores[2]) == 10
    assert min(safe for safe, _ in scores[2]) > 0.9


def test_faces_are_where_they_are_in_the_picture_and_in_the_film(served):
    output = run("faces", served.url)
    tables = [[line.split(",") for line in answers(part)] for part in output.split("in:  ")[1:]]
    assert [table[0] for table in tables] == [["score", "faces", "box_0", "box_1", "box_2", "box_3"]] * 2
    ((score, count, *box),) = tables[0][1:]
    left, top, width, height = map(float, box)
    assert float(score) > 0.9 and count == "1"
    # Her eyes and her mouth, and not her hair.
    for x, y in ((0.43, 0.32), (0.55, 0.32), (0.5, 0.48)):
        assert left < x < left + width and top < y < top + height
    assert 0.25 < width < 0.4 and 0.25 < height < 0.4
    # Four seconds in which one man talks, ten pictures a second.
    film = tables[1][1:]
    assert len(film) == 40
    assert {count for _, count, *_ in film} == {"1"} and min(float(score) for score, *_ in film) > 0.7
    # No page of text looks like a face.
    (nobody,) = answers(run("faces", served.url, ROOT / "examples" / "ocr" / "page.png"))[1:]
    assert nobody.split(",")[1:] == ["0"] * 5
