"""MLServer's runtimes for the models that are measured: identity, and the iris forest in ONNX Runtime."""

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceResponse


class Measured(MLModel):
    def answer(self, request, outputs):
        return InferenceResponse(
            id=request.id, model_name=self.name, model_version=self.version, outputs=outputs
        )


class Identity(Measured):
    async def load(self):
        return True

    async def predict(self, payload):
        values = NumpyCodec.decode_input(payload.inputs[0])
        return self.answer(payload, [NumpyCodec.encode_output("OUTPUT0", values)])


class Iris(Measured):
    async def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            self.settings.parameters.uri, options, providers=["CPUExecutionProvider"]
        )
        return True

    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32)
        label, probabilities = self.session.run(["label", "probabilities"], {"X": rows})
        outputs = [
            StringCodec.encode_output("label", label.tolist()),
            NumpyCodec.encode_output("probabilities", probabilities),
        ]
        return self.answer(payload, outputs)
