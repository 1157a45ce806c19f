"""The exported example models against the libraries that they come from: no gateway takes part.

`make models` makes what is tested; `make deps` fetches what it is compared with.
"""

import json
import pathlib
import sys

import numpy as np
import onnxruntime
import pytest
from sklearn.datasets import load_iris

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
sys.path.append(str(BUILD / "deps" / "python"))  # magika
sys.path.append(str(ROOT / "examples" / "iris"))
sys.path.append(str(ROOT / "examples" / "voice-activity"))

import magika  # noqa: E402
import make_flowers  # noqa: E402
import samples  # noqa: E402
import segments  # noqa: E402
import train  # noqa: E402


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


def signature(model):
    return {v.name: (v.type, v.shape) for v in model.get_inputs()}, {
        v.name: (v.type, v.shape) for v in model.get_outputs()
    }


class TestIris:
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return session(BUILD / "models" / "iris.onnx")

    def test_declares_what_the_example_promises(self, model):
        assert signature(model) == (
            {"X": ("tensor(float)", ["flowers", 4])},
            {"label": ("tensor(string)", ["flowers"]), "probabilities": ("tensor(float)", ["flowers", 3])},
        )

    def test_answers_as_the_forest_in_scikit_learn(self, model):
        forest = train.train()
        # Halves between the rows too: flowers that the forest has not seen, where trees disagree.
        data = load_iris().data
        rows = np.concatenate([data, (data + data[::-1]) / 2]).astype(np.float32)
        labels, probabilities = model.run(["label", "probabilities"], {"X": rows})
        assert labels.tolist() == forest.predict(rows).tolist()
        np.testing.assert_allclose(probabilities, forest.predict_proba(rows), atol=1e-5)
        assert ((probabilities > 0.05) & (probabilities < 0.95)).any(), "no flower on which the trees disagree"
        assert forest.classes_.tolist() == ["setosa", "versicolor", "virginica"]

    def test_committed_flowers_are_the_same_in_every_format(self):
        folder = ROOT / "examples" / "iris"
        flowers = load_iris().data[make_flowers.ROWS]
        csv = np.loadtxt(folder / "flowers.csv", delimiter=",", skiprows=1)
        records = json.loads((folder / "flowers.json").read_text())
        np.testing.assert_array_equal(csv, flowers)
        assert [list(record) for record in records] == [make_flowers.COLUMNS] * len(flowers)
        np.testing.assert_array_equal([list(record.values()) for record in records], flowers)
        np.testing.assert_array_equal(np.load(folder / "flowers.npy"), flowers.astype(np.float32))
        root = make_flowers.ElementTree.parse(folder / "flowers.xml").getroot()
        assert [[cell.tag for cell in row] for row in root] == [make_flowers.COLUMNS] * len(flowers)
        np.testing.assert_array_equal([[float(cell.text) for cell in row] for row in root], flowers)


