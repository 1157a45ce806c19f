"""@NAME@ - answers every number of `x`, times `factor`, as `y`."""

import numpy as np


class Model:
    """Change what load() reads, what inputs and outputs declare, and what infer() computes."""

    inputs = {"x": ("FP32", [-1])}  # a name: data type and shape, -1 is any size
    outputs = {"y": ("FP32", [-1])}

    def load(self, config):
        """`config` is the `settings:` of gateway.yaml; an exception refuses to serve, with its text as the reason."""
        unknown = config.keys() - {"factor"}
        if unknown:
            raise ValueError(f"unknown setting {sorted(unknown)[0]!r}")
        self.factor = np.float32(config.get("factor", 2))

    def infer(self, inputs, request):
        """NumPy arrays in and out. A ValueError is the caller's mistake (400), any other exception the model's (500)."""
        return {"y": inputs["x"] * self.factor}
