"""Gives basic-pitch's input and outputs names of their own: audio f32[N, 43844, 1] at 22,050 Hz in; note and onset
f32[N, 172, 88], contour f32[N, 172, 264] out.

    export.py FOLDER_OF_BASIC_PITCH OUTPUT.onnx
"""

import pathlib
import sys

import onnx
from onnx import helper

NAMES = {
    "serving_default_input_2:0": "audio",
    "StatefulPartitionedCall:0": "contour",
    "StatefulPartitionedCall:1": "note",
    "StatefulPartitionedCall:2": "onset",
}


def export(folder):
    model = onnx.load(folder / "nmp.onnx")
    for node in model.graph.node:
        node.input[:] = [NAMES.get(name, name) for name in node.input]
        node.output[:] = [NAMES.get(name, name) for name in node.output]
    for value in [*model.graph.input, *model.graph.output]:
        value.name = NAMES[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "windows"
    del model.graph.value_info[:]
    helper.set_model_props(model, {"licence": "Apache-2.0", "source": "Spotify basic-pitch 0.4.0"})
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, output = map(pathlib.Path, sys.argv[1:])
    output.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(export(folder), output)
    print(f"{output}: notes, {output.stat().st_size} bytes")
