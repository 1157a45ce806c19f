"""Pictures, sound and film as clients send them: the tensors are what Pillow, soundfile and NumPy make of them, and what
is broken is refused and harms nothing."""

import io
import random
import time

import numpy as np
import pytest
import requests
import soundfile
from gateway import ROOT, Gateway
from PIL import Image, ImageOps

# One file of each format, by media/tests/samples.c, which says what is in them; `make -C Plugins samples` makes them.
SAMPLES = ROOT / "build" / "plugins-tests" / "media"
TYPES = {
    "picture.png": "image/png",
    "picture.jpg": "image/jpeg",
    "picture.webp": "image/webp",
    "picture.gif": "image/gif",
    "picture.bmp": "image/bmp",
    "picture.tiff": "image/tiff",
    "sound.wav": "audio/wav",
    "sound.flac": "audio/flac",
    "sound.mp3": "audio/mpeg",
    "sound.ogg": "audio/ogg",
    "sound.opus": "audio/ogg",
    "sound.aac": "audio/aac",
    "sound.m4a": "audio/mp4",
    "film.mp4": "video/mp4",
    "film.webm": "video/webm",
    "film.mkv": "video/x-matroska",
}
MODELS = {
    "pixels": ("UINT8", 4, "image: { datatype: UINT8, layout: NHWC }"),
    "gray": ("UINT8", 3, "image: { datatype: UINT8, layout: NHW, colour: gray }"),
    "imagenet": (
        "FP32",
        4,
        "image: { resize: 96, size: 80x80, fit: crop, scale: 1/255, "
        "mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }",
    ),
    "framed": ("FP32", 4, "image: { size: 90x90, fit: letterbox, filter: lanczos, colour: bgr, fill: 114, layout: NHWC }"),
    "stretched": ("UINT8", 4, "image: { datatype: UINT8, size: 33x71, filter: bicubic, layout: NHWC }"),
    "bounded": ("UINT8", 4, "image: { datatype: UINT8, layout: NHWC, max_pixels: 10KP }"),
    "sound": ("FP32", 2, "audio: { rate: 48kHz }"),
    "stereo": ("FP32", 3, "audio: { rate: 48kHz, channels: stereo, max_duration: 2s }"),
    "speech": ("FP32", 2, "audio: { rate: 16kHz, window: 512, hop: 256 }"),
    "film": ("UINT8", 3, "video: { every: 10 }, image: { datatype: UINT8, layout: NHW, colour: gray, size: 8x4 }"),
    "clips": ("FP32", 5, "video: { frames: 4, clip: 2 }, image: { layout: NTCHW, size: 8x4 }"),
}


@pytest.fixture(scope="module")
def media():
    """An echo of what bodies become, for each way to declare it."""
    models = [
        f"  {name}: {{ plugin: echo, config: {{ inputs: [{{ name: x, datatype: {datatype}, shape: {[-1] * rank} }}] }},"
        f" inputs: {{ x: {{ {declared} }} }} }}"
        for name, (datatype, rank, declared) in MODELS.items()
    ]
    text = "\n".join(
        [
            "version: 1",
            'listeners: { public: { address: "127.0.0.1:0", serves: [inference, metrics] } }',
            "auth: none",
            "models:",
            *models,
            "  plain: { plugin: echo }",
            "  metered:",
            "    plugin: echo",
            "    config: { inputs: [{ name: x, datatype: UINT8, shape: [-1, -1, -1, -1] }] }",
            "    inputs: { x: { image: { datatype: UINT8, layout: NHWC } } }",
            "    limits: [pixels]",
            "limits: { pixels: [{ count: pixels, max: 7000/day }] }",
            "observability: { access_log: none }",
        ]
    )
    with Gateway(text) as gateway:
        yield gateway


def send(gateway, model, body, media_type, **headers):
    headers = {"Content-Type": media_type, "Accept": "application/x-npy", **headers}
    return requests.post(f"{gateway.url}/v1/infer/{model}", data=body, headers=headers, timeout=30)


def tensor(gateway, model, body, media_type):
    answer = send(gateway, model, body, media_type)
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content))


def sample(name):
    return (SAMPLES / name).read_bytes()


def picture(width=211, height=147):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    colours = [127 + 120 * np.sin(x / 17 + y / 31), 127 + 120 * np.cos(x / 23 - y / 11), (x + y) / 2]
    noisy = np.stack(colours, -1) + rng.normal(0, 6, (height, width, 3))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def pillow(body, mode="RGB"):
    return ImageOps.exif_transpose(Image.open(io.BytesIO(body))).convert(mode)


