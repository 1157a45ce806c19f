"""Files that lie, grow and break: each is refused with a 4xx in bounded time and memory, and the gateway and its other
models go on."""

import base64
import http.client
import io
import json
import pathlib
import random
import struct
import time
import zipfile
import zlib

import numpy as np
import onnx
import pyarrow as pa
import pytest
import safetensors.numpy
import zstandard
from gateway import Gateway
from onnx import numpy_helper

LIMIT = 4 << 20
MUTATIONS = 1000
SLOWEST = 5
NPZ = "application/x-npz"
SAFETENSORS = "application/x-safetensors"
ARROW = "application/vnd.apache.arrow.stream"
PROTO = "application/x-protobuf"
FORM = "multipart/form-data; boundary=cut"
X = np.arange(64, dtype=np.float32).reshape(16, 4)


class Asker:
    """One connection to the gateway, opened again where that closes it."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.connection = None

    def send(self, body, media_type, model="x", **headers):
        begun = time.monotonic()
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection(self.gateway.address, timeout=30)
            try:
                self.connection.request(
                    "POST", f"/v1/infer/{model}", body, {"Content-Type": media_type, "Accept": "application/x-npy", **headers}
                )
                answer = self.connection.getresponse()
                content = answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.connection.close()
                self.connection = None
                if attempt == 2:
                    raise
                continue
            if answer.will_close:
                self.connection.close()
                self.connection = None
            assert time.monotonic() - begun < SLOWEST, (media_type, len(body))
            return answer.status, content
        raise AssertionError

    def refuse(self, body, media_type, words=None, **options):
        status, content = self.send(body, media_type, **options)
        assert 400 <= status < 500, (status, content[:300])
        error = json.loads(content)
        if words:
            assert words in error["error"], error
        return error


@pytest.fixture(scope="module")
def gateway():
    text = f"""\
version: 1
listeners: {{ public: {{ address: "127.0.0.1:0", max_body: {LIMIT >> 20}MiB }} }}
auth: none
models:
  x: {{ plugin: echo, config: {{ inputs: [{{ name: X, datatype: FP32, shape: [-1, 4] }}] }} }}
  text: {{ plugin: echo, config: {{ inputs: [{{ name: T, datatype: BYTES, shape: [-1] }}] }} }}
  picture:
    plugin: echo
    config: {{ inputs: [{{ name: X, datatype: UINT8, shape: [-1, -1, -1, 3] }}] }}
    inputs: {{ X: {{ image: {{ datatype: UINT8, layout: NHWC, max_pixels: 1MP }} }} }}
