"""Wraps magika so that one call takes a file's bytes as they are: bytes uint8[T] in, the file's type as a string[1] and
how sure magika is of it, f32[1], out.

    export.py FOLDER_OF_MAGIKA OUTPUT.onnx

magika's network wants 2,048 numbers: the first and last 1,024 bytes after whitespace is stripped, padded with 256. The
graph cuts these as magika's Python package does (`Magika._extract_features_from_seekable`), and applies its rules to
what comes out: thresholds per type, types it renames, and files too short for the network, which are "empty", "txt"
when they are UTF-8, or else "unknown".
"""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

BOOL, FLOAT, INT32, INT64 = TensorProto.BOOL, TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64
TEXT, UNKNOWN, EMPTY = "txt", "unknown", "empty"
BYTES_WHITESPACE = b" \t\n\r\x0b\x0c"  # what bytes.strip() takes off


class Graph:
    """Collects nodes and constants; every method returns the name of its result."""

    def __init__(self):
        self.nodes = []
        self.initializers = []

    def constant(self, value, dtype=np.int64):
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def node(self, operator, *inputs, **attributes):
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def cast(self, value, to):
        return self.node("Cast", value, to=to)

    def lookup(self, table, indices, dtype=np.int64):
        return self.node("Gather", self.constant(table, dtype), indices)

    def slice(self, value, start, end):
        return self.node("Slice", value, start, end, self.constant([0]))

    def concat(self, *values):
        return self.node("Concat", *values, axis=0)

    def every(self, condition):
        """Whether all elements of a vector of booleans hold: bool[1]."""
        smallest = self.node("ReduceMin", self.cast(condition, INT32), axes=[0], keepdims=1)
        return self.cast(smallest, BOOL)


def is_whitespace(graph, data):
    return graph.lookup([value in BYTES_WHITESPACE for value in range(256)], data, np.bool_)


def first_bytes(graph, data, count, size, padding):
    """`data.lstrip()[:size]`, padded at its end. int32[size]"""
    # A stop behind the last byte, so that nothing but whitespace leaves nothing.
    kept = graph.concat(graph.node("Not", is_whitespace(graph, data)), graph.constant([True], np.bool_))
    start = graph.node("ArgMax", graph.cast(kept, INT32), axis=0, keepdims=1)
    end = graph.node("Min", graph.node("Add", start, graph.constant([size])), count)
    return pad(graph, graph.slice(data, start, end), size, padding, at_end=True)


def last_bytes(graph, data, size, padding):
    """`data.rstrip()[-size:]`, padded at its start. int32[size]"""
    kept = graph.concat(graph.constant([True], np.bool_), graph.node("Not", is_whitespace(graph, data)))
    end = graph.node("ArgMax", graph.cast(kept, INT32), axis=0, keepdims=1, select_last_index=1)
    start = graph.node("Max", graph.node("Sub", end, graph.constant([size])), graph.constant([0]))
    return pad(graph, graph.slice(data, start, end), size, padding, at_end=False)


def pad(graph, data, size, padding, at_end):
    missing = graph.node("Sub", graph.constant([size]), graph.node("Shape", data))
    zero = graph.constant([0])
    pads = graph.concat(zero, missing) if at_end else graph.concat(missing, zero)
    return graph.node("Pad", data, pads, graph.constant(padding, np.int32))


def is_utf8(graph, tokens, padding):
    """Whether the bytes before the padding are UTF-8 as RFC 3629, section 4 has it. There are seven at most.

    Each byte says what it announces: a lead byte, how many continuation bytes follow; some lead bytes, which second
    byte too. Then at every place a continuation byte must be announced if and only if there is one.
    """
    window = 7
    first = graph.slice(tokens, graph.constant([0]), graph.constant([window]))

    def followers(value):
        if 0xC2 <= value <= 0xDF:
            return 1
        if 0xE0 <= value <= 0xEF:
            return 2
        return 3 if 0xF0 <= value <= 0xF4 else 0

    def forbidden_second(lead):
        return {0xE0: range(0x80, 0xA0), 0xED: range(0xA0, 0xC0), 0xF0: range(0x80, 0x90), 0xF4: range(0x90, 0xC0)}[
            lead
        ]

    values = range(padding + 1)
    never = [value in (0xC0, 0xC1) or 0xF5 <= value <= 0xFF for value in values]
    continues = graph.lookup([0x80 <= value <= 0xBF for value in values], first, np.bool_)

    # By how many places to the right a vector is moved; what comes in at the left announces nothing.
    def moved(vector, places, fill):
        kept = graph.slice(vector, graph.constant([0]), graph.constant([window + 1 - places]))
        return graph.concat(graph.constant([fill] * places, np.int64), kept)

    # One place more than there are bytes: a sequence that the end cuts off announces a byte that isn't there.
    counts = graph.concat(graph.lookup([followers(value) for value in values], first), graph.constant([0]))
    announced = None
    for places in (1, 2, 3):
        reaches = graph.node("GreaterOrEqual", moved(counts, places, 0), graph.constant([places]))
        announced = reaches if announced is None else graph.node("Or", announced, reaches)
    continues = graph.concat(continues, graph.constant([False], np.bool_))
    matched = graph.node("Equal", graph.cast(announced, INT32), graph.cast(continues, INT32))

    allowed = graph.node("Not", graph.lookup(never, first, np.bool_))
    bytes_64 = graph.concat(graph.cast(first, INT64), graph.constant([padding]))
    before = moved(bytes_64, 1, padding)
    conditions = [graph.every(matched), graph.every(allowed)]
    for lead in (0xE0, 0xED, 0xF0, 0xF4):
        follows = graph.node("Equal", before, graph.constant([lead]))
        bad = graph.lookup([value in forbidden_second(lead) for value in values], bytes_64, np.bool_)
        conditions.append(graph.every(graph.node("Not", graph.node("And", follows, bad))))
    result = conditions[0]
    for condition in conditions[1:]:
        result = graph.node("And", result, condition)
    return result