# Each format in the forms that it has; how far pixels may be from Pillow's, at most and in the mean.
PICTURES = {
    "png": ("image/png", lambda image: saved(image, "PNG"), 0, 0),
    "png palette": ("image/png", lambda image: saved(image.quantize(64), "PNG"), 0, 0),
    "png gray": ("image/png", lambda image: saved(image.convert("L"), "PNG"), 0, 0),
    "png bits": ("image/png", lambda image: saved(image.convert("1"), "PNG"), 0, 0),
    "png alpha": ("image/png", lambda image: saved(image.convert("RGBA"), "PNG"), 0, 0),
    "png gray alpha": ("image/png", lambda image: saved(image.convert("LA"), "PNG"), 0, 0),
    "jpeg 4:2:0": ("image/jpeg", lambda image: saved(image, "JPEG", quality=90), 3, 0.15),
    "jpeg 4:2:2": ("image/jpg", lambda image: saved(image, "JPEG", quality=90, subsampling=1), 3, 0.15),
    "jpeg 4:4:4": ("image/jpeg", lambda image: saved(image, "JPEG", quality=95, subsampling=0), 3, 0.15),
    "jpeg progressive": ("image/jpeg", lambda image: saved(image, "JPEG", progressive=True), 3, 0.15),
    "jpeg gray": ("image/jpeg", lambda image: saved(image.convert("L"), "JPEG"), 1, 0.1),
    "jpeg cmyk": ("image/jpeg", lambda image: saved(image.convert("CMYK"), "JPEG"), 2, 1.1),
    "webp": ("image/webp", lambda image: saved(image, "WEBP", quality=90), 3, 0.2),
    "webp lossless": ("image/webp", lambda image: saved(image, "WEBP", lossless=True), 0, 0),
    "webp alpha": ("image/webp", lambda image: saved(image.convert("RGBA"), "WEBP"), 3, 0.2),
    "gif": ("image/gif", lambda image: saved(image.quantize(128), "GIF"), 0, 0),
    "bmp": ("image/bmp", lambda image: saved(image, "BMP"), 0, 0),
    "bmp palette": ("image/x-ms-bmp", lambda image: saved(image.quantize(32), "BMP"), 0, 0),
    "tiff": ("image/tiff", lambda image: saved(image, "TIFF"), 0, 0),
    "tiff lzw": ("image/tiff", lambda image: saved(image, "TIFF", compression="tiff_lzw"), 0, 0),
    "tiff deflate": ("image/tiff", lambda image: saved(image, "TIFF", compression="tiff_adobe_deflate"), 0, 0),
    "tiff packbits": ("image/tiff", lambda image: saved(image, "TIFF", compression="packbits"), 0, 0),
}


@pytest.mark.parametrize("form", PICTURES)
def test_every_kind_of_picture_gives_the_pixels_of_pillow(media, form):
    media_type, save, most, mean = PICTURES[form]
    body = save(picture())
    for model, mode in (("pixels", "RGB"), ("gray", "L")):
        got = tensor(media, model, body, media_type)[0].astype(int)
        difference = np.abs(got - np.asarray(pillow(body, mode)).astype(int))
        assert difference.max() <= most and difference.mean() <= mean, (model, difference.max(), difference.mean())