class TestVoiceActivity:
    WINDOW = 512
    CONTEXT = 64

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return session(BUILD / "models" / "voice-activity.onnx")

    @pytest.fixture(scope="class")
    @classmethod
    def silero(cls):
        return session(BUILD / "deps" / "silero-vad" / "silero_vad.onnx")

    @pytest.fixture(scope="class")
    @classmethod
    def speech(cls):
        return samples.read(ROOT / "examples" / "voice-activity" / "speech.wav")

    def window_by_window(self, silero, recording):
        """As silero-vad's own OnnxWrapper calls its recurrent model."""
        recording = np.pad(recording, (0, -len(recording) % self.WINDOW))
        state = np.zeros((2, 1, 128), np.float32)
        context = np.zeros(self.CONTEXT, np.float32)
        probabilities = []
        for start in range(0, len(recording), self.WINDOW):
            window = recording[start : start + self.WINDOW]
            fed = np.concatenate([context, window])[np.newaxis]
            probability, state = silero.run(None, {"input": fed, "state": state, "sr": np.array(16_000)})
            probabilities.append(probability[0, 0])
            context = window[-self.CONTEXT :]
        return np.array(probabilities, np.float32)

    def test_declares_what_the_example_promises(self, model):
        assert signature(model) == (
            {"samples": ("tensor(float)", ["samples"])},
            {"speech": ("tensor(float)", ["windows"])},
        )

    def test_answers_as_silero_window_by_window(self, model, silero, speech):
        (probabilities,) = model.run(None, {"samples": speech})
        np.testing.assert_allclose(probabilities, self.window_by_window(silero, speech), atol=1e-5)
        assert probabilities.min() < 0.1 and probabilities.max() > 0.9, "the recording should have speech and pauses"

    @pytest.mark.parametrize("length", [1, 511, 512, 513, 1024, 30_001])
    def test_pads_the_last_window(self, model, silero, speech, length):
        recording = speech[16_000 : 16_000 + length]
        (probabilities,) = model.run(None, {"samples": recording})
        assert probabilities.shape == (-(-length // self.WINDOW),)
        np.testing.assert_allclose(probabilities, self.window_by_window(silero, recording), atol=1e-5)

    def test_no_samples_have_no_windows(self, model):
        (probabilities,) = model.run(None, {"samples": np.zeros(0, np.float32)})
        assert probabilities.shape == (0,)

    def test_the_committed_recording_has_two_sentences(self, model, speech):
        (probabilities,) = model.run(None, {"samples": speech})
        found = segments.segments(probabilities.tolist())
        assert len(found) == 2
        assert [(round(start), round(end)) for start, end in found] == [(1, 2), (3, 5)]


class TestFileType:
    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return session(BUILD / "models" / "file-type.onnx")

    @pytest.fixture(scope="class")
    @classmethod
    def package(cls):
        return magika.Magika()

    def compare(self, model, package, content):
        label, score = model.run(["label", "score"], {"bytes": np.frombuffer(content, np.uint8)})
        expected = package.identify_bytes(content).prediction
        assert label.tolist() == [str(expected.output.label)], content[:64]
        np.testing.assert_allclose(score, [expected.score], atol=1e-5)
        return label[0]

    def test_declares_what_the_example_promises(self, model):
        assert signature(model) == (
            {"bytes": ("tensor(uint8)", ["length"])},
            {"label": ("tensor(string)", [1]), "score": ("tensor(float)", [1])},
        )

    @pytest.mark.parametrize(
        ("path", "kind"),
        [
            ("README.md", "markdown"),
            ("examples/file-type/README.md", "markdown"),
            ("examples/file-type/picture.png", "png"),
            ("examples/file-type/export.py", "python"),
            ("examples/file-type/run.sh", "shell"),
            ("examples/iris/flowers.csv", "csv"),
            ("examples/iris/flowers.xml", "xml"),
            ("examples/iris/flowers.npy", "npy"),
            ("examples/voice-activity/speech.wav", "wav"),
            ("Sources/CSluicePlugin/include/sluice_plugin.h", "c"),
            ("Package.swift", "swift"),
            ("build/models/iris.onnx", "onnx"),
            ("build/venv/bin/python", "elf"),
        ],
    )
    def test_answers_as_magika_for_real_files(self, model, package, path, kind):
        assert self.compare(model, package, (ROOT / path).read_bytes()) == kind

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b" ",
            b"\x0b\x0c\r\n\t ",
            b"7 bytes",
            b"  a  b  ",
            b"\n" * 5000,
            b"\n" * 5000 + b"import os\n",
            b" " * 4090 + b"\xe2\x82\xac",
            b" " * 4094 + b"\xe2\x82\xac",  # the block of 4,096 bytes ends inside the character
            b"\xff\xfe",
            "€".encode(),
            "€".encode()[:2],
            "😀ab".encode(),
            b"\xc0\xaf",  # overlong
            b"\xe0\x9f\xbf",
            b"\xed\xa0\x80",  # a surrogate
            b"\xf0\x8f\xbf\xbf",
            b"\xf4\x90\x80\x80",  # above U+10FFFF
            b"\xf4\x8f\xbf\xbf",
            b"a\x80",
            b"\xc3\xa9\xa9",
            b"def f(x):\n    return x + 1\n" * 200,
            b" \t\n" * 500 + b"<html><body>" + b"<p>text</p>" * 500 + b"\n\n  " * 400,
            bytes(range(256)) * 40,
        ],
        ids=lambda content: f"{content[:12]!r}x{len(content)}",
    )
    def test_strips_pads_and_judges_short_files_as_magika(self, model, package, content):
        self.compare(model, package, content)

    def test_answers_as_magika_for_short_random_strings(self, model, package):
        generator = np.random.default_rng(3)
        alphabet = np.frombuffer(b" \nA\x80\x8f\x90\x9f\xa0\xbf\xc2\xe0\xe1\xed\xf0\xf1\xf4\xf5", np.uint8)
        for _ in range(200):
            # Seven bytes at most, so that the rules answer and not the network.
            self.compare(model, package, generator.choice(alphabet, generator.integers(0, 8)).tobytes())
