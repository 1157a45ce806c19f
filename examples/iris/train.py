"""Trains a random forest on the iris flowers and writes it as ONNX: measurements f32[N, 4] in, species and
probabilities out.

    train.py OUTPUT.onnx
"""

import pathlib
import sys

import onnx
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

TREES = 100
SEED = 7
# Old enough for every ONNX Runtime that has a C library in its wheel.
OPSET = {"": 15, "ai.onnx.ml": 3}


def train():
    """The forest, its classes being names of species and not numbers."""
    iris = load_iris()
    species = iris.target_names[iris.target].astype(str)
    return RandomForestClassifier(n_estimators=TREES, random_state=SEED).fit(iris.data, species)


def export(forest):
    """The forest as a graph that answers a matrix of probabilities, not a list of maps (`zipmap`)."""
    model = convert_sklearn(
        forest,
        name="iris",
        initial_types=[("X", FloatTensorType([None, 4]))],
        options={"zipmap": False},
        target_opset=OPSET,
        doc_string="Iris species by the sepal's and petal's length and width in cm; a random forest of "
        f"{TREES} trees, trained by scikit-learn on Fisher's data set.",
    )
    assert {output.name for output in model.graph.output} == {"label", "probabilities"}, (
        "skl2onnx named its outputs anew"
    )
    # One symbol for the batch axis, so that a runtime can tell which axes belong together.
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "flowers"
    onnx.helper.set_model_props(model, {"columns": "sepal_length,sepal_width,petal_length,petal_width"})
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    output = pathlib.Path(sys.argv[1])
    output.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(export(train()), output)
    print(f"{output}: iris, {TREES} trees, {output.stat().st_size} bytes")
