"""Outputs as pictures and sound: Pillow and soundfile read back what the model's numbers are."""

import io
import subprocess

import numpy as np
import pytest
import requests
import soundfile
from gateway import PROGRAM, Gateway, environment
from PIL import Image

MODELS = {
    "rgb": ("UINT8", 4, "image: { datatype: UINT8, layout: NHWC }"),
    "bgr": ("UINT8", 3, "image: { datatype: UINT8, layout: CHW, colour: bgr }"),
    "gray": ("FP32", 2, "image: { layout: HW, colour: gray }"),
    "float": ("FP32", 4, "image: {}"),
    "signed": ("FP32", 3, "image: { layout: HWC, scale: 127.5 }"),
    "small": ("UINT8", 2, "image: { datatype: UINT8, layout: HW, colour: gray, max_pixels: 1KP }"),
    "rough": ("UINT8", 4, "image: { datatype: UINT8, layout: NHWC, quality: 10 }"),
    "mono": ("FP32", 2, "audio: {}"),
    "stereo": ("INT16", 2, "audio: { rate: 44.1kHz, channels: stereo, layout: SC, datatype: INT16 }"),
    "planes": ("FP32", 3, "audio: { rate: 48kHz, channels: stereo, scale: 0.5, max_duration: 1s }"),
}


def text():
    models = [
        f"  {name}: {{ plugin: echo, config: {{ inputs: [{{ name: x, datatype: {datatype}, shape: {[-1] * rank} }}] }}, "
        f"outputs: {{ x: {{ {declared} }} }} }}"
        for name, (datatype, rank, declared) in MODELS.items()
    ]
    return "\n".join(
        [
            "version: 1",
            'listeners: { public: { address: "127.0.0.1:0" } }',
            "auth: none",
            "models:",
            *models,
            "  plain: { plugin: echo }",
            "  two:",
            "    plugin: echo",
            "    config:",
            "      inputs: [{ name: a, datatype: FP32, shape: [-1, -1] }, { name: b, datatype: FP32, shape: [-1, -1] }]",
            "    outputs: { a: { image: { layout: HW, colour: gray } }, b: { image: { layout: HW, colour: gray } } }",
            "observability: { access_log: none }",
        ]
    )


@pytest.fixture(scope="module")
def gateway():
    written = text()
    with Gateway(written) as gateway:
        yield gateway


def ask(gateway, model, array, accept, query=""):
    body = io.BytesIO()
    np.save(body, array)
    return requests.post(
        f"{gateway.url}/v1/infer/{model}{query}",
        data=body.getvalue(),
        headers={"Content-Type": "application/x-npy", "Accept": accept},
        timeout=30,
    )


def picture(gateway, model, array, accept):
    answer = ask(gateway, model, array, accept)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == accept
    image = Image.open(io.BytesIO(answer.content))
    assert image.format == {"image/png": "PNG", "image/jpeg": "JPEG"}[accept]
    return image


def photograph(height=67, width=93):
    """Smooth, with an edge."""
    y, x = np.mgrid[0:height, 0:width]
    levels = np.stack([128 + 100 * np.sin(x / 17), 128 + 100 * np.cos(y / 11), (x + y) % 256 * 0 + 255 * (x > 40)], -1)
    return levels.astype(np.uint8)


def levels(numbers, scale):
    return np.clip(np.rint(numbers.astype(np.float64) * scale), 0, 255).astype(np.uint8)


