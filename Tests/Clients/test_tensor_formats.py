"""npz, safetensors, Arrow, TensorProtos, forms and compressed bodies, each made and read by its own library."""

import base64
import io
import subprocess

import ml_dtypes
import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
import requests
import safetensors.numpy
import zstandard
from gateway import Gateway
from onnx import numpy_helper
from PIL import Image

NPZ = "application/x-npz"
SAFETENSORS = "application/x-safetensors"
ARROW = "application/vnd.apache.arrow.stream"
PROTO = "application/x-protobuf"
TYPES = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "?", "bf16"]
NAMES = {
    "u1": "UINT8", "u2": "UINT16", "u4": "UINT32", "u8": "UINT64", "i1": "INT8", "i2": "INT16", "i4": "INT32",
    "i8": "INT64", "f2": "FP16", "f4": "FP32", "f8": "FP64", "?": "BOOL", "bf16": "BF16",
}  # fmt: skip


def array(code, shape=(3, 2)):
    values = np.random.default_rng(5).integers(0, 2 if code == "?" else 100, shape)
    return values.astype(ml_dtypes.bfloat16 if code == "bf16" else code)


@pytest.fixture(scope="module")
def echo():
    """An echo of each type, of people, and of pictures."""
    models = [
        f"  m-{name}: {{ plugin: echo, config: {{ inputs: [{{ name: X, datatype: {name}, shape: [-1, 2] }}] }} }}"
        for name in NAMES.values()
    ]
    text = "\n".join(
        [
            "version: 1",
            'listeners: { public: { address: "127.0.0.1:0", max_body: 4MiB } }',
            "auth: none",
            "models:",
            *models,
            "  people:",
            "    plugin: echo",
            "    config:",
            "      inputs:",
            "        - { name: age, datatype: INT64, shape: [-1] }",
            "        - { name: height, datatype: FP32, shape: [-1] }",
            "        - { name: name, datatype: BYTES, shape: [-1] }",
            "  vectors: { plugin: echo, config: { inputs: [{ name: X, datatype: FP32, shape: [-1, -1] }] } }",
            "  pixels:",
            "    plugin: echo",
            "    config: { inputs: [{ name: x, datatype: UINT8, shape: [-1, -1, -1, -1] }, { name: k, datatype: FP32 }] }",
            "    inputs: { x: { image: { datatype: UINT8, layout: NHWC } } }",
            "  picture:",
            "    plugin: echo",
            "    config: { inputs: [{ name: x, datatype: UINT8, shape: [-1, -1, -1, -1] }] }",
            "    inputs: { x: { image: { datatype: UINT8, layout: NHWC } } }",
            "observability: { access_log: none }",
        ]
    )
    with Gateway(text) as gateway:
        yield gateway


def post(echo, model, body, media_type=None, accept="application/json", **more):
    headers = {"Accept": accept, **more.pop("headers", {})}
    if media_type:
        headers["Content-Type"] = media_type
    return requests.post(f"{echo.url}/v1/infer/{model}", data=body, headers=headers, timeout=30, **more)


def answered(response):
    assert response.status_code == 200, response.text
    return response.content


def people():
    return {"age": np.array([41, 7]), "height": np.array([1.8, 1.2], "f4"), "name": np.array(["Ann", "größe"])}


def savez(save=np.savez, **arrays):
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def stream(table, **options):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, **options)
    return sink.getvalue()


class TestNpz:
    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_arrays_go_and_come_by_their_names(self, echo, save):
        for media_type in (NPZ, "application/zip", None):
            answer = np.load(io.BytesIO(answered(post(echo, "people", savez(save, **people()), media_type, NPZ))))
            assert set(answer.files) == {"age", "height", "name"}
            for name, values in people().items():
                np.testing.assert_array_equal(answer[name], values)

    @pytest.mark.parametrize("code", TYPES)
    def test_every_type(self, echo, code):
        x = array(code)
        answer = np.load(io.BytesIO(answered(post(echo, f"m-{NAMES[code]}", savez(X=x), NPZ, NPZ))))
        np.testing.assert_array_equal(answer["X"].astype("f8"), x.astype("f8"))

    def test_one_array_needs_no_name(self, echo):
        buffer = io.BytesIO()
        np.savez(buffer, array("f8"))
        got = post(echo, "m-FP32", buffer.getvalue(), NPZ).json()
        assert got["outputs"]["X"] == array("f8").tolist()

    def test_bombs_are_refused(self, echo):
        bomb = savez(np.savez_compressed, X=np.zeros((4 << 20, 2), "f4"))
        assert len(bomb) < 100_000
        answer = post(echo, "m-FP32", bomb, NPZ)
        assert answer.status_code == 413, answer.text

    def test_mistakes_are_named(self, echo):
        answer = post(echo, "people", savez(age=[1], height=[1.0], nam=["x"]), NPZ)
        assert answer.status_code == 400
        assert 'has "nam", but the model has no such input; did you mean "name"?' in answer.json()["error"]


