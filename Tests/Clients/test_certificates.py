"""Clients that show a certificate in place of a key: over HTTP/1.1 (requests), HTTP/2 (curl), gRPC and WebSocket."""

import json
import ssl
import subprocess

import grpc
import pytest
import requests
from gateway import Gateway, wait_for
from grpc_health.v1 import health_pb2, health_pb2_grpc
from websockets.sync.client import connect

CLIENTS = {
    "robot": ("/CN=Robot One", "DNS:robot.example,URI:spiffe://example/robot"),
    "person": ("/O=Example/CN=person", "email:person@example.com"),
    "stranger": ("/CN=stranger", "DNS:stranger.example"),
}


def openssl(*arguments, folder):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority, a server's certificate and one for each client."""
    folder = tmp_path_factory.mktemp("certificates")
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl(*new, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem", folder=folder)
    for name, (subject, names) in {"server": ("/CN=localhost", "DNS:localhost,IP:127.0.0.1"), **CLIENTS}.items():
        openssl(
            *new, "-subj", subject, "-addext", f"subjectAltName={names}", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-keyout", f"{name}.key", "-out", f"{name}.pem", folder=folder,
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def gateway(certificates, key):
    text = f"""\
version: 1
listeners:
  public:
    address: "127.0.0.1:0"
    tls: {{ cert: {certificates}/server.pem, key: {certificates}/server.key, client_ca: {certificates}/ca.pem }}
auth: [api_keys, certificates]
models: {{ echo: {{ plugin: echo }}, other: {{ plugin: echo }} }}
consumers:
  robots: {{ certificates: ["uri:spiffe://example/robot"], allow: {{ models: [echo] }} }}
  people: {{ certificates: ["email:person@example.com", "cn:nobody"], allow: {{ models: [other] }} }}
  keyed: {{ keys: {key[1]}, allow: {{ models: [other] }} }}
observability: {{ access_log: stderr }}
"""
    with Gateway(text) as gateway:
        yield gateway


def infer(gateway, certificates, client, model, **headers):
    answer = requests.post(
        f"https://127.0.0.1:{gateway.ports['public']}/v1/infer/{model}",
        json=[1.5],
        headers=headers,
        cert=(certificates / f"{client}.pem", certificates / f"{client}.key"),
        verify=certificates / "ca.pem",
        timeout=30,
    )
    return answer.status_code


class TestIdentity:
    def test_a_certificate_is_as_good_as_a_key(self, gateway, certificates):
        assert infer(gateway, certificates, "robot", "echo") == 200
        assert infer(gateway, certificates, "robot", "other") in (403, 404)
        assert infer(gateway, certificates, "person", "other") == 200
        assert infer(gateway, certificates, "stranger", "echo") == 401
        assert wait_for(lambda: any('"consumer":"robots"' in line for line in gateway.log))

    def test_a_key_counts_before_the_certificate(self, gateway, certificates, key):
        headers = {"Authorization": f"Bearer {key[0]}"}
        assert infer(gateway, certificates, "robot", "other", **headers) == 200
        assert infer(gateway, certificates, "robot", "echo", **headers) in (403, 404)
        assert infer(gateway, certificates, "robot", "echo", Authorization="Bearer wrong") == 401

    def test_over_http2(self, gateway, certificates):
        def status(client, *more):
            url = f"https://127.0.0.1:{gateway.ports['public']}/v1/infer/echo"
            result = subprocess.run(
                ["curl", "-s", "--http2", "--cacert", "ca.pem", "--cert", f"{client}.pem", "--key", f"{client}.key"]
                + ["-o", "/dev/null", "-w", "%{http_version} %{http_code}", "--json", "[1]", *more, url],
                cwd=certificates,
                capture_output=True,
                text=True,
                check=True,
            )
            return result.stdout

        assert status("robot") == "2 200"
        assert status("stranger") == "2 401"

    def test_over_grpc(self, gateway, certificates):
        def health(client):
            credentials = grpc.ssl_channel_credentials(
                *((certificates / name).read_bytes() for name in ("ca.pem", f"{client}.key", f"{client}.pem"))
            )
            with grpc.secure_channel(f"127.0.0.1:{gateway.ports['public']}", credentials) as channel:
                stub = health_pb2_grpc.HealthStub(channel)
                return stub.Check(health_pb2.HealthCheckRequest(service="echo"), timeout=30).status

        assert health("robot") == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as refused:
            health("stranger")
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND

    def test_over_websocket(self, gateway, certificates):
        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        context.load_cert_chain(certificates / "robot.pem", certificates / "robot.key")
        with connect(f"wss://127.0.0.1:{gateway.ports['public']}/v1/stream/echo", ssl=context) as session:
            session.send("[2]")
            assert json.loads(session.recv(timeout=30))["outputs"]

    def test_nobody_comes_in_without_one(self, gateway, certificates):
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(
                f"https://127.0.0.1:{gateway.ports['public']}/v2", verify=certificates / "ca.pem", timeout=30
            )

    def test_no_header_stands_for_a_certificate(self, gateway, certificates):
        """What stands for a certificate inside begins with a byte that no client can send."""
        import socket

        context = ssl.create_default_context(cafile=certificates / "ca.pem")
        context.load_cert_chain(certificates / "stranger.pem", certificates / "stranger.key")
        for value in ("\0uri:spiffe://example/robot", "Bearer \0uri:spiffe://example/robot"):
            with socket.create_connection(("127.0.0.1", gateway.ports["public"]), timeout=30) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as peer:
                    peer.sendall(
                        f"POST /v1/infer/echo HTTP/1.1\r\nHost: x\r\nAuthorization: {value}\r\n"
                        "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]".encode()
                    )
                    assert peer.recv(65536).split()[1] in (b"400", b"401")
