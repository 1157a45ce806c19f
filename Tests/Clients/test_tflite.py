"""The TensorFlow Lite plugin behind a real gateway, on real models: notes of a sound, a face, a wake word."""

import shutil

import numpy as np
import onnxruntime
import pytest
import requests
import tritonclient.http as triton
from gateway import PLUGINS, ROOT, Gateway, run

DEPS = ROOT / "build" / "deps"
NOTES, FACES, WAKE = (
    DEPS / "basic-pitch" / "nmp.tflite",
    DEPS / "face-detection" / "face_detection_short_range.tflite",
    DEPS / "micro-wakeword" / "okay_nabu.tflite",
)


def pluck(hertz):
    """A string is plucked: two seconds of a decaying tone with overtones, at 22,050 numbers a second."""
    time = np.arange(43844) / 22050
    tone = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 6))
    return (0.4 * tone * np.exp(-2 * time)).astype(np.float32)[:, None]


@pytest.fixture(scope="module", params=["in-process", "process"])
def served(request):
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0" }} }}
auth: none
plugins: {{ tflite: {{ isolation: {request.param} }} }}
models:
  notes: {{ plugin: tflite, config: {{ file: {NOTES} }} }}
  faces: {{ plugin: tflite, config: {{ file: {FACES}, deterministic: true }} }}
  each-face: {{ plugin: tflite, config: {{ file: {FACES}, batch: each }} }}
  wake: {{ plugin: tflite, config: {{ file: {WAKE}, concurrency: 1 }} }}
  wake-real: {{ plugin: tflite, config: {{ file: {WAKE}, concurrency: 1, dequantize: true }} }}