def test_steps_give_the_numbers_that_people_train_with(media):
    image = picture()
    body = saved(image, "PNG")
    resized = image.resize((int(96 * image.width / image.height), 96), Image.Resampling.BILINEAR)
    left, top = round((resized.width - 80) / 2), round((resized.height - 80) / 2)
    cropped = np.asarray(resized.crop((left, top, left + 80, top + 80))).astype(np.float32) / 255
    expected = ((cropped - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)
    assert np.abs(tensor(media, "imagenet", body, "image/png")[0] - expected).max() < 1e-5

    framed = ImageOps.pad(image, (90, 90), method=Image.Resampling.LANCZOS, color=(114, 114, 114))
    got = tensor(media, "framed", body, "image/png")[0]
    assert np.abs(got - np.asarray(framed)[..., ::-1].astype(np.float32)).max() <= 1

    stretched = np.asarray(image.resize((33, 71), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(tensor(media, "stretched", body, "image/png")[0].astype(int) - stretched).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_exif_says(media, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    forms = {"JPEG": {}, "PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}}
    for form, options in forms.items():
        body = saved(picture(), form, exif=exif, **options)
        got = tensor(media, "pixels", body, f"image/{form.lower()}")[0].astype(int)
        expected = np.asarray(pillow(body)).astype(int)
        assert got.shape == expected.shape
        assert np.abs(got - expected).max() <= (3 if form == "JPEG" else 0), form


SOUNDS = {
    "wav 16": ("audio/wav", "WAV", "PCM_16", 0),
    "wav 24": ("audio/x-wav", "WAV", "PCM_24", 0),
    "wav float": ("audio/wav", "WAV", "FLOAT", 0),
    "wav 8": ("audio/wave", "WAV", "PCM_U8", 0),
    "wav mu-law": ("audio/wav", "WAV", "ULAW", 0),
    "flac": ("audio/flac", "FLAC", "PCM_16", 0),
    "flac 24": ("audio/flac", "FLAC", "PCM_24", 0),
    "mp3": ("audio/mpeg", "MP3", "MPEG_LAYER_III", 1e-5),
    "vorbis": ("audio/ogg", "OGG", "VORBIS", 1e-5),
    "opus": ("audio/opus", "OGG", "OPUS", 1e-5),
}


def tones(rate, channels, seconds=1.1):
    moments = np.arange(int(rate * seconds)) / rate
    parts = [0.3 * np.sin(2 * np.pi * 440 * moments + i) + 0.2 * np.sin(7000 * moments * (1 + i / 9)) for i in range(channels)]
    return np.stack(parts, 1).astype(np.float32)


def sound_file(samples, rate, form, subtype):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=form, subtype=subtype)
    return buffer.getvalue()


@pytest.mark.parametrize("form", SOUNDS)
def test_every_kind_of_sound_gives_the_samples_of_soundfile(media, form):
    media_type, container, subtype, most = SOUNDS[form]
    for model, channels in (("sound", 1), ("stereo", 2)):
        body = sound_file(tones(48000, channels), 48000, container, subtype)
        expected, _ = soundfile.read(io.BytesIO(body), dtype="float32", always_2d=True)
        got = tensor(media, model, body, media_type)[0].reshape(channels, -1).T
        # How many samples of the last block of Vorbis count is not agreed upon.
        length = min(len(got), len(expected))
        assert abs(len(got) - len(expected)) <= (1024 if form == "vorbis" else 0)
        assert np.abs(got[:length] - expected[:length]).max() <= most


def test_sound_is_mixed_resampled_and_cut_into_windows(media):
    body = sound_file(tones(44100, 2), 44100, "WAV", "FLOAT")
    windows = tensor(media, "speech", body, "audio/wav")
    expected = tones(16000, 2).mean(1)
    assert windows.shape == (1 + -(-(len(expected) - 512) // 256), 512)
    assert np.array_equal(windows[3, 256:], windows[4, :256])
    whole = np.concatenate([windows[0], windows[1:, 256:].ravel()])[: len(expected)]
    # The filter rings at both ends.
    assert np.abs(whole - expected)[100:-100].max() < 1e-4


@pytest.mark.parametrize("name", ["film.mp4", "film.webm", "film.mkv"])
def test_films_become_the_pictures_that_were_asked_for(media, name):
    pictures = tensor(media, "film", sample(name), TYPES[name])
    assert pictures.shape == (4, 4, 8)
    assert [abs(round(float(level.mean())) - (16 + 40 * i)) <= 2 for i, level in enumerate(pictures)] == [True] * 4
    clips = tensor(media, "clips", sample(name), TYPES[name])
    assert clips.shape == (2, 2, 3, 4, 8)
    levels = clips.mean((2, 3, 4)).ravel()
    # The pictures in the middle of each quarter: 5, 15, 25 and 35.
    assert np.abs(levels - [36, 76, 116, 156]).max() <= 3
    # A picture is a film of one.
    assert tensor(media, "film", sample("picture.png"), "image/png").shape == (1, 4, 8)


def test_types_that_are_not_read_say_what_is(media):
    answer = send(media, "pixels", b"x", "image/heic")
    assert answer.status_code == 415, answer.text
    assert answer.json()["code"] == "unsupported_media_type"
    assert answer.json()["error"].startswith("image/heic is not read here; send application/json, text/csv, ")
    assert answer.json()["error"].endswith("image/gif, image/bmp or image/tiff")
    for model, media_type in (("pixels", "audio/wav"), ("sound", "image/png"), ("pixels", "text/html")):
        assert send(media, model, b"x", media_type).status_code == 415
    assert "image/png" in send(media, "pixels", b"x", "text/html").json()["error"]
    answer = send(media, "plain", sample("picture.png"), "image/png")
    assert answer.status_code == 415
    assert 'model "plain" takes no pictures, film or sound' in answer.json()["error"]
    answer = send(media, "pixels", sample("picture.png"), "image/png", **{"Sluice-Input": "y"})
    assert answer.status_code == 400, answer.text
    assert 'image/png becomes "x"' in answer.json()["error"]


def test_bodies_of_another_type_are_refused(media):
    wrong = {
        ("pixels", "picture.jpg", "image/png"): "the body was sent as image/png, but it is JPEG",
        ("sound", "sound.flac", "audio/wav"): "the body was sent as audio/wav, but it is FLAC",
        ("film", "film.mp4", "video/webm"): "the body was sent as video/webm, but it is MP4",
        ("film", "sound.m4a", "video/mp4"): "the MP4 has no film in it",
        ("sound", "film.mp4", "audio/mp4"): "the MP4 has no sound in it",
    }
    for (model, name, media_type), message in wrong.items():
        answer = send(media, model, sample(name), media_type)
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] == "invalid_input"
        assert answer.json()["error"] == f'input "x": {message}'
    # Something that begins as one type and is another for those who look elsewhere.
    for head in (b"GIF89a/*", b"%PDF-1.4\n", b"PK\x03\x04", b"<svg>", b"\x7fELF"):
        assert send(media, "pixels", head + sample("picture.png"), "image/png").status_code == 400
    assert send(media, "pixels", b"", "image/png").json()["error"] == "the body is empty"


def test_bombs_are_refused_before_they_are_decoded(media):
    png = bytearray(sample("picture.png"))
    png[16:24] = (65535).to_bytes(4, "big") * 2
    gif = bytearray(sample("picture.gif"))
    gif[6:10] = b"\xff" * 4
    bmp = bytearray(sample("picture.bmp"))
    bmp[18:26] = (40000).to_bytes(4, "little") * 2
    for body, media_type in ((png, "image/png"), (gif, "image/gif"), (bmp, "image/bmp")):
        begun = time.monotonic()
        answer = send(media, "pixels", bytes(body), media_type)
        assert answer.status_code == 400, answer.text
        assert "at most 40000000 are taken" in answer.json()["error"]
        assert time.monotonic() - begun < 2
    # Nothing but zeros: 100,000,000 pixels in 100 kB, all of them as they should be.
    flat = saved(Image.new("1", (10000, 10000)), "PNG", optimize=True)
    assert len(flat) < 100_000
    assert send(media, "pixels", flat, "image/png").status_code == 400
    answer = send(media, "bounded", saved(picture(), "JPEG"), "image/jpeg")
    assert answer.json()["error"] == 'input "x": the JPEG has 211x147 pixels; at most 10000 are taken'
    answer = send(media, "stereo", sound_file(tones(48000, 1, 3), 48000, "WAV", "PCM_16"), "audio/wav")
    assert answer.json()["error"] == 'input "x": the WAV is 3.0 s long; at most 2 s are taken'


def test_damaged_files_are_refused_or_decoded_and_nothing_else(media):
    """More than a thousand: each file cut at 20 places and changed in 50 ways."""
    chance = random.Random(7)
    with requests.Session() as session:
        for name, media_type in TYPES.items():
            body = sample(name)
            model = {"video": "film", "audio": "speech", "image": "stretched"}[media_type[:5]]
            cut = [body[: len(body) * i // 20] for i in range(1, 20)]
            changed = []
            for i in range(50):
                copy = bytearray(body)
                for _ in range(1 + i % 9):
                    copy[chance.randrange(len(copy) if i % 2 else min(len(copy), 300))] = chance.randrange(256)
                changed.append(bytes(copy))
            for i, damaged in enumerate(cut + changed):
                begun = time.monotonic()
                answer = session.post(
                    f"{media.url}/v1/infer/{model}", data=damaged, headers={"Content-Type": media_type}, timeout=30
                )
                assert time.monotonic() - begun < 10, (name, i)
                # Frames of an MP3 stand by themselves: it may end anywhere.
                taken = (200, 400) if i >= len(cut) or name == "sound.mp3" else (400,)
                assert answer.status_code in taken, (name, i, answer.status_code, answer.text[:300])
                if answer.status_code == 400:
                    assert answer.json()["code"] == "invalid_input", answer.text
    # Nobody was hurt: neither the gateway nor any decoder had to be started again.
    assert tensor(media, "pixels", sample("picture.png"), "image/png").shape == (1, 64, 96, 3)
    metrics = requests.get(f"{media.url}/metrics", timeout=30).text
    assert not [line for line in metrics.splitlines() if line.startswith("sluice_runner_failures_total")]


def test_documents_say_what_may_be_sent(media):
    about = requests.get(f"{media.url}/v1/models/film", timeout=30).json()
    types = [entry["content_type"] for entry in about["accepts"]]
    assert {"application/json", "image/png", "image/webp", "video/mp4", "video/webm"} < set(types)
    (webp,) = [entry for entry in about["accepts"] if entry["content_type"] == "image/webp"]
    assert webp["input"] == "x" and "--data-binary @FILE" in webp["curl"]
    metadata = requests.get(f"{media.url}/v2/models/sound", timeout=30).json()
    assert "audio/flac" in metadata["inputs"][0]["media_types"]
    assert "media_types" not in requests.get(f"{media.url}/v2/models/plain", timeout=30).json()["inputs"][0]
    document = requests.get(f"{media.url}/openapi.json", timeout=30).json()
    bodies = document["paths"]["/v1/infer/pixels"]["post"]["requestBody"]["content"]
    assert bodies["image/jpeg"] == {"schema": {"type": "string", "format": "binary"}}
    assert "image/jpeg" not in document["paths"]["/v1/infer/plain"]["post"]["requestBody"]["content"]


def test_quotas_count_pixels_before_the_model_is_asked(media):
    assert send(media, "metered", sample("picture.png"), "image/png").status_code == 200  # 6,144 of 7,000
    answer = send(media, "metered", sample("picture.png"), "image/png")
    assert answer.status_code == 429, answer.text
    assert answer.json()["code"] == "quota_exceeded"


def test_decoding_is_measured(media):
    tensor(media, "pixels", sample("picture.png"), "image/png")
    send(media, "pixels", b"none", "image/png")
    metrics = requests.get(f"{media.url}/metrics", timeout=30).text.splitlines()
    assert any(line.startswith('sluice_decode_seconds_count{model="pixels",input="x"}') for line in metrics)
    failures = 'sluice_decode_failures_total{model="pixels",input="x",code="invalid_input"}'
    assert any(line.startswith(failures) for line in metrics)


def refused(models, more=""):
    """What a gateway says that doesn't start with these models."""
    text = f'version: 1\nlisteners: {{ public: {{ address: "127.0.0.1:0" }} }}\nauth: none\nmodels: {{ {models} }}\n{more}'
    with pytest.raises(RuntimeError) as failure, Gateway(text):
        pass
    return str(failure.value)


def test_what_would_never_fit_is_an_error_at_its_place():
    echo = "plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [1, 3, 8, 8] }] }"
    said = refused(f"a: {{ {echo}, inputs: {{ x: {{ image: {{ size: 8x8, layout: NHWC }} }} }} }}")
    assert 'model "a": input "x" is FP32[1,3,8,8], but this makes FP32[-1,8,8,3]' in said
    said = refused(f"a: {{ {echo}, inputs: {{ y: {{ image: {{}} }} }} }}")
    assert 'model "a": there is no input "y"; it has "x"' in said
    said = refused(f"a: {{ {echo}, limits: [l] }}", "limits: { l: [{ count: pixels, max: 9/s }] }\n")
    assert 'limit "l" counts pixels, but model "a" has none: none of its inputs is made of pictures' in said


def test_decoding_ends_with_the_requests_deadline():
    text = """\
version: 1
listeners: { public: { address: "127.0.0.1:0" } }
auth: none
models:
  slow:
    plugin: echo
    config: { inputs: [{ name: x, datatype: UINT8, shape: [-1, -1, -1, -1] }] }
    inputs: { x: { image: { datatype: UINT8, layout: NHWC, size: 9000x9000, filter: lanczos } } }
routes: [{ match: { model: slow }, send: slow, deadline: 50ms }]
observability: { access_log: none }
"""
    with Gateway(text) as gateway:
        answer = send(gateway, "slow", saved(picture(), "PNG"), "image/png")
        assert answer.status_code == 504, answer.text
        assert answer.json()["code"] == "deadline_exceeded"
