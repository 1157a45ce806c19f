"""Wraps silero-vad for a live sound: a chunk of samples f32[T] at 16 kHz in, for each window of 512 samples (32 ms) the
probability of speech out, and beside them what the next chunk has to know.

    export.py FOLDER_OF_SILERO OUTPUT.onnx

It is the graph of ../voice-activity with its beginnings turned into inputs and its ends into outputs: the state of the
recurrent cell (h, c) and the last 64 samples (context). The gateway carries them from one chunk to the next.
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

SAMPLE_RATE = 16_000
WINDOW = 512
CONTEXT = 64
STATE = 128


def framing():
    """samples f32[T], context f32[64] -> windows f32[N, 64 + 512], context_next f32[64]."""
    nodes = [
        helper.make_node("Shape", ["samples"], ["length"]),
        helper.make_node("Add", ["length", "window_less_one"], ["rounded_up"]),
        helper.make_node("Div", ["rounded_up", "window"], ["count"]),
        helper.make_node("Mul", ["count", "window"], ["padded_length"]),
        helper.make_node("Sub", ["padded_length", "length"], ["missing"]),
        helper.make_node("Concat", ["zero", "missing"], ["tail_pads"], axis=0),
        helper.make_node("Pad", ["samples", "tail_pads"], ["whole_windows"]),
        helper.make_node("Concat", ["count", "window"], ["body_shape"], axis=0),
        helper.make_node("Reshape", ["whole_windows", "body_shape"], ["body"]),
        # The context of a window is the end of the one before; that of the first one came with the last chunk.
        helper.make_node("Slice", ["body", "context_start", "window", "axis_1"], ["ends"]),
        helper.make_node("Reshape", ["context", "row"], ["before"]),
        helper.make_node("Concat", ["before", "ends"], ["all_contexts"], axis=0),
        helper.make_node("Slice", ["all_contexts", "zero", "count", "axis_0"], ["contexts"]),
        helper.make_node("Concat", ["contexts", "body"], ["windows"], axis=1),
        helper.make_node("Slice", ["whole_windows", "last", "end", "axis_0"], ["context_next"]),
    ]
    nodes += [helper.make_node("Identity", [name], [f"first_{name}"]) for name in ("h", "c")]
    constants = {
        "zero": [0],
        "window": [WINDOW],
        "window_less_one": [WINDOW - 1],
        "context_start": [WINDOW - CONTEXT],
        "axis_0": [0],
        "axis_1": [1],
        "row": [1, CONTEXT],
        "last": [-CONTEXT],
        "end": [2**62],
    }
    state = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, STATE]) for name in ("h", "c")]
    return helper.make_graph(
        nodes,
        "framing",
        [
            helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["samples"]),
            helper.make_tensor_value_info("context", TensorProto.FLOAT, [CONTEXT]),
            *state,
        ],
        [
            helper.make_tensor_value_info("windows", TensorProto.FLOAT, ["windows", CONTEXT + WINDOW]),
            helper.make_tensor_value_info("context_next", TensorProto.FLOAT, [CONTEXT]),
            *(helper.make_tensor_value_info(f"first_{name}", TensorProto.FLOAT, [1, 1, STATE]) for name in ("h", "c")),
        ],
        [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()],
    )


def export(silero):
    """The framing graph joined with silero's sequence model."""
    sequence = compose.add_prefix(onnx.load(silero / "silero_vad_16k_sequence.onnx"), "silero/")
    frames = helper.make_model(
        framing(), opset_imports=sequence.opset_import, ir_version=sequence.ir_version, producer_name="sluice-examples"
    )
    model = compose.merge_models(
        frames,
        sequence,
        io_map=[("windows", "silero/input"), ("first_h", "silero/h"), ("first_c", "silero/c")],
        outputs=["silero/speech_probs", "silero/hn", "silero/cn", "context_next"],
    )
    model.graph.name = "live-voice"
    renamed = {"silero/speech_probs": "speech", "silero/hn": "h_next", "silero/cn": "c_next"}
    for old, new in renamed.items():
        model.graph.node.append(helper.make_node("Identity", [old], [new]))
    del model.graph.output[:]
    model.graph.output.extend(
        [
            helper.make_tensor_value_info("speech", TensorProto.FLOAT, ["windows"]),
            helper.make_tensor_value_info("h_next", TensorProto.FLOAT, [1, 1, STATE]),
            helper.make_tensor_value_info("c_next", TensorProto.FLOAT, [1, 1, STATE]),
            helper.make_tensor_value_info("context_next", TensorProto.FLOAT, [CONTEXT]),
        ]
    )
    model.doc_string = (
        f"The probability of speech in each window of {WINDOW} samples of a live sound at {SAMPLE_RATE} Hz; "
        "silero-vad, MIT licence."
    )
    helper.set_model_props(
        model, {"sample_rate": str(SAMPLE_RATE), "window": str(WINDOW), "licence": "MIT", "source": "silero-vad 6.2.3"}
    )
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    silero, output = map(pathlib.Path, sys.argv[1:])
    output.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(export(silero), output)
    print(f"{output}: live voice activity, {output.stat().st_size} bytes")
