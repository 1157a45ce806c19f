"""Triton's Python backend: identity, where its native one can't be built."""

import triton_python_backend_utils as backend


class TritonPythonModel:
    def execute(self, requests):
        return [
            backend.InferenceResponse(
                output_tensors=[
                    backend.Tensor("OUTPUT0", backend.get_input_tensor_by_name(request, "INPUT0").as_numpy())
                ]
            )
            for request in requests
        ]
