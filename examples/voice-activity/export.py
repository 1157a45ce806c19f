"""Wraps silero-vad so that one call takes a whole recording: samples f32[T] at 16 kHz in, for each window of 512
samples (32 ms) the probability of speech f32[ceil(T / 512)] out.

    export.py FOLDER_OF_SILERO OUTPUT.onnx

silero-vad ships a variant that takes all windows at once and carries the recurrent state from one to the next inside
its LSTM node. It still wants to be given the windows: 64 samples of the one before, then its own 512. Here the graph
cuts them.
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
    """samples f32[T] -> windows f32[N, 64 + 512]; zeros before the first sample and after the last."""
    nodes = [
        helper.make_node("Shape", ["samples"], ["length"]),
        helper.make_node("Add", ["length", "window_less_one"], ["rounded_up"]),
        helper.make_node("Div", ["rounded_up", "window"], ["answers"]),
        # The convolutions refuse an empty batch: no samples at all become one window, whose answer is cut off again.
        helper.make_node("Max", ["answers", "one"], ["count"]),
        helper.make_node("Mul", ["count", "window"], ["padded_length"]),
        helper.make_node("Sub", ["padded_length", "length"], ["missing"]),
        helper.make_node("Concat", ["zero", "missing"], ["tail_pads"], axis=0),
        helper.make_node("Pad", ["samples", "tail_pads"], ["whole_windows"]),
        helper.make_node("Concat", ["count", "window"], ["body_shape"], axis=0),
        helper.make_node("Reshape", ["whole_windows", "body_shape"], ["body"]),
        # The context of a window is the end of the one before: shift the ends down by one row.
        helper.make_node("Slice", ["body", "context_start", "window", "axis_1"], ["ends"]),
        helper.make_node("Pad", ["ends", "one_row_before"], ["shifted"]),
        helper.make_node("Slice", ["shifted", "zero", "count", "axis_0"], ["context"]),
        helper.make_node("Concat", ["context", "body"], ["windows"], axis=1),
    ]
    constants = {
        "zero": [0],
        "one": [1],
        "window": [WINDOW],
        "window_less_one": [WINDOW - 1],
        "context_start": [WINDOW - CONTEXT],
        "axis_0": [0],
        "axis_1": [1],
        "one_row_before": [1, 0, 0, 0],
    }
    initializers = [numpy_helper.from_array(np.array(value, np.int64), name) for name, value in constants.items()]
    initializers += [
        numpy_helper.from_array(np.zeros((1, 1, STATE), np.float32), name) for name in ("start_h", "start_c")
    ]
    nodes += [helper.make_node("Identity", [f"start_{name}"], [f"first_{name}"]) for name in ("h", "c")]
    return helper.make_graph(
        nodes,
        "framing",
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["samples"])],
        [helper.make_tensor_value_info("windows", TensorProto.FLOAT, ["windows", CONTEXT + WINDOW])]
        + [helper.make_tensor_value_info(f"first_{name}", TensorProto.FLOAT, [1, 1, STATE]) for name in ("h", "c")],
        initializers,
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
        outputs=["silero/speech_probs"],
    )
    model.graph.name = "voice-activity"
    model.graph.node.append(helper.make_node("Slice", ["silero/speech_probs", "zero", "answers", "axis_0"], ["speech"]))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("speech", TensorProto.FLOAT, ["windows"]))
    model.doc_string = (
        f"The probability of speech in each window of {WINDOW} samples at {SAMPLE_RATE} Hz. silero-vad, MIT licence."
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
    print(f"{output}: voice activity, {output.stat().st_size} bytes")