class TestSafetensors:
    @pytest.mark.parametrize("code", TYPES)
    def test_every_type_both_ways(self, echo, code):
        x = array(code)
        body = safetensors.numpy.save({"X": x}, metadata={"by": "a test"})
        ((name, got),) = safetensors.deserialize(answered(post(echo, f"m-{NAMES[code]}", body, SAFETENSORS, SAFETENSORS)))
        assert (name, got["shape"]) == ("X", [3, 2])
        assert bytes(got["data"]) == x.tobytes()

    def test_an_answer_says_whose_it_is(self, echo, tmp_path):
        body = safetensors.numpy.save({"X": array("f4")})
        (tmp_path / "x.safetensors").write_bytes(answered(post(echo, "m-FP32", body, SAFETENSORS, SAFETENSORS)))
        with safetensors.safe_open(tmp_path / "x.safetensors", "numpy") as file:
            assert file.metadata()["model"] == "m-FP32"
            assert list(file.keys()) == ["X"]

    def test_strings_are_told_apart(self, echo):
        answer = post(echo, "people", savez(**people()), NPZ, SAFETENSORS)
        assert answer.status_code == 406, answer.text
        assert "strings" in answer.json()["error"]
        chosen = requests.post(
            f"{echo.url}/v1/infer/people?outputs=age,height",
            data=savez(**people()),
            headers={"Content-Type": NPZ, "Accept": SAFETENSORS},
            timeout=30,
        )
        answer = safetensors.numpy.load(answered(chosen))
        np.testing.assert_array_equal(answer["age"], people()["age"])


class TestArrow:
    def frame(self):
        return pd.DataFrame({"note": ["a", "b"], **{name: list(values) for name, values in people().items()}})

    def test_a_data_frame_goes_and_comes(self, echo):
        table = pa.Table.from_pandas(self.frame())
        for body in (stream(table), stream(table, max_chunksize=1)):
            answer = pa.ipc.open_stream(answered(post(echo, "people", body, ARROW, ARROW))).read_all()
            answer.validate(full=True)
            got = answer.to_pandas()
            assert list(got.columns) == ["age", "height", "name"]
            assert got["name"].tolist() == ["Ann", "größe"]
            assert got["age"].tolist() == [41, 7]
            assert answer.schema.metadata[b"model"] == b"people"

    @pytest.mark.parametrize("code", [code for code in TYPES if code != "bf16"])
    def test_every_type_both_ways(self, echo, code):
        x = array(code)
        body = stream(pa.table({f"X_{i}": pa.array(x[:, i]) for i in range(2)}))
        answer = pa.ipc.open_stream(answered(post(echo, f"m-{NAMES[code]}", body, ARROW, ARROW))).read_all()
        answer.validate(full=True)
        got = np.array(answer["X"].to_pylist())
        np.testing.assert_array_equal(got.astype("f8"), x.astype("f8"))

    def test_files_and_dictionaries_are_read(self, echo, tmp_path):
        frame = self.frame()
        frame["name"] = frame["name"].astype("category")
        pyarrow.feather.write_feather(frame, tmp_path / "x.feather", compression="uncompressed")
        body = (tmp_path / "x.feather").read_bytes()
        got = post(echo, "people", body, "application/vnd.apache.arrow.file").json()["outputs"]
        assert got["name"] == ["Ann", "größe"]

    def test_lists_are_vectors(self, echo):
        x = np.arange(6, dtype="f4").reshape(2, 3)
        for column in (
            pa.array(x.tolist()),
            pa.FixedSizeListArray.from_arrays(pa.array(x.ravel()), 3),
            pa.FixedShapeTensorArray.from_numpy_ndarray(x),
        ):
            answer = pa.ipc.open_stream(answered(post(echo, "vectors", stream(pa.table({"X": column})), ARROW, ARROW)))
            np.testing.assert_array_equal(np.array(answer.read_all()["X"].to_pylist()), x)

    def test_nulls_are_holes_only_where_the_client_says_so(self, echo):
        body = stream(pa.table({"X_0": [1.0, None], "X_1": [2.0, 3.0]}))
        answer = post(echo, "m-FP32", body, ARROW)
        assert answer.status_code == 400
        assert 'input "X", row 2, column "X_0": it is null' in answer.json()["error"]
        answer = pa.ipc.open_stream(answered(post(echo, "m-FP32", body, f"{ARROW}; nulls=nan", ARROW))).read_all()
        assert np.isnan(answer["X"].to_pylist()[1][0])

    def test_compressed_buffers_say_what_to_do(self, echo):
        sink = io.BytesIO()
        table = pa.table({"X_0": [1.0], "X_1": [2.0]})
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
        answer = post(echo, "m-FP32", sink.getvalue(), ARROW)
        assert answer.status_code == 400
        assert "compressed" in answer.json()["error"]


