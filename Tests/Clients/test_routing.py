"""Routes by what callers show: claims of tokens made by PyJWT, and header fields that gRPC's own client sends as metadata."""

import grpc
import jwt
import pytest
import requests
from gateway import Gateway
from test_tokens import ISSUER, SECRET, claims
from tritonclient.grpc import service_pb2, service_pb2_grpc

CONFIGURATION = f"""\
version: 1
listeners:
  public: {{ address: "127.0.0.1:0" }}
models:
  one: {{ plugin: echo, version: "1" }}
  two: {{ plugin: echo, version: "2" }}
auth: jwt
issuers:
  login:
    issuer: {ISSUER}
    audience: sluice
    algorithms: HS512
    keys: {{ secret: env:ROUTING_SECRET }}
    consumer: acme
consumers: {{ acme: {{ allow: {{ models: "*" }} }} }}
routes:
  - {{ name: gold, match: {{ model: m, claims: {{ realm.roles: [gold, "vip-*"], paid: "true" }} }}, send: two }}
  - {{ name: beta, match: {{ model: m, headers: {{ x-channel: beta }} }}, send: two }}
  - {{ name: grpc, match: {{ model: g, path: "/inference.GRPCInferenceService/*" }}, send: two }}
  - {{ match: {{ model: m }}, send: one }}
  - {{ match: {{ model: g }}, send: one }}
"""


@pytest.fixture(scope="module")
def gateway():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROUTING_SECRET", SECRET)
        with Gateway(CONFIGURATION) as gateway:
            yield gateway


def token(**more):
    return jwt.encode(claims(**more), SECRET, "HS512")


def version(gateway, model="m", headers=None, **more):
    answer = requests.post(
        f"{gateway.url}/v1/infer/{model}",
        json=[1.5],
        headers={"Authorization": f"Bearer {token(**more)}", **(headers or {})},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["version"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"realm": {"roles": ["user", "gold"]}, "paid": True}, "2"),
        ({"realm": {"roles": "vip-7"}, "paid": True}, "2"),
        ({"realm.roles": "gold", "paid": True}, "2"),
        ({"realm": {"roles": ["user"]}, "paid": True}, "1"),
        ({"realm": {"roles": ["gold"]}, "paid": False}, "1"),
        ({"realm": {"roles": ["gold"]}}, "1"),
        ({}, "1"),
    ],
)
def test_claims_choose_the_route(gateway, said, expected):
    # The second time the token is remembered, and what it says with it.
    assert [version(gateway, **said), version(gateway, **said)] == [expected, expected]


def test_metadata_and_method_choose_the_route(gateway):
    assert version(gateway, headers={"X-Channel": "beta"}) == "2"
    with grpc.insecure_channel(gateway.address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)

        def over_grpc(model, *metadata):
            request = service_pb2.ModelInferRequest(model_name=model)
            tensor = request.inputs.add(name="INPUT0", datatype="FP32", shape=[1])
            tensor.contents.fp32_contents.append(1.5)
            bearer = ("authorization", f"Bearer {token()}")
            return stub.ModelInfer(request, metadata=[bearer, *metadata]).model_version

        assert over_grpc("m") == "1"
        assert over_grpc("m", ("x-channel", "beta")) == "2"
        # Two fields of one name are a list, which is another text.
        assert over_grpc("m", ("x-channel", "beta"), ("x-channel", "beta")) == "1"
        assert over_grpc("g") == "2"
        assert version(gateway, "g") == "1"
