"""ONNX Runtime's settings and types, by small models that are made here."""

import subprocess

import ml_dtypes
import numpy as np
import onnx
import pytest
import requests
import tritonclient.grpc as triton_grpc
from conftest import DATATYPES
from gateway import PLUGINS, ROOT, Gateway, run
from onnx import TensorProto, helper

HEAD = 'version: 1\nlisteners: { public: { address: "127.0.0.1:0" } }\nauth: none\nobservability: { access_log: none }\n'
LIBRARY = f"{PLUGINS}/libsluice_onnxruntime.so"
ELEMENTS = {
    "BOOL": TensorProto.BOOL, "UINT8": TensorProto.UINT8, "UINT16": TensorProto.UINT16, "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64, "INT8": TensorProto.INT8, "INT16": TensorProto.INT16, "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64, "FP16": TensorProto.FLOAT16, "BF16": TensorProto.BFLOAT16, "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE, "BYTES": TensorProto.STRING,
}  # fmt: skip
NUMPY = {"BOOL": np.bool_, "FP16": np.float16, "BF16": ml_dtypes.bfloat16, "FP32": np.float32, "FP64": np.float64}
NAMES = ["cat", "dog", "fox, red"]


def save(path, nodes, inputs, outputs, metadata=None, domains=()):
    """A model from its nodes; `inputs` and `outputs` are (name, element type, shape)."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(*port) for port in inputs],
        [helper.make_tensor_value_info(*port) for port in outputs],
    )
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    if metadata:
        helper.set_model_props(model, metadata)
    onnx.save(model, path)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    for datatype, element in ELEMENTS.items():
        ports = [("x", element, ["rows", "columns"])], [("y", element, ["rows", "columns"])]
        save(folder / f"same-{datatype}.onnx", [helper.make_node("Identity", ["x"], ["y"])], *ports)
    floats = TensorProto.FLOAT
    double = helper.make_node("Add", ["x", "x"], ["y"])
    save(folder / "double.onnx", [double], [("x", floats, ["rows", "columns"])], [("y", floats, ["rows", "columns"])])
    # Its file says that as many rows come out as go in, and that isn't so.
    nodes = [helper.make_node("Concat", ["x", "x"], ["y"], axis=0)]
    save(folder / "liar.onnx", nodes, [("x", floats, ["rows", 2])], [("y", floats, ["rows", 2])])
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Transpose", ["x"], ["turned"], perm=[0, 2, 1]),
    ]
    ports = [("x", floats, ["rows", "length", "width"])], [("mean", floats, ["rows"]), ("turned", floats, ["rows", "width", "length"])]
    save(folder / "axes.onnx", nodes, *ports)
    custom = helper.make_node("AddOne", ["x"], ["y"], domain="test.sluice")
    ports = [("x", floats, ["rows", 2])], [("y", floats, ["rows", 2])]
    save(folder / "custom.onnx", [custom], *ports, domains=["test.sluice"])
    maps = {
        "python": "{0: 'cat', 1: 'dog', 2: 'fox, red'}",
        "json": '["cat", "dog", "fox, red"]',
        "lines": "cat\ndog\nfox, red\n",
        "few": "cat,dog",
        "hole": '{"0": "cat", "2": "dog"}',
    }
    for key, element in (("FP32", floats), ("FP16", TensorProto.FLOAT16), ("BF16", TensorProto.BFLOAT16), ("FP64", TensorProto.DOUBLE)):
        ports = [("x", element, ["rows", 3])], [("scores", element, ["rows", 3])]
        save(folder / f"classes-{key}.onnx", [helper.make_node("Identity", ["x"], ["scores"])], *ports, {"names": maps["python"], **maps})
    ports = [("x", floats, ["rows", "classes"])], [("scores", floats, ["rows", "classes"])]
    save(folder / "classes-free.onnx", [helper.make_node("Identity", ["x"], ["scores"])], *ports, {"labels": maps["json"]})
    (folder / "names.txt").write_text(maps["lines"])
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", f"-I{ROOT}/build/deps/onnxruntime/include"]
        + [f"{ROOT}/Plugins/onnxruntime/tests/custom_ops.c", "-o", folder / "libaddone.so"],
        check=True,
    )
    return folder


def serving(configs, isolation="in-process"):
    """A gateway with a model for each entry of `configs`."""
    lines = "".join(f"  {name}: {{ plugin: onnxruntime, config: {config} }}\n" for name, config in configs.items())
    return Gateway(f"{HEAD}plugins: {{ onnxruntime: {{ isolation: {isolation} }} }}\nmodels:\n{lines}")


def infer(gateway, model, **inputs):
    answer = requests.post(
        f"{gateway.url}/v1/infer/{model}", json={name: np.asarray(value).tolist() for name, value in inputs.items()}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["outputs"]


def values_of(datatype):
    if datatype == "BYTES":
        return np.array([[b"", b"a\0b", "grün".encode()], [b"x" * 70_000, b" ", b"{}"]], object)
    if datatype in NUMPY:
        return np.array([[0.5, -1.25, 3e4], [0, 1, -2]]).astype(NUMPY[datatype])
    limits = np.iinfo(datatype.lower())
    return np.array([[limits.min, limits.max, 1]], datatype.lower())


@pytest.mark.parametrize("isolation", ["in-process", "process"])
class TestTensors:
    def test_every_type_comes_back(self, models, isolation):
        configs = {}
        for datatype in DATATYPES:
            configs[f"same-{datatype}"] = f"{{ file: {models}/same-{datatype}.onnx }}"
            configs[f"bound-{datatype}"] = f"{{ file: {models}/same-{datatype}.onnx, bind_outputs: true }}"
        with serving(configs, isolation) as gateway:
            with triton_grpc.InferenceServerClient(f"127.0.0.1:{gateway.ports['public']}") as client:
                for datatype in DATATYPES:
                    values = values_of(datatype)
                    raw = values.view(np.uint16) if datatype == "BF16" else values
                    x = triton_grpc.InferInput("x", values.shape, datatype)
                    if datatype == "BF16":
                        x._raw_content = raw.tobytes()
                    else:
                        x.set_data_from_numpy(values)
                    for kind in ("same", "bound"):
                        answer = client.infer(f"{kind}-{datatype}", [x])
                        if datatype == "BYTES":
                            assert answer.as_numpy("y").tolist() == values.tolist()
                        else:
                            assert answer.get_response().raw_output_contents[0] == raw.tobytes()

    def test_free_dimensions_are_as_each_request_has_them(self, models, isolation):
        configs = {
            "axes": f"{{ file: {models}/axes.onnx }}",
            "again": f"{{ file: {models}/axes.onnx, bind_outputs: true, intra_op_threads: 2, execution: parallel }}",
        }
        with serving(configs, isolation) as gateway:
            for shape in ((1, 2, 3), (4, 1, 5), (2, 7, 1)):
                x = np.random.default_rng(0).random(shape, np.float32)
                for model in configs:
                    outputs = infer(gateway, model, x=x)
                    np.testing.assert_allclose(outputs["mean"], x.mean(axis=(1, 2)), rtol=1e-5)
                    np.testing.assert_array_equal(np.float32(outputs["turned"]), x.transpose(0, 2, 1))


class TestSession:
    def test_all_settings_at_once(self, models):
        config = (
            f"{{ file: {models}/double.onnx, intra_op_threads: 2, inter_op_threads: 2, execution: parallel, optimization: basic, "
            "memory_pattern: false, cpu_arena: false, deterministic: true, spinning: true, providers: [CPUExecutionProvider], "
            'session: { session.set_denormal_as_zero: "1", session.disable_prepacking: "1" } }'
        )
        with serving({"double": config, "plain": f"{{ file: {models}/double.onnx, providers: cpu }}"}) as gateway:
            for model in ("double", "plain"):
                assert infer(gateway, model, x=[[1, 2]])["y"] == [[2, 4]]
            # What ONNX Runtime was told of its own settings holds: a number too small to be one is none.
            tiny = float(np.float32(1e-40))
            assert infer(gateway, "double", x=[[tiny]])["y"] == [[0]] != infer(gateway, "plain", x=[[tiny]])["y"]

    def test_free_dimensions_can_be_fixed(self, models):
        with serving({"double": f"{{ file: {models}/double.onnx, batch: none, dimensions: {{ columns: 3 }} }}"}) as gateway:
            assert infer(gateway, "double", x=[[1, 2, 3]])["y"] == [[2, 4, 6]]

    @pytest.mark.parametrize("isolation", ["in-process", "process"])
    def test_custom_operators(self, models, isolation):
        config = f"{{ file: {models}/custom.onnx, custom_ops: [{models}/libaddone.so] }}"
        with serving({"custom": config, "other": config}, isolation) as gateway:
            for model in ("custom", "other"):
                assert infer(gateway, model, x=[[1, 2], [3, 4]])["y"] == [[2, 3], [4, 5]]

    def test_an_output_that_is_larger_than_the_file_says_is_no_write_beyond_it(self, models):
        with serving({"liar": f"{{ file: {models}/liar.onnx, batch: none, bind_outputs: true }}"}) as gateway:
            answer = requests.post(f"{gateway.url}/v1/infer/liar", json={"x": [[1, 2]]}, timeout=60)
            assert answer.status_code in (400, 500), answer.text
            assert requests.get(f"{gateway.url}/v2/health/ready", timeout=60).status_code == 200

    @pytest.mark.parametrize(
        "config, text",
        [
            ("providers: [CUDA, CPU]", 'as it is installed has no "CUDA"; it has '),
            ("providers: [{ name: TensorrtExecutionProvider, device_id: 1 }]", 'has no "Tensorrt"; it has '),
            ("providers: [CPU, CPU]", "nothing can stand behind it"),
            ("providers: [{ name: CPU, use_arena: 1 }]", "CPU has no options here: see intra_op_threads and cpu_arena"),
            ("providers: [{ device_id: 1 }]", "config.providers.0.name is missing"),
            ("custom_ops: ./nowhere.so", "config.custom_ops: "),
            ("custom_ops: [names.txt]", "config.custom_ops: "),
            ("memory_pattern: maybe", "config.memory_pattern: expected true or false"),
            ("dimensions: { rows: 0 }", "config.dimensions.rows: expected a whole number"),
            ("labels: { key: names }", "config.labels.of is missing"),
            ("labels: scores", "config.labels: expected { of: OUTPUT }"),
            ("labels: { of: scores, colour: red }", "config.labels.colour: unknown setting"),
            ("labels: { of: nothing }", 'the model has no output "nothing"'),
            ("labels: { of: scores, key: nothing }", "the model's metadata has no nothing"),
            ("labels: { of: scores, key: few }", 'there are 2 names, but "scores" has 3 classes'),
            ("labels: { of: scores, key: hole }", "config.labels.key: expected a list of names"),
            ("labels: { of: scores, file: ./nowhere.txt }", "config.labels.file: "),
            ("labels: { of: scores, name: scores }", 'the model has an output "scores" already'),
        ],
    )
    def test_says_what_is_wrong(self, models, tmp_path, config, text):
        (models / "wrong.yaml").write_text(f"{{ file: {models}/classes-FP32.onnx, {config} }}")
        np.save(tmp_path / "x.npy", np.zeros((1, 3), np.float32))
        refused = run("plugin", "run", LIBRARY, "--config", models / "wrong.yaml", "--input", tmp_path / "x.npy")
        assert refused.returncode != 0
        assert text in refused.stderr, refused.stderr


class TestLabels:
    def test_name_the_best_class_of_each_row(self, models):
        rows = [[0.1, 0.7, 0.2], [3, 1, 2], [-3, -2, -1]]
        best = ["dog", "cat", "fox, red"]
        configs = {key: f"{{ file: {models}/classes-FP32.onnx, labels: {{ of: scores, key: {key} }} }}" for key in ("python", "json", "lines")}
        configs |= {
            key: f"{{ file: {models}/classes-{key}.onnx, labels: {{ of: scores, name: animal }} }}" for key in ("FP32", "FP64", "free")
        }
        configs["file"] = f"{{ file: {models}/classes-FP32.onnx, labels: {{ of: scores, file: {models}/names.txt }} }}"
        with serving(configs) as gateway:
            for model in configs:
                name = "animal" if model in ("FP32", "FP64", "free") else "label"
                outputs = infer(gateway, model, x=rows)
                assert outputs[name] == best
                np.testing.assert_allclose(outputs["scores"], rows, rtol=1e-6)
            said = requests.get(f"{gateway.url}/v2/models/python", timeout=60).json()["outputs"]
            assert [(port["name"], port["datatype"], port["shape"]) for port in said] == [
                ("scores", "FP32", [-1, 3]),
                ("label", "BYTES", [-1]),
            ]
            # Alone, and without the scores.
            body = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": rows[0]}], "outputs": [{"name": "label"}]}
            answer = requests.post(f"{gateway.url}/v2/models/json/infer", json=body, timeout=60).json()
            assert [(output["name"], output["data"]) for output in answer["outputs"]] == [("label", ["dog"])]
            # Another number of classes than there are names.
            answer = requests.post(f"{gateway.url}/v1/infer/free", json={"x": [[1, 2]]}, timeout=60)
            assert answer.status_code == 500 and "another number of classes" in answer.text

    @pytest.mark.parametrize("datatype", ["FP16", "BF16"])
    def test_of_numbers_of_16_bits(self, models, datatype):
        values = np.array([[-2, -0.5, -1], [0, 3e4, 1e4], [np.inf, 1, 2], [np.nan, 1, 2], [np.nan] * 3]).astype(NUMPY[datatype])
        config = f"{{ file: {models}/classes-{datatype}.onnx, labels: {{ of: scores }} }}"
        with serving({"m": config}) as gateway:
            with triton_grpc.InferenceServerClient(f"127.0.0.1:{gateway.ports['public']}") as client:
                x = triton_grpc.InferInput("x", values.shape, datatype)
                x._raw_content = values.tobytes()
                answer = client.infer("m", [x], outputs=[triton_grpc.InferRequestedOutput("label")])
                assert [text.decode() for text in answer.as_numpy("label")] == ["dog", "dog", "cat", "fox, red", ""]


@pytest.mark.parametrize(
    "config",
    [
        "file: {0}/axes.onnx, bind_outputs: true, providers: [CPU], memory_pattern: false",
        "file: {0}/classes-FP32.onnx, labels: {{ of: scores }}",
        "file: {0}/same-BYTES.onnx, bind_outputs: true",
    ],
)
def test_keeps_the_contract(models, config):
    checked = run("plugin", "check", LIBRARY, "--config", "{ " + config.format(models) + " }", "--fuzz", "50", "--strict", seconds=300)
    assert checked.returncode == 0, checked.stdout