class TestTensorProto:
    @pytest.mark.parametrize("code", TYPES)
    def test_every_type_both_ways(self, echo, code):
        x = array(code)
        body = numpy_helper.from_array(x, "X").SerializeToString()
        answer = onnx.TensorProto.FromString(answered(post(echo, f"m-{NAMES[code]}", body, PROTO, PROTO)))
        assert answer.name == "X"
        got = numpy_helper.to_array(answer)
        np.testing.assert_array_equal(got.astype("f8"), x.astype("f8"))

    def test_strings_both_ways(self, echoes):
        body = numpy_helper.from_array(np.array([["a", "größe"]], object), "INPUT0").SerializeToString()
        answer = onnx.TensorProto.FromString(answered(post(echoes, "echo-BYTES", body, PROTO, PROTO)))
        assert [text.decode() for text in answer.string_data] == ["a", "größe"]

    def test_other_messages_are_refused(self, echo):
        model = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [])).SerializeToString()
        assert post(echo, "m-FP32", model, PROTO).status_code == 400
        assert post(echo, "m-FP32", model, f"{PROTO}; proto=onnx.ModelProto").status_code == 415


def png(side=4, level=0):
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), level, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


class TestFilesInDocuments:
    def test_data_urls_and_base64(self, echo):
        pictures = [png(level=1), png(level=2), png(level=3)]
        texts = [base64.b64encode(picture).decode() for picture in pictures]
        body = {
            "x": [
                f"data:image/png;base64,{texts[0]}",
                {"base64": texts[1]},
                {"base64": texts[2], "type": "image/png"},
            ],
            "k": [1, 2, 3],
        }
        outputs = requests.post(f"{echo.url}/v1/infer/pixels", json=body, timeout=30).json()["outputs"]
        x = np.array(outputs["x"])
        assert x.shape == (3, 4, 4, 3)
        assert x[:, 0, 0, 0].tolist() == [1, 2, 3]
        assert outputs["k"] == [1, 2, 3]

    def test_one_picture_is_one_row(self, echo):
        text = base64.b64encode(png(level=9)).decode()
        for body in ({"x": f"data:image/png;base64,{text}"}, {"base64": text}, [{"b64": text, "type": "image/png"}]):
            answer = requests.post(f"{echo.url}/v1/infer/picture", json=body, timeout=30)
            assert np.array(answer.json()["outputs"]["x"]).shape == (1, 4, 4, 3), answer.text

    def test_a_body_and_a_data_url_become_the_same(self, echo):
        body = (png(side=31, level=77), base64.b64encode(png(side=31, level=77)).decode())
        one = post(echo, "picture", body[0], "image/png").json()["outputs"]
        other = requests.post(
            f"{echo.url}/v1/infer/picture", json={"x": f"data:image/png;base64,{body[1]}"}, timeout=30
        ).json()["outputs"]
        assert one == other

    @pytest.mark.parametrize(
        "value, words",
        [
            ("data:image/png;base64," + base64.b64encode(b"no picture").decode(), "sent as image/png, but it is none"),
            ("data:image/heic;base64,AAAA", "image/heic is not read here; send image/png"),
            ({"base64": base64.b64encode(b"no picture").decode()}, "the body is nothing that is read here"),
            ("hello", 'a file is written "data:image/png;base64'),
            (["data:image/png;base64," + base64.b64encode(png(side)).decode() for side in (4, 5)], "no rows of one tensor"),
            ("data:image/png;base64,", "the file is empty"),
        ],
    )
    def test_mistakes_are_named(self, echo, value, words):
        answer = requests.post(f"{echo.url}/v1/infer/picture", json={"x": value}, timeout=30)
        assert answer.status_code == 400, answer.text
        assert words in answer.json()["error"]

    def test_other_pictures_still_come_after_bad_ones(self, echo):
        good = base64.b64encode(png()).decode()
        bad = base64.b64encode(png()[:40]).decode()
        body = {"x": [{"base64": good}, {"base64": bad}, {"base64": good}]}
        assert requests.post(f"{echo.url}/v1/infer/picture", json=body, timeout=30).status_code == 400
        assert requests.post(f"{echo.url}/v1/infer/picture", json={"x": {"base64": good}}, timeout=30).status_code == 200


