"""KServe's model server with the models that are measured: identity, and the iris forest in ONNX Runtime.

    kserve_server.py IRIS_MODEL --http_port N --grpc_port N
"""

import logging
import sys

import grpc.aio
import numpy as np
import onnxruntime
import uvicorn
from kserve import InferOutput, InferResponse, Model, ModelServer

IRIS = sys.argv.pop(1)


def on_loopback():
    """KServe listens on every interface and has no option for another; a benchmark should not."""
    configure, make_server = uvicorn.Config.__init__, grpc.aio.server

    def configured(self, *arguments, **options):
        configure(self, *arguments, **{**options, "host": "127.0.0.1"})

    def server(*arguments, **options):
        made = make_server(*arguments, **options)
        add = made.add_insecure_port
        made.add_insecure_port = lambda address: add(address.replace("[::]", "127.0.0.1"))
        return made

    uvicorn.Config.__init__, grpc.aio.server = configured, server


class Measured(Model):
    def __init__(self, name):
        super().__init__(name)
        self.ready = True

    def answer(self, request, outputs):
        made = []
        for name, datatype, array in outputs:
            output = InferOutput(name=name, shape=list(array.shape), datatype=datatype)
            output.set_data_from_numpy(array, binary_data=request.use_binary_outputs)
            made.append(output)
        return InferResponse(
            response_id=request.id or "0",
            model_name=self.name,
            infer_outputs=made,
            use_binary_outputs=request.use_binary_outputs,
            requested_outputs=request.request_outputs,
        )


class Identity(Measured):
    async def get_input_types(self):
        return [{"name": "INPUT0", "datatype": "FP32", "shape": [-1, -1]}]

    async def get_output_types(self):
        return [{"name": "OUTPUT0", "datatype": "FP32", "shape": [-1, -1]}]

    def predict(self, payload, headers=None, response_headers=None):
        return self.answer(payload, [("OUTPUT0", "FP32", payload.inputs[0].as_numpy())])


class Iris(Measured):
    def __init__(self, name):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(IRIS, options, providers=["CPUExecutionProvider"])
        super().__init__(name)

    async def get_input_types(self):
        return [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}]

    async def get_output_types(self):
        return [
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]},
        ]

    def predict(self, payload, headers=None, response_headers=None):
        label, probabilities = self.session.run(
            ["label", "probabilities"], {"X": payload.inputs[0].as_numpy().astype(np.float32)}
        )
        return self.answer(payload, [("label", "BYTES", label), ("probabilities", "FP32", probabilities)])


if __name__ == "__main__":
    on_loopback()
    for name in ("uvicorn.access", "kserve.trace"):  # no line per request: the others write none
        logging.getLogger(name).disabled = True
    ModelServer().start([Identity("echo"), Iris("iris")])