def test_png_is_exact(gateway):
    pixels = np.random.default_rng(1).integers(0, 256, (31, 47, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(picture(gateway, "rgb", pixels[None], "image/png")), pixels)
    planes = np.ascontiguousarray(pixels[:, :, ::-1].transpose(2, 0, 1))
    assert np.array_equal(np.asarray(picture(gateway, "bgr", planes, "image/png")), pixels)


def test_floats_become_levels_as_declared(gateway):
    numbers = np.random.default_rng(2).uniform(-0.2, 1.2, (1, 3, 20, 30)).astype(np.float32)
    image = picture(gateway, "float", numbers, "image/png")
    assert np.array_equal(np.asarray(image), levels(numbers[0].transpose(1, 2, 0), 255))
    gray = np.array([[0, 0.5, 1, np.nan], [np.inf, -np.inf, 2, -1]], np.float32)
    image = picture(gateway, "gray", gray, "image/png")
    assert image.mode == "L" and np.asarray(image).tolist() == [[0, 128, 255, 0], [255, 0, 255, 0]]
    assert np.array_equal(
        np.asarray(picture(gateway, "signed", numbers[0].transpose(1, 2, 0), "image/png")),
        levels(numbers[0].transpose(1, 2, 0), 127.5),
    )


def test_jpeg_is_as_close_as_pillows_own(gateway):
    pixels = photograph()
    ours = np.asarray(picture(gateway, "rgb", pixels[None], "image/jpeg").convert("RGB")).astype(int)
    own = io.BytesIO()
    Image.fromarray(pixels).save(own, "JPEG", quality=90, subsampling=0)
    pillows = np.asarray(Image.open(own)).astype(int)
    assert np.abs(ours - pixels).mean() <= np.abs(pillows - pixels).mean() + 1
    gray = (photograph()[:, :, 0] / 255).astype(np.float32)
    back = np.asarray(picture(gateway, "gray", gray, "image/jpeg").convert("L")).astype(int)
    assert np.abs(back - levels(gray, 255)).mean() < 2


def test_quality_makes_smaller_files(gateway):
    pixels = photograph(256, 256)[None]
    fine, rough = (len(ask(gateway, model, pixels, "image/jpeg").content) for model in ("rgb", "rough"))
    assert rough < fine * 0.8, (rough, fine)


def test_the_best_of_accept_wins(gateway):
    pixels = photograph()[None]
    for accept, wanted in [
        ("image/*", "image/png"),
        ("image/png;q=0.5, image/jpeg", "image/jpeg"),
        ("application/x-npy;q=0.9, image/jpeg;q=0.8", "application/x-npy"),
        ("image/webp, image/png;q=0.1", "image/png"),
        ("*/*", "application/json"),
        ("image/webp, */*;q=0.1", "application/json"),
    ]:
        assert ask(gateway, "rgb", pixels, accept).headers["content-type"] == wanted, accept


def test_sound_is_soundfiles(gateway):
    numbers = np.random.default_rng(4).uniform(-1.1, 1.1, (1, 1234)).astype(np.float32)
    answer = ask(gateway, "mono", numbers, "audio/wav")
    assert answer.headers["content-type"] == "audio/wav"
    samples, rate = soundfile.read(io.BytesIO(answer.content), dtype="int16")
    assert rate == 16000
    assert np.array_equal(samples, np.clip(np.rint(numbers[0].astype(np.float64) * 32768), -32768, 32767))
    whole = np.random.default_rng(5).integers(-32768, 32768, (777, 2), dtype=np.int16)
    samples, rate = soundfile.read(io.BytesIO(ask(gateway, "stereo", whole, "audio/wav").content), dtype="int16")
    assert rate == 44100 and np.array_equal(samples, whole)
    planes = np.stack([np.linspace(-1, 1, 100), np.full(100, np.nan)]).astype(np.float32)[None]
    samples, rate = soundfile.read(io.BytesIO(ask(gateway, "planes", planes, "audio/*").content), dtype="int16")
    assert rate == 48000
    assert np.array_equal(samples[:, 0], np.rint(planes[0, 0].astype(np.float64) * 16384)) and not samples[:, 1].any()


@pytest.mark.parametrize(
    ("model", "array", "accept", "reason"),
    [
        ("rgb", np.zeros((2, 4, 4, 3), np.uint8), "image/png", "it has 2 pictures, and a file has one"),
        ("rgb", np.zeros((0, 4, 4, 3), np.uint8), "image/png", "it has 0 pictures, and a file has one"),
        ("rgb", np.zeros((1, 4, 0, 3), np.uint8), "image/jpeg", "it has 0x4 pixels"),
        ("small", np.zeros((40, 40), np.uint8), "image/png", "it has 40x40 pixels; 1x1 to 1000 pixels are written"),
        ("gray", np.zeros((1, 65501), np.float32), "image/png", "it has 65501x1 pixels"),
        ("planes", np.zeros((1, 2, 48001), np.float32), "audio/wav", "it lasts 1.0 seconds; at most 1 are written"),
        ("mono", np.zeros((3, 5), np.float32), "audio/wav", "it has 3 sounds, and a file has one"),
    ],
)
def test_what_cannot_be_written_is_not_acceptable(gateway, model, array, accept, reason):
    answer = ask(gateway, model, array, accept)
    assert answer.status_code == 406 and answer.json()["code"] == "not_acceptable", answer.text
    assert f'output "x" can\'t be written as {accept}: {reason}' in answer.json()["error"], answer.text


def test_what_is_not_offered_is_listed(gateway):
    answer = ask(gateway, "plain", np.zeros((1, 4), np.float32), "image/png")
    assert answer.status_code == 406, answer.text
    assert "no output of the model is declared to be a picture or a sound" in answer.json()["error"]
    answer = ask(gateway, "mono", np.zeros((1, 4), np.float32), "image/png")
    assert answer.status_code == 406 and "audio/wav" in answer.json()["detail"]["offered"]


def test_one_of_several_outputs_is_chosen(gateway):
    body = {"inputs": {"a": [[0, 1]], "b": [[1, 0, 1]]}}
    url = f"{gateway.url}/v1/infer/two"
    answer = requests.post(url, json=body, headers={"Accept": "image/png"}, timeout=30)
    assert answer.status_code == 406 and "choose one of" in answer.json()["error"], answer.text
    answer = requests.post(f"{url}?outputs=b", json=body, headers={"Accept": "image/png"}, timeout=30)
    assert np.asarray(Image.open(io.BytesIO(answer.content))).tolist() == [[255, 0, 255]]


def test_the_model_tells_what_it_can_be(gateway):
    about = requests.get(f"{gateway.url}/v1/models/float", timeout=30).json()
    assert {"image/png", "image/jpeg"} <= set(about["answers"]) and "audio/wav" not in about["answers"]


def test_check_says_where_a_declaration_does_not_fit(tmp_path):
    wrong = text().replace("127.0.0.1:0", "127.0.0.1:8080").replace("image: { layout: HWC, scale: 127.5 }", "image: { layout: HW, colour: gray }")
    (tmp_path / "gateway.yaml").write_text(wrong)
    found = subprocess.run(
        [PROGRAM, "check", tmp_path / "gateway.yaml", "--load"], env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 1
    line = next(index for index, line in enumerate(wrong.splitlines(), 1) if line.startswith("  signed:"))
    message = 'model "signed": output "x" is FP32[-1,-1,-1], but this takes FP32[-1,-1]'
    assert f":{line}:" in found.stdout and message in found.stdout, found.stdout