class TestForms:
    def test_files_and_fields(self, echo):
        npy = io.BytesIO()
        np.save(npy, people()["height"])
        files = [
            ("height", ("h.npy", npy.getvalue(), "application/octet-stream")),
            ("name", (None, '["Ann", "größe"]', "application/json")),
            ("age", ("ages.csv", b"41\n7\n", "text/csv")),
            ("id", (None, "form-1")),
        ]
        answer = requests.post(f"{echo.url}/v1/infer/people", files=files, timeout=30)
        assert answer.status_code == 200, answer.text
        assert answer.json()["id"] == "form-1"
        assert answer.json()["outputs"]["name"] == ["Ann", "größe"]
        np.testing.assert_allclose(answer.json()["outputs"]["height"], people()["height"])

    def test_plain_fields_are_one_row(self, echo):
        fields = {"age": (None, "41"), "height": (None, "1.5"), "name": (None, "größe")}
        answer = requests.post(f"{echo.url}/v1/infer/people", files=fields, timeout=30)
        assert answer.json()["outputs"] == {"age": [41], "height": [1.5], "name": ["größe"]}, answer.text

    def test_curl_sends_pictures(self, echo, tmp_path):
        for index in (1, 2):
            (tmp_path / f"{index}.png").write_bytes(png(level=index))
        command = ["curl", "-s", "-F", f"x=@{tmp_path}/1.png", "-F", f"x=@{tmp_path}/2.png;type=application/octet-stream"]
        command += ["-F", "k=0.5", "-F", "k=1", f"{echo.url}/v1/infer/pixels"]
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)
        outputs = requests.models.complexjson.loads(done.stdout)["outputs"]
        assert np.array(outputs["x"])[:, 0, 0, 0].tolist() == [1, 2]
        assert outputs["k"] == [0.5, 1]

    def test_mistakes_are_named(self, echo):
        answer = requests.post(f"{echo.url}/v1/infer/people", files={"agee": (None, "41")}, timeout=30)
        assert answer.status_code == 400
        assert 'the model has no input or column "agee"; did you mean "age"?' in answer.json()["error"]


def wide_window(body):
    """A frame that asks for 128 MiB; of a length that isn't known when it begins, or the window would be as small as that."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    frame = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return frame.compress(body) + frame.flush()


class TestZstd:
    def test_both_ways(self, echo):
        x = array("f4", (5000, 2))
        answer = post(
            echo,
            "m-FP32",
            zstandard.compress(x.tobytes()),
            "application/octet-stream",
            "application/x-npy",
            headers={"Content-Encoding": "zstd", "Accept-Encoding": "zstd"},
            stream=True,
        )
        assert answer.status_code == 200
        assert answer.headers["content-encoding"] == "zstd"
        raw = answer.raw.read(decode_content=False)
        assert len(raw) < x.nbytes / 2
        np.testing.assert_array_equal(np.load(io.BytesIO(zstandard.ZstdDecompressor().decompress(raw))), x)

    def test_frames_may_follow_one_another(self, echo):
        x = array("f4", (4, 2))
        halves = [zstandard.compress(half.tobytes()) for half in (x[:2], x[2:])]
        answer = post(
            echo, "m-FP32", b"".join(halves), "application/octet-stream", headers={"Content-Encoding": "zstd"}
        )
        assert answer.json()["outputs"]["X"] == x.tolist(), answer.text

    @pytest.mark.parametrize(
        "body, status, words",
        [
            (zstandard.compress(b"[[1, 2]]")[:-2], 400, "cut off"),
            (b"no zstd at all", 400, "malformed"),
            (zstandard.compress(b" " * (5 << 20)), 413, "larger than"),
            (
                wide_window(b"[[1, 2]]" + b" " * 1000),
                400,
                "8 MiB",
            ),
        ],
    )
    def test_what_is_no_good_is_refused(self, echo, body, status, words):
        answer = post(echo, "m-FP32", body, "application/json", headers={"Content-Encoding": "zstd"})
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"]


def test_the_gate_lists_what_it_reads(echo):
    about = requests.get(f"{echo.url}/v1/models/people", timeout=30).json()
    types = [entry["content_type"] for entry in about["accepts"]]
    assert NPZ in types and ARROW in types and "multipart/form-data" in types
    assert SAFETENSORS not in types
    assert {NPZ, SAFETENSORS, ARROW, PROTO} <= set(about["answers"])