"""
    with Gateway(text) as gateway:
        yield gateway


def ask(gateway, model, **inputs):
    client = triton.InferenceServerClient(gateway.address)
    given = []
    for port, array in zip(client.get_model_metadata(model)["inputs"], inputs.values()):
        tensor = triton.InferInput(port["name"], array.shape, port["datatype"])
        tensor.set_data_from_numpy(array)
        given.append(tensor)
    answer = client.infer(model, given)
    return {output["name"]: answer.as_numpy(output["name"]) for output in answer.get_response()["outputs"]}


def test_notes_are_those_that_the_same_model_hears_in_onnx(served):
    sounds = np.stack([pluck(440), pluck(261.63), pluck(440)])
    session = onnxruntime.InferenceSession(NOTES.with_suffix(".onnx"))
    wanted = session.run(None, {session.get_inputs()[0].name: sounds})
    answer = ask(served, "notes", sound=sounds)
    assert sorted(array.shape for array in answer.values()) == sorted(array.shape for array in wanted)
    for array in answer.values():
        nearest = min(np.abs(array - other).max() for other in wanted if other.shape == array.shape)
        assert nearest < 1e-3, "two frameworks' roundings, on probabilities"
    # A4 is the 49th key of a piano: the strongest note of the first sound.
    strongest = max((a for a in answer.values() if a.shape[2] == 88), key=lambda a: a[0].max())
    assert strongest[0].max(0).argmax() == 48
    assert strongest[1].max(0).argmax() == 39


def test_rows_are_answered_as_each_alone(served):
    sounds = np.stack([pluck(440), pluck(330)])
    both = ask(served, "notes", sound=sounds)
    for row in range(2):
        alone = ask(served, "notes", sound=sounds[row : row + 1])
        for name, array in alone.items():
            np.testing.assert_allclose(array[0], both[name][row], atol=1e-5)


def test_no_rows_are_no_answers(served):
    assert {a.shape[0] for a in ask(served, "notes", sound=np.zeros((0, 43844, 1), np.float32)).values()} == {0}


def test_a_model_of_one_row_says_so_and_takes_it(served):
    said = requests.get(f"{served.url}/v2/models/faces", timeout=30).json()
    assert [port["shape"] for port in said["inputs"]] == [[1, 128, 128, 3]]
    assert [port["shape"] for port in said["outputs"]] == [[1, 896, 16], [1, 896, 1]]
    # A drawn face: eyes, nose and mouth in an oval. Noise is none.
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    face = np.where((x / 0.5) ** 2 + (y / 0.7) ** 2 < 1, 0.6, -0.6)
    for left in (-0.2, 0.2):
        face[(x - left) ** 2 + ((y + 0.2) / 0.6) ** 2 < 0.007] = -0.9
    face[(np.abs(x) < 0.04) & (y > -0.1) & (y < 0.15)] = 0.3
    face[(np.abs(x) < 0.2) & (np.abs(y - 0.35) < 0.04)] = -0.7
    face = np.repeat(face[None, :, :, None], 3, 3).astype(np.float32)
    noise = np.random.default_rng(0).uniform(-1, 1, face.shape).astype(np.float32)
    seen = ask(served, "faces", picture=face)["classificators"].max()
    assert seen > ask(served, "faces", picture=noise)["classificators"].max() + 1
    with pytest.raises(triton.InferenceServerException, match="1,128,128,3"):
        ask(served, "faces", picture=np.repeat(face, 2, 0))


def test_quantised_numbers_as_they_are_and_as_real_ones(served):
    said = {name: requests.get(f"{served.url}/v2/models/{name}", timeout=30).json() for name in ("wake", "wake-real")}
    assert [(port["datatype"], port["shape"]) for port in said["wake"]["inputs"]] == [("INT8", [1, 3, 40])]
    assert [port["datatype"] for port in said["wake"]["outputs"]] == ["UINT8"]
    assert {p["datatype"] for p in said["wake-real"]["inputs"] + said["wake-real"]["outputs"]} == {"FP32"}
    described = requests.get(f"{served.url}/v1/models/wake", timeout=30).text
    assert "quantised: (number - " in described
    scale, zero = (
        float(part) for part in (described.split(") * ")[1].split('"')[0], described.split("(number - ")[1].split(")")[0])
    )
    # The model remembers: both begin anew with the gateway and hear the same.
    rng = np.random.default_rng(1)
    for _ in range(5):
        small = rng.integers(-128, 128, (1, 3, 40)).astype(np.int8)
        (raw,) = ask(served, "wake", chunk=small).values()
        (real,) = ask(served, "wake-real", chunk=((small - zero) * scale).astype(np.float32)).values()
        assert raw.dtype == np.uint8
        np.testing.assert_allclose(real, raw / 256, atol=1e-6)


def test_a_file_that_takes_one_row_is_run_for_each(served):
    said = requests.get(f"{served.url}/v2/models/each-face", timeout=30).json()
    assert [port["shape"] for port in said["inputs"] + said["outputs"]] == [[-1, 128, 128, 3], [-1, 896, 16], [-1, 896, 1]]
    pictures = np.random.default_rng(3).uniform(-1, 1, (3, 128, 128, 3)).astype(np.float32)
    joined = ask(served, "each-face", input=pictures)
    for row in range(3):
        alone = ask(served, "faces", input=pictures[row : row + 1])
        for name, numbers in alone.items():
            np.testing.assert_array_equal(joined[name][row : row + 1], numbers)


class TestPlugin:
    def test_keeps_the_contract(self):
        for config in (f"{{ file: {FACES} }}", f"{{ file: {FACES}, batch: each }}", f"{{ file: {WAKE}, dequantize: true }}"):
            arguments = ["--config", config, "--fuzz", "50", "--strict"]
            checked = run("plugin", "check", f"{PLUGINS}/libsluice_tflite.so", *arguments, seconds=300)
            assert checked.returncode == 0, checked.stdout

    @pytest.mark.parametrize(
        "config, text",
        [
            ("{}", "config.file is missing: it names the .tflite file of the model"),
            ("{ file: ./no.tflite }", "no.tflite: No such file or directory"),
            (f"{{ file: {NOTES.with_suffix('.onnx')} }}", "nmp.onnx: "),
            (f"{{ file: {FACES}, batch: concat }}", "config.batch: concat: the model takes one row at a time"),
            (f"{{ file: {NOTES}, batch: each }}", "config.batch: each: the first dimension"),
            (f"{{ file: {FACES}, library: ./no.so }}", "config.library: cannot load TensorFlow Lite"),
            (f"{{ file: {FACES}, thread: 2 }}", "config.thread: unknown setting"),
        ],
    )
    def test_says_what_is_wrong(self, tmp_path, config, text):
        (tmp_path / "config.yaml").write_text(config)
        np.save(tmp_path / "x.npy", np.zeros((1, 4), np.float32))
        arguments = ["--config", tmp_path / "config.yaml", "--input", tmp_path / "x.npy"]
        refused = run("plugin", "run", f"{PLUGINS}/libsluice_tflite.so", *arguments)
        assert refused.returncode != 0
        assert text in refused.stderr, refused.stderr

    def test_says_what_is_missing_and_how_to_get_it(self, tmp_path):
        alone = shutil.copy(f"{PLUGINS}/libsluice_tflite.so", tmp_path)
        np.save(tmp_path / "x.npy", np.zeros((1, 4), np.float32))
        refused = run("plugin", "run", alone, "--config", f"{{ file: {FACES} }}", "--input", tmp_path / "x.npy")
        assert refused.returncode != 0
        assert "keeps libraries: run `make deps`, or `pip install pymicro-wakeword`" in refused.stderr