def at_least(threshold):
    """The smallest float32 that is not below a threshold: 0.9 as float32 would be."""
    nearest = np.float32(threshold)
    return nearest if nearest >= np.float64(threshold) else np.nextafter(nearest, np.float32(np.inf))


def export(folder):
    config = json.loads((folder / "config.min.json").read_text())
    kinds = json.loads((folder / "content_types_kb.min.json").read_text())
    network = onnx.load(folder / "model.onnx")
    assert config["mid_size"] == 0 and not config["use_inputs_at_offsets"], "a model that wants more than both ends"
    types = config["target_labels_space"]
    block, padding, enough = config["block_size"], config["padding_token"], config["min_file_size_for_dl"]
    assert enough == 8, "is_utf8 looks at seven bytes"

    graph = Graph()
    length = graph.node("Shape", "bytes")
    count = graph.node("Min", length, graph.constant([block]))
    beginning = graph.cast(graph.slice("bytes", graph.constant([0]), count), INT32)
    ending = graph.cast(graph.slice("bytes", graph.node("Sub", length, count), length), INT32)
    first = first_bytes(graph, beginning, count, config["beg_size"], padding)
    last = last_bytes(graph, ending, config["end_size"], padding)
    features = graph.node("Unsqueeze", graph.concat(first, last), graph.constant([0]))

    # The network, under its own names: its input is replaced, its output looked up below.
    (network_input,) = [value.name for value in network.graph.input]
    (network_output,) = [value.name for value in network.graph.output]
    prefix = "magika/"
    network = onnx.compose.add_prefix(network, prefix)
    graph.nodes.append(helper.make_node("Identity", [features], [prefix + network_input]))
    graph.nodes += network.graph.node
    graph.initializers += network.graph.initializer
    scores = graph.node("Squeeze", prefix + network_output, graph.constant([0]))

    best = graph.node("ArgMax", scores, axis=0, keepdims=1)
    best_score = graph.node("Gather", scores, best)
    thresholds = [at_least(config["thresholds"].get(name, config["medium_confidence_threshold"])) for name in types]
    sure = graph.node("GreaterOrEqual", best_score, graph.lookup(thresholds, best, np.float32))

    answers = sorted({*types, *config["overwrite_map"].values(), TEXT, UNKNOWN, EMPTY})
    place = {name: index for index, name in enumerate(answers)}
    renamed = [config["overwrite_map"].get(name, name) for name in types]
    generic = [TEXT if kinds[name]["is_text"] else UNKNOWN for name in renamed]
    by_network = graph.node(
        "Where",
        sure,
        graph.lookup([place[name] for name in renamed], best),
        graph.lookup([place[name] for name in generic], best),
    )

    # Too short for the network after its whitespace is stripped.
    eighth = graph.slice(first, graph.constant([enough - 1]), graph.constant([enough]))
    short = graph.node(
        "Or",
        graph.node("Less", length, graph.constant([enough])),
        graph.node("Equal", eighth, graph.constant([padding], np.int32)),
    )
    is_empty = graph.node("Equal", length, graph.constant([0]))
    by_bytes = graph.node(
        "Where",
        is_empty,
        graph.constant([place[EMPTY]]),
        graph.node(
            "Where", is_utf8(graph, first, padding), graph.constant([place[TEXT]]), graph.constant([place[UNKNOWN]])
        ),
    )
    answer = graph.node("Where", short, by_bytes, by_network)
    label = graph.lookup(answers, answer, object)
    score = graph.node("Where", short, graph.constant([1], np.float32), best_score)
    graph.nodes += [helper.make_node("Identity", [label], ["label"]), helper.make_node("Identity", [score], ["score"])]

    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "file-type",
            [helper.make_tensor_value_info("bytes", TensorProto.UINT8, ["length"])],
            [
                helper.make_tensor_value_info("label", TensorProto.STRING, [1]),
                helper.make_tensor_value_info("score", FLOAT, [1]),
            ],
            graph.initializers,
        ),
        opset_imports=network.opset_import,
        ir_version=network.ir_version,
        producer_name="sluice-examples",
        doc_string="What kind of file the bytes are, and how sure that is. magika, Apache-2.0 licence.",
    )
    helper.set_model_props(model, {"licence": "Apache-2.0", "source": "magika 1.0.3, model standard_v3_3"})
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, output = map(pathlib.Path, sys.argv[1:])
    output.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(export(folder), output)
    print(f"{output}: file type, {output.stat().st_size} bytes")
