"""What a picture and a sound cost on their way to a tensor, beside FFmpeg's libraries, Pillow and soundfile doing the like.

All are one thread that does nothing else, in one run: the media plugin, called as the gateway does, and libavcodec with
libswscale, by Decoding/media.cpp; Pillow and soundfile here."""

import io
import pathlib
import statistics
import subprocess
import tempfile
import time

from servers import ROOT

SOURCE = pathlib.Path(__file__).with_name("Decoding") / "media.cpp"
PLUGIN = ROOT / "build" / "plugins" / "libsluice_media.so"
PHOTO = ROOT / "examples" / "faces" / "astronaut.jpg"
SPEECH = ROOT / "examples" / "voice-activity" / "speech.wav"
SIZES = ((640, 480), (224, 224))


def decoding(bench):
    """A JPEG of 640x480 to NCHW floats, and speech to samples."""
    import soundfile
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        program, picture, sound = folder / "media", folder / "photo.jpg", folder / "speech.flac"
        build(program)
        Image.open(PHOTO).convert("RGB").resize((640, 480)).save(picture, quality=90)
        samples, rate = soundfile.read(SPEECH)
        soundfile.write(sound, samples, rate)
        for width, height in SIZES:
            case = f"JPEG of 640x480 to floats of {width}x{height}"
            arguments = [program, PLUGIN, "picture", picture, str(width), str(height)]
            race(bench, case, arguments, "Pillow", lambda w=width, h=height: by_pillow(picture.read_bytes(), w, h))
        case = f"FLAC of {len(samples) / rate:.0f} s to floats"
        race(bench, case, [program, PLUGIN, "sound", sound], "soundfile", lambda: by_soundfile(sound.read_bytes()))


def build(program):
    include = ROOT / "Sources" / "CSluicePlugin" / "include"
    libraries = ["-lavcodec", "-lavutil", "-lswscale", "-ldl"]
    subprocess.run(["c++", "-std=c++17", "-O2", f"-I{include}", SOURCE, *libraries, "-o", program], check=True)


def race(bench, case, command, other, work):
    taken = {}
    for _ in range(bench.options.rounds):
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
            name, microseconds = line.split("\t")
            taken.setdefault(name, []).append(float(microseconds))
        taken.setdefault(other, []).append(microseconds_of(work))
    for name, values in taken.items():
        bench.fact(case, "sluice" if name == "plugin" else name, decoded_microseconds=statistics.median(values))


def microseconds_of(work):
    """The best of ten times."""
    best = float("inf")
    for _ in range(10):
        begin = time.thread_time()
        for _ in range(10):
            work()
        best = min(best, time.thread_time() - begin)
    return best / 10 * 1e6


def by_pillow(data, width, height):
    import numpy
    from PIL import Image

    image = Image.open(io.BytesIO(data)).convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    return numpy.ascontiguousarray(numpy.asarray(image, numpy.float32).transpose(2, 0, 1)[None] / 255)


def by_soundfile(data):
    import soundfile

    return soundfile.read(io.BytesIO(data), dtype="float32")[0]
