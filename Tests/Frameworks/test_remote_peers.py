"""Models on Triton and MLServer, as `Benchmarks/peers/setup` installs them, behind a gateway that only passes on."""

import sys

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
from gateway import ROOT, Gateway

sys.path.append(str(ROOT / "Benchmarks"))
import peers  # noqa: E402

TENSORS = {
    "inputs": '[{ name: INPUT0, datatype: FP32, shape: [-1, -1] }]',
    "outputs": '[{ name: OUTPUT0, datatype: FP32, shape: [-1, -1] }]',
}


@pytest.fixture(scope="module", params=[peers.Triton, peers.MLServer], ids=lambda peer: peer.__name__)
def gateway(request):
    """A peer's models by each protocol that it knows."""
    reason = request.param.missing()
    if reason:
        pytest.skip(reason)
    with request.param() as peer:
        http, grpc = f'["http://127.0.0.1:{peer.port}"]', f'["http://127.0.0.1:{peer.grpc_port}"]'
        named = ", ".join(f"{key}: {value}" for key, value in TENSORS.items())
        models = {"http": f"servers: {http}, model: echo", "grpc": f"protocol: grpc, servers: {grpc}, model: echo"}
        if request.param is peers.MLServer:
            # Its models don't say what they take.
            models = {name: f"{text}, {named}" for name, text in models.items()}
            label = "{ name: label, datatype: BYTES, shape: [-1, 1] }, { name: probabilities, datatype: FP32, shape: [-1, 3] }"
            models["iris"] = (
                f"servers: {http}, inputs: [{{ name: X, datatype: FP32, shape: [-1, 4] }}], outputs: [{label}], tensors: json"
            )
            models["http"] += ", tensors: json"
        text = 'version: 1\nlisteners: { public: { address: "127.0.0.1:0" } }\nauth: none\nmodels:\n' + "".join(
            f"  {name}: {{ plugin: remote, config: {{ {config} }} }}\n" for name, config in models.items()
        )
        with Gateway(text) as made:
            made.models = models
            yield made


def infer(client, model, name, values):
    given = triton_grpc.InferInput(name, list(values.shape), "FP32")
    given.set_data_from_numpy(values)
    return client.infer(model, [given])


@pytest.mark.parametrize("model", ["http", "grpc"])
def test_echo(gateway, model):
    values = np.arange(48, dtype=np.float32).reshape(3, 16) / 7
    with triton_grpc.InferenceServerClient(gateway.address) as client:
        for _ in range(20):
            assert (infer(client, model, "INPUT0", values).as_numpy("OUTPUT0") == values).all()
        assert client.get_model_metadata(model).inputs[0].name == "INPUT0"


def test_text_comes_back(gateway):
    if "iris" not in gateway.models:
        pytest.skip("only MLServer has the model")
    with triton_grpc.InferenceServerClient(gateway.address) as client:
        answer = infer(client, "iris", "X", np.array([[5.1, 3.5, 1.4, 0.2]], np.float32))
    assert answer.as_numpy("label").tolist() == [[b"setosa"]]
    assert abs(answer.as_numpy("probabilities").sum() - 1) < 1e-5


def test_what_the_peer_refuses_is_the_callers_error(gateway):
    with triton_grpc.InferenceServerClient(gateway.address) as client:
        with pytest.raises(triton_grpc.InferenceServerException):
            infer(client, "http", "INPUT0", np.zeros(3, np.float32))