observability: {{ access_log: none }}
"""
    with Gateway(text) as gateway:
        yield gateway


@pytest.fixture
def asker(gateway):
    """Checks afterwards that nobody was hurt: the same process answers, and has not grown."""
    asker = Asker(gateway)
    asker.send(X.tobytes(), "application/octet-stream")
    process = gateway._process.pid
    before = resident(process)
    yield asker
    assert asker.send(X.tobytes(), "application/octet-stream")[0] == 200
    assert gateway._process.poll() is None
    # A sanitizer keeps what is freed for a while; three times the largest body isn't a leak.
    assert resident(process) - before < 64 * LIMIT, (before, resident(process))


def resident(process):
    pages = pathlib.Path(f"/proc/{process}/statm").read_text().split()[1]
    return int(pages) * 4096


def as_npz(compressed=False):
    buffer = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(buffer, X=X)
    return buffer.getvalue()


def as_arrow(table=None):
    sink = io.BytesIO()
    table = table or pa.table({f"X_{i}": X[:, i] for i in range(4)})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=8)
    return sink.getvalue()


def part(name, body, media_type=None, file=None):
    head = f'--cut\r\nContent-Disposition: form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    return (head + (f"\r\nContent-Type: {media_type}" if media_type else "") + "\r\n\r\n").encode() + body + b"\r\n"


def as_form():
    npy = io.BytesIO()
    np.save(npy, X)
    return part("X", npy.getvalue(), "application/x-npy", "x.npy") + part("id", b"7") + b"--cut--\r\n"


def safe(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


KINDS = {
    "npz": (as_npz(), NPZ),
    "compressed-npz": (as_npz(True), NPZ),
    "safetensors": (safetensors.numpy.save({"X": X}), SAFETENSORS),
    "arrow": (as_arrow(), ARROW),
    "arrow-lists": (as_arrow(pa.table({"X": pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 4)})), ARROW),
    "tensorproto": (numpy_helper.from_array(X, "X").SerializeToString(), PROTO),
    "form": (as_form(), FORM),
    "data-url": (
        json.dumps({"X": "data:image/png;base64," + base64.b64encode(
            b"\x89PNG\r\n\x1a\n" + b"".join(
                struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
                for t, d in [(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(25 * 8))), (b"IEND", b"")]
            )).decode()}).encode(),
        "application/json",
    ),
}  # fmt: skip


def mutated(body, chance):
    """The body with one to four things done to it that fuzzers do."""
    out = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out)) if out else 0
        match chance.randrange(8):
            case 0 if out:
                out[at] ^= 1 << chance.randrange(8)
            case 1 if out:
                out[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
            case 2:
                del out[at:]
            case 3:
                del out[at : at + chance.randint(1, 16)]
            case 4:
                out[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 16)))
            case 5:
                out[at : at + 4] = struct.pack("<i", chance.choice([-1, -(2**31), 2**31 - 1, 0, 1, 2**30]))
            case 6:
                out[at : at + 8] = struct.pack("<q", chance.choice([-1, -(2**63), 2**63 - 1, 2**62, 2**40, 0]))
            case 7 if out:
                other = chance.randrange(len(out))
                out[at:at] = out[other : other + chance.randint(1, 64)]
    return bytes(out)


@pytest.mark.parametrize("kind", KINDS)
def test_mutations_are_refused_or_read_and_nothing_else(asker, kind):
    body, media_type = KINDS[kind]
    model = "picture" if kind == "data-url" else "x"
    assert asker.send(body, media_type, model)[0] == 200
    chance = random.Random(kind)
    statuses = {}
    for number in range(MUTATIONS):
        changed = mutated(body, chance)
        status, content = asker.send(changed, media_type, model)
        assert status == 200 or 400 <= status < 500, (kind, number, status, content[:300])
        statuses[status] = statuses.get(status, 0) + 1
    # Most of them are wrong, and a few so little that they can be read.
    assert sum(count for status, count in statuses.items() if status != 200) > MUTATIONS / 4, statuses


@pytest.mark.parametrize("kind", KINDS)
def test_cut_anywhere(asker, kind):
    body, media_type = KINDS[kind]
    model = "picture" if kind == "data-url" else "x"
    for end in range(0, len(body) - 1, max(1, len(body) // 150)):
        # An Arrow stream may end between two messages.
        status, content = asker.send(body[:end], media_type, model)
        assert 400 <= status < 500 or (kind.startswith("arrow") and status == 200), (kind, end, content[:300])


def zipped(*entries, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def npy_header(shape, descr="<f4"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


class TestNpz:
    def test_bombs(self, asker):
        zeros = bytes(64 << 20)
        bomb = zipped(("X.npy", npy_header("(4194304, 4)") + zeros))
        assert len(bomb) < 100_000
        assert asker.refuse(bomb, NPZ)["code"] == "payload_too_large"
        many = zipped(*((f"a{i}.npy", npy_header("(65536, 4)") + bytes(1 << 20)) for i in range(64)))
        assert asker.refuse(many, NPZ)["code"] == "payload_too_large"
        # The size that the directory says is a lie: 1 KB that becomes 64 MB.
        at = bomb.index(b"PK\x01\x02")
        lying = bytearray(bomb)
        struct.pack_into("<I", lying, at + 24, 1024)
        struct.pack_into("<I", lying, 22, 1024)
        asker.refuse(bytes(lying), NPZ)

    def test_a_bomb_in_a_bomb_is_no_array(self, asker):
        asker.refuse(zipped(("X.npy", zipped(("X.npy", bytes(32 << 20))))), NPZ)

    def test_overlapping_entries(self, asker):
        """Many names for the same bytes, as zip bombs without recursion have them."""
        body = zipped(("X.npy", npy_header("(16, 4)") + X.tobytes()), method=zipfile.ZIP_STORED)
        start = body.index(b"PK\x01\x02")
        end = body.index(b"PK\x05\x06")
        entry = body[start:end]
        count = 1000
        directory = b"".join(entry.replace(b"X.npy", f"{i:05}".encode()) for i in range(count))
        tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), start, 0)
        asker.refuse(body[:start] + directory + tail, NPZ)

    @pytest.mark.parametrize("shape", ["(4611686018427387904, 4)", "(-1, 4)", "(99999999999999999999999, 4)", "(0, 4)", "(1" + ",1" * 100 + ")"])
    def test_shapes_that_lie(self, asker, shape):
        asker.refuse(zipped(("X.npy", npy_header(shape) + X.tobytes())), NPZ)


class TestSafetensors:
    @pytest.mark.parametrize("length", [0, 1, 7, 2**20 + 1, 2**31, 2**32, 2**63 - 1, 2**64 - 1])
    def test_header_lengths_that_lie(self, asker, length):
        asker.refuse(struct.pack("<Q", length) + b'{"X":{}}' + bytes(64), SAFETENSORS)

    @pytest.mark.parametrize(
        ("shape", "offsets"),
        [
            ([2**62, 4], [0, 256]),
            ([2**32, 2**32], [0, 256]),
            ([16, 4], [0, 2**63]),
            ([16, 4], [256, 0]),
            ([16, 4], [1, 257]),
            ([16, 4], [0, 255]),
            ([-16, -4], [0, 256]),
            ([16.5, 4], [0, 256]),
            ([1] * 10_000, [0, 4]),
            ([10**30, 4], [0, 256]),
        ],
    )
    def test_tensors_that_lie(self, asker, shape, offsets):
        asker.refuse(safe({"X": {"dtype": "F32", "shape": shape, "data_offsets": offsets}}, X.tobytes()), SAFETENSORS)

    def test_tensors_that_overlap_and_are_many(self, asker):
        one = {"dtype": "F32", "shape": [16, 4], "data_offsets": [0, 256]}
        asker.refuse(safe({"X": one, "Y": one}, X.tobytes()), SAFETENSORS)
        empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
        asker.refuse(safe({f"t{i}": empty for i in range(5000)}), SAFETENSORS)

    def test_nesting_and_names(self, asker):
        asker.refuse(safe(b'{"X":' + b"[" * 100_000), SAFETENSORS)
        asker.refuse(safe(b'{"__metadata__":' + b'{"a":' * 100_000 + b"}" * 100_001), SAFETENSORS)
        asker.refuse(safe(b'{"' + b"n" * 900_000 + b'":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'), SAFETENSORS)


class TestArrow:
    def test_huge_counts(self, asker):
        """Every 4 and 8 bytes of the stream in turn are as large as can be."""
        body = KINDS["arrow"][0]
        for size, value in [(4, 2**31 - 1), (4, 2**32 - 1), (8, 2**63 - 1), (8, 2**40)]:
            for at in range(0, len(body) - size, 8):
                lying = body[:at] + value.to_bytes(size, "little") + body[at + size :]
                status, content = asker.send(lying, ARROW)
                assert status == 200 or 400 <= status < 500, (at, value, content[:300])

    def test_compressed_buffers_that_expand(self, asker):
        sink = io.BytesIO()
        table = pa.table({f"X_{i}": np.zeros(1 << 20, np.float32) for i in range(4)})
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
            writer.write_table(table)
        assert len(sink.getvalue()) < 100_000
        asker.refuse(sink.getvalue(), ARROW, "compressed")

    def test_many_empty_batches(self, asker):
        sink = io.BytesIO()
        schema = pa.schema([(f"X_{i}", pa.float32()) for i in range(4)])
        empty = pa.record_batch([pa.array([], pa.float32())] * 4, schema=schema)
        with pa.ipc.new_stream(sink, schema) as writer:
            for _ in range(10_000):
                writer.write_batch(empty)
        status, _ = asker.send(sink.getvalue(), ARROW)
        assert status in (200, 400, 413)

    def test_columns_without_an_end(self, asker):
        asker.refuse(as_arrow(pa.table({f"c{i}": [1.0] for i in range(4000)})), ARROW)


class TestTensorProto:
    @pytest.mark.parametrize("dims", [[2**62, 4], [2**32, 2**32], [-1, 4], [16, 4, 0], [1] * 10_000])
    def test_dims_that_lie(self, asker, dims):
        proto = onnx.TensorProto(data_type=1, dims=dims, raw_data=X.tobytes(), name="X")
        asker.refuse(proto.SerializeToString(), PROTO)

    def test_lengths_that_lie(self, asker):
        for length in (b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01", b"\xff" * 20, b"\x80" * 9 + b"\x00"):
            asker.refuse(b"\x10\x01\x4a" + length + X.tobytes(), PROTO)

    def test_groups_in_groups(self, asker):
        asker.refuse(b"\xa3\x06" * 500_000, PROTO)


class TestZstd:
    @pytest.mark.parametrize("window", [10, 20, 27])
    def test_bombs(self, asker, window):
        parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=window)
        bomb = zstandard.ZstdCompressor(compression_params=parameters).compress(bytes(256 << 20))
        assert len(bomb) < LIMIT
        error = asker.refuse(bomb, "application/octet-stream", **{"Content-Encoding": "zstd"})
        assert error["code"] in ("payload_too_large", "malformed_body"), error

    def test_frames_one_after_the_other(self, asker):
        frame = zstandard.ZstdCompressor().compress(bytes(1 << 20))
        error = asker.refuse(frame * 1000, "application/octet-stream", **{"Content-Encoding": "zstd"})
        assert error["code"] == "payload_too_large", error

    def test_mutations(self, asker):
        body = zstandard.ZstdCompressor().compress(X.tobytes() * 8)
        chance = random.Random(5)
        for number in range(MUTATIONS):
            status, content = asker.send(mutated(body, chance), "application/octet-stream", **{"Content-Encoding": "zstd"})
            assert status == 200 or 400 <= status < 500, (number, content[:300])


class TestForms:
    def test_parts_without_an_end(self, asker):
        asker.refuse(b"".join(part(f"p{i}", b"1") for i in range(40_000)) + b"--cut--\r\n", FORM)
        asker.refuse(part("X", b"1,2,3,4") * 60_000 + b"--cut--\r\n", FORM)
        asker.refuse(b"--cut\r\n" * 500_000, FORM)

    def test_headers_without_an_end(self, asker):
        head = b'--cut\r\nContent-Disposition: form-data; name="X"\r\n'
        asker.refuse(head + b"A: b\r\n" * 600_000 + b"\r\n1\r\n--cut--\r\n", FORM)
        asker.refuse(head + b"A: " + b"b" * (3 << 20) + b"\r\n\r\n1\r\n--cut--\r\n", FORM)
        asker.refuse(b'--cut\r\nContent-Disposition: form-data; name="' + b"\\" * (3 << 20) + b'"\r\n\r\n1\r\n--cut--\r\n', FORM)
        asker.refuse(b"--cut\r\nContent-Disposition: form-data" + b'; a="b"' * 400_000 + b"\r\n\r\n1\r\n--cut--\r\n", FORM)

    @pytest.mark.parametrize("boundary", ["", "a" * 71, '"', "a b\x7f", "é"])
    def test_boundaries_that_are_none(self, asker, boundary):
        body = as_form()
        asker.refuse(body, f"multipart/form-data; boundary={boundary}".encode("latin-1"))

    def test_a_bomb_in_a_part(self, asker):
        bomb = zipped(("X.npy", npy_header("(4194304, 4)") + bytes(64 << 20)))
        asker.refuse(part("X", bomb, NPZ, "x.npz") + b"--cut--\r\n", FORM)

    def test_a_form_in_a_form(self, asker):
        body = part("X", b"1,2,3,4")
        for _ in range(50):
            body = part("X", body + b"--cut--", FORM)
        asker.refuse(body + b"--cut--\r\n", FORM)

    def test_near_boundaries(self, asker):
        """A search that goes back at every byte would take minutes."""
        asker.refuse(part("X", b"\r\n--cu" * 600_000) + b"--cut--\r\n", FORM)


class TestDataURLs:
    def url(self, data, head="data:image/png;base64,"):
        return json.dumps({"X": head + data}).encode()

    def test_pictures_that_expand(self, asker):
        rows = zlib.compress(bytes((3 * 20_000 + 1) * 20_000), 9)
        chunks = [(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
        png = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks
        )
        assert len(png) < LIMIT / 2
        asker.refuse(self.url(base64.b64encode(png).decode()), "application/json", "at most 1000000 are taken", model="picture")

    @pytest.mark.parametrize(
        "text",
        ["", "=", "====", "A", "AAA=A", "%00", "AAAA\u0000", "\\u0041" * 1000, "A" * 3_000_000, "file:///etc/passwd", "\n" * 100_000],
    )
    def test_base64_that_is_none(self, asker, text):
        asker.refuse(self.url(text), "application/json", model="picture")

    @pytest.mark.parametrize(
        "head",
        ["data:", "data:,", "data:image/png,", "data:image/png;base64;base64,", "data:" + "a" * 100_000 + ";base64,", "DATA:image/png;BASE64,",
         "http://127.0.0.1/x.png", "file:///etc/passwd", "data:image/svg+xml;base64,", "data:image/png;" + "a=b;" * 50_000 + "base64,"],
    )
    def test_heads_that_mean_nothing(self, asker, head):
        asker.refuse(self.url("QUFB", head), "application/json", model="picture")

    def test_very_many(self, asker):
        one = "data:image/png;base64,QUFB"
        asker.refuse(json.dumps({"X": [one] * 100_000}).encode(), "application/json", model="picture")


def test_one_file_is_sent_as_another(asker):
    """Polyglots and wrong types: what a body is said to be is what it must be."""
    for kind, (body, _) in KINDS.items():
        for other, (_, media_type) in KINDS.items():
            if other.split("-")[-1] == kind.split("-")[-1] or {kind, other} <= {"arrow", "arrow-lists"}:
                continue
            asker.refuse(body, media_type, model="picture" if other == "data-url" else "x")
