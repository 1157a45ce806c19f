"""Tokens (JWT) made by PyJWT, an issuer that knows nothing of Sluice, and a key set served by HTTP that rolls and dies."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

import grpc
import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from gateway import Gateway, wait_for
from jwt.algorithms import get_default_algorithms
from tritonclient.grpc import service_pb2, service_pb2_grpc

ISSUER = "https://login.example/"
SECRET = "planted-secret-of-the-tests-which-is-longer-than-sixty-four-bytes!"
MAKERS = {
    "RS": lambda _: rsa.generate_private_key(65537, 2048),
    "PS": lambda _: rsa.generate_private_key(65537, 2048),
    "ES": lambda bits: ec.generate_private_key({"256": ec.SECP256R1, "384": ec.SECP384R1, "512": ec.SECP521R1}[bits]()),
    "Ed": lambda _: ed25519.Ed25519PrivateKey.generate(),
}


class Key:
    """A pair of keys and what a key set says of it."""

    def __init__(self, algorithm, kid):
        self.algorithm = algorithm
        self.kid = kid
        self.private = MAKERS[algorithm[:2]](algorithm[2:])

    @property
    def jwk(self):
        jwk = get_default_algorithms()[self.algorithm].to_jwk(self.private.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        return {**jwk, "kid": self.kid, "use": "sig"}

    @property
    def public_pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def claims(**changed):
    now = int(time.time())
    all_of_them = {"iss": ISSUER, "aud": "sluice", "sub": "acme", "iat": now, "exp": now + 600, **changed}
    return {name: value for name, value in all_of_them.items() if value is not None}


def token(key, headers=None, **changed):
    return jwt.encode(claims(**changed), key.private, key.algorithm, headers={"kid": key.kid, **(headers or {})})


class KeyServer:
    """Serves a key set on a port of its own; what it says can be changed, and it can be switched off."""

    def __init__(self, *keys):
        self.keys = list(keys)
        self.status = 200
        self.body = None
        self.requests = 0
        self.port = 0
        self.start()

    def start(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                body = outer.body
                if body is None:
                    body = json.dumps({"keys": [key.jwk for key in outer.keys]}).encode()
                self.send_response(outer.status)
                self.send_header("content-length", str(len(body)))
                self.send_header("location", "/elsewhere")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def configuration(keys, algorithms="[RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA]", more=""):
    return f"""\
version: 1
listeners:
  public: {{ address: "127.0.0.1:0" }}
  admin: {{ address: "127.0.0.1:0", serves: [admin] }}
models: {{ echo: {{ plugin: echo }}, other: {{ plugin: echo }} }}
auth: [api_keys, jwt]
issuers:
  login:
    issuer: {ISSUER}
    audience: [sluice, gate]
    algorithms: {algorithms}
    keys: {keys}
    consumer: {{ claim: sub }}
{more}consumers:
  acme: {{ allow: {{ models: [echo] }} }}
  guests: {{ allow: {{ models: [other] }} }}
observability: {{ access_log: stderr, log_level: debug }}
"""


def infer(gateway, text, model="echo", **headers):
    return requests.post(
        f"{gateway.url}/v1/infer/{model}",
        json=[1.5],
        headers={"Authorization": f"Bearer {text}", **headers},
        timeout=30,
    )


ALL = [Key(name, name.lower()) for name in "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA".split()]


@pytest.fixture(scope="module")
def issuer():
    server = KeyServer(*ALL)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(issuer):
    with Gateway(configuration(f'{{ url: "http://127.0.0.1:{issuer.port}/keys", refresh: 10s }}')) as gateway:
        yield gateway


class TestTokens:
    @pytest.mark.parametrize("key", ALL, ids=lambda key: key.algorithm)
    def test_every_algorithm(self, gateway, key):
        good = token(key)
        assert infer(gateway, good).status_code == 200
        # The second time it is remembered.
        assert infer(gateway, good).status_code == 200
        head, body, signature = good.split(".")
        other = token(key, sub="guests").split(".")[1]
        assert infer(gateway, f"{head}.{other}.{signature}").status_code == 401
        middle = len(signature) // 2
        changed = signature[:middle] + ("A" if signature[middle] != "A" else "B") + signature[middle + 1 :]
        assert infer(gateway, f"{head}.{body}.{changed}").status_code == 401
        assert wait_for(lambda: any('"consumer":"acme"' in line for line in gateway.log))

    def test_the_claim_says_whose_it_is(self, gateway):
        assert infer(gateway, token(ALL[0], sub="guests"), "other").status_code == 200
        assert infer(gateway, token(ALL[0], sub="guests"), "echo").status_code == 404
        listed = requests.get(
            f"{gateway.url}/v1/models", headers={"Authorization": f"Bearer {token(ALL[0], sub='guests')}"}, timeout=30
        )
        assert [entry["name"] for entry in listed.json()["models"]] == ["other"]

    def test_over_grpc(self, gateway):
        with grpc.insecure_channel(gateway.address) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            request = service_pb2.ModelMetadataRequest(name="echo")
            metadata = [("authorization", f"Bearer {token(ALL[0])}")]
            assert stub.ModelMetadata(request, metadata=metadata).name == "echo"
            with pytest.raises(grpc.RpcError) as refused:
                stub.ModelMetadata(request, metadata=[("authorization", f"Bearer {token(ALL[0], aud='x')}")])
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"exp": int(time.time()) - 60}, "token_expired"),
            ({"exp": None}, "token_expired"),
            ({"nbf": int(time.time()) + 3600}, "token_not_yet_valid"),
            ({"iat": int(time.time()) + 3600}, "token_not_yet_valid"),
            ({"aud": "somebody"}, "token_audience"),
            ({"aud": None}, "token_audience"),
            ({"sub": "nobody"}, "token_consumer"),
            ({"sub": None}, "token_consumer"),
            ({"iss": "https://evil.example/"}, "token_invalid"),
        ],
    )
    def test_what_is_wrong_is_said_once_the_signature_is_right(self, gateway, changed, reason):
        refused = infer(gateway, token(ALL[6], **changed))
        assert refused.status_code == 401
        assert refused.json()["code"] == "unauthenticated"
        assert refused.json()["detail"]["reason"] == reason
        assert refused.headers["www-authenticate"].startswith("Bearer")

    def test_the_clock_may_be_off_a_little(self, gateway):
        now = int(time.time())
        assert infer(gateway, token(ALL[6], exp=now - 20)).status_code == 200
        assert infer(gateway, token(ALL[6], nbf=now + 20, iat=now + 20)).status_code == 200


class TestAttacks:
    def test_without_a_signature(self, gateway):
        for algorithm in ["none", "None", "NONE", ""]:
            head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()).rstrip(b"=").decode()
            body = token(ALL[0]).split(".")[1]
            assert infer(gateway, f"{head}.{body}.").status_code == 401
        assert infer(gateway, jwt.encode(claims(), None, "none")).status_code == 401

    def test_the_public_key_as_a_secret(self, gateway):
        for key in (ALL[0], ALL[6]):
            for secret in (key.public_pem, key.public_pem.strip(), json.dumps(key.jwk).encode()):
                for kid in (key.kid, None):
                    head = {"alg": "HS256", "typ": "JWT", **({"kid": kid} if kid else {})}
                    text = b".".join(
                        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims())
                    )
                    code = base64.urlsafe_b64encode(hmac.digest(secret, text, hashlib.sha256)).rstrip(b"=")
                    refused = infer(gateway, (text + b"." + code).decode())
                    assert refused.status_code == 401
                    assert refused.json()["detail"] == {"reason": "token_invalid"}

    def test_another_key_under_the_same_id(self, gateway):
        for own in ALL:
            assert infer(gateway, token(Key(own.algorithm, own.kid))).status_code == 401

    def test_a_key_that_the_token_brings_along(self, gateway, issuer):
        thief = Key("RS256", "thief")
        before = issuer.requests
        for headers in [
            {"jwk": thief.jwk},
            {"jku": f"http://127.0.0.1:{issuer.port}/thief"},
            {"x5u": f"http://127.0.0.1:{issuer.port}/thief"},
            {"kid": ALL[0].kid, "jwk": thief.jwk},
            {"kid": f"http://127.0.0.1:{issuer.port}/thief"},
            {"kid": "../../../../dev/null"},
        ]:
            assert infer(gateway, token(thief, headers)).status_code == 401
        # At most one read for all the keys that weren't there, and one that was due.
        assert issuer.requests - before <= 2

    def test_huge_and_deep(self, gateway):
        assert infer(gateway, "eyJ" + "a" * 20_000 + "..").status_code == 401
        assert infer(gateway, "eyJ" + "a" * 60_000 + "..").status_code in (401, 431)
        deep = json.loads("[" * 400 + "]" * 400)
        assert infer(gateway, token(ALL[6], deep=deep)).status_code == 401
        assert infer(gateway, token(ALL[6], wide=[1] * 1500)).status_code == 401

    def test_two_credentials(self, gateway):
        good = token(ALL[0])
        connection = requests.Request("GET", f"{gateway.url}/v1/models").prepare()
        connection.headers["Authorization"] = f"Bearer {good}, Bearer {good}"
        with requests.Session() as session:
            assert session.send(connection, timeout=30).status_code == 401

    @pytest.mark.parametrize(
        "header",
        ["X-Forwarded-User", "X-Consumer", "X-Consumer-Username", "X-Authenticated-User", "Sluice-Consumer", "X-Remote-User",
         "X-Client-Cert", "X-Forwarded-Client-Cert", "X-Jwt-Payload", "X-Userinfo", "X-Original-User", "Forwarded"],
    )  # fmt: skip
    def test_no_header_says_who_somebody_is(self, gateway, header):
        for value in ("acme", "dns:acme", "By=spiffe://acme;URI=spiffe://acme", '{"sub":"acme"}'):
            refused = requests.get(f"{gateway.url}/v1/models", headers={header: value}, timeout=30)
            assert refused.status_code == 401
        # Nor does one change it.
        answer = infer(gateway, token(ALL[0], sub="guests"), "echo", **{header: "acme"})
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        "path",
        ["/v1/infer/other/../echo", "/v1/infer/other/%2e%2e/echo", "/v1/infer/other%2f..%2fecho", "/v1/infer//echo",
         "/v1/infer/echo%00", "/v1/infer/other?model=echo", "/v1/infer/ECHO", "/v1/infer/echo/", "/v1/infer/echo;other",
         "/v1/infer/%65cho", "/v2/models/echo/infer", "/v2/models/other/versions/../../echo/infer"],
    )  # fmt: skip
    def test_no_path_leads_past_what_one_may(self, gateway, path):
        request = requests.Request(
            "POST", gateway.url, json=[1.5], headers={"Authorization": f"Bearer {token(ALL[0], sub='guests')}"}
        ).prepare()
        request.url = gateway.url + path
        with requests.Session() as session:
            answer = session.send(request, timeout=30)
        assert answer.status_code in (400, 403, 404), (path, answer.text)

    def test_what_takes_other_proof_is_as_if_it_were_not_there(self, issuer):
        key = "sk-ffff-" + "f" * 43
        digest = hashlib.sha256(key.encode()).hexdigest()
        text = configuration(f'{{ url: "http://127.0.0.1:{issuer.port}/keys" }}')
        text = text.replace(
            "guests: {", f'guests: {{ keys: [{{ id: one, hash: "sha256:{digest}" }}],'
        ) + "routes: [{ match: { model: echo }, auth: jwt, send: echo }, { match: { model: other }, auth: jwt, send: other }]\n"
        with Gateway(text) as gateway:
            assert infer(gateway, token(ALL[0])).status_code == 200
            # A key that holds is told of what its owner may know of, and of nothing else.
            for model in ("echo", "nowhere"):
                refused = infer(gateway, key, model)
                assert refused.status_code == 404
                assert refused.json()["error"] == f"Request for unknown model: '{model}'"
            refused = infer(gateway, key, "other")
            assert refused.status_code == 401
            assert refused.json()["error"] == "credentials of this kind are not taken here"
            # One that doesn't hold is told the same everywhere.
            answers = [infer(gateway, "sk-ffff-" + "e" * 43, model) for model in ("echo", "other", "nowhere")]
            assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [
                (401, "this API key is not known here")
            ] * 3

    def test_failures_are_counted_by_reason(self, gateway):
        text = requests.get(f"{gateway.url}/metrics", timeout=30).text
        for issuer, reason in [("login", "expired"), ("login", "signature"), ("login", "algorithm"), ("", "issuer")]:
            assert f'sluice_token_failures_total{{issuer="{issuer}",reason="{reason}"}}' in text


class TestKeySets:
    def test_keys_roll_and_the_last_good_ones_outlive_an_outage(self):
        old, new = Key("ES256", "old"), Key("ES256", "new")
        issuer = KeyServer(old)
        with Gateway(configuration(f'{{ url: "http://127.0.0.1:{issuer.port}/keys", refresh: 10s }}')) as gateway:
            assert infer(gateway, token(old)).status_code == 200
            assert infer(gateway, token(new)).status_code == 401
            # Both are there, then only the new one; each is found at the next read, at the latest.
            issuer.keys = [old, new]
            assert wait_for(lambda: infer(gateway, token(new)).status_code == 200, 25)
            assert infer(gateway, token(old)).status_code == 200
            issuer.keys = [new]
            remembered = token(old)
            assert infer(gateway, remembered).status_code == 200
            assert wait_for(lambda: infer(gateway, remembered).status_code == 401, 25)
            # Out of reach: what was known holds, whatever is asked for.
            issuer.stop()
            failed = 'sluice_issuer_reads_total{issuer="login",outcome="failed"}'
            wanted = token(Key("ES256", "third"))

            def failures():
                assert infer(gateway, token(new)).status_code == 200
                infer(gateway, wanted)
                text = requests.get(f"{gateway.url}/metrics", timeout=30).text
                line = next((line for line in text.splitlines() if line.startswith(failed)), " 0")
                return float(line.rsplit(" ", 1)[1])

            assert wait_for(lambda: failures() >= 2, 40)
            warnings = [line for line in gateway.log if "issuer's keys can't be read" in line]
            assert len(warnings) == 1, "one line for one outage"
            # It comes back with other keys: the old ones are gone.
            third = Key("ES256", "third")
            issuer.keys = [third]
            issuer.start()
            assert wait_for(lambda: infer(gateway, token(third)).status_code == 200, 75)
            assert infer(gateway, token(new)).status_code == 401
        issuer.stop()

    def test_an_issuer_that_was_never_reached(self):
        issuer = KeyServer(ALL[6])
        issuer.stop()
        with Gateway(configuration(f'{{ url: "http://127.0.0.1:{issuer.port}/keys" }}')) as gateway:
            refused = infer(gateway, token(ALL[6]))
            assert refused.status_code == 503
            assert refused.json()["code"] == "issuer_unavailable"
            assert refused.headers["retry-after"] == "1"
            issuer.start()
            assert wait_for(lambda: infer(gateway, token(ALL[6])).status_code == 200, 70)
        issuer.stop()

    @pytest.mark.parametrize(
        ("status", "body"),
        [(200, b"<html>"), (200, b"{"), (200, b'{"keys":[]}'), (200, b" " * 300_000), (302, None), (404, None), (500, None)],
    )
    def test_answers_that_are_no_key_set(self, status, body):
        issuer = KeyServer(ALL[6])
        issuer.status, issuer.body = status, body
        with Gateway(configuration(f'{{ url: "http://127.0.0.1:{issuer.port}/keys" }}')) as gateway:
            assert infer(gateway, token(ALL[6])).status_code == 503
            assert any("issuer's keys can't be read" in line for line in gateway.log)
        issuer.stop()

    def test_a_file_and_a_secret(self, tmp_path, monkeypatch):
        keys = tmp_path / "keys.json"
        keys.write_text(json.dumps({"keys": [ALL[6].jwk, {"kty": "oct", "k": "AAAA"}, {"kty": "AKP"}]}))
        monkeypatch.setenv("LOGIN_SECRET", SECRET)
        more = """\
  ours:
    issuer: ours
    audience: sluice
    algorithms: [HS256, HS512]
    keys: { secret: env:LOGIN_SECRET }
    consumer: guests
"""
        with Gateway(configuration(f"{{ file: {keys} }}", more=more)) as gateway:
            assert infer(gateway, token(ALL[6])).status_code == 200
            for algorithm in ("HS256", "HS512"):
                good = jwt.encode(claims(iss="ours", sub="x"), SECRET, algorithm)
                assert infer(gateway, good, "other").status_code == 200
            assert infer(gateway, jwt.encode(claims(iss="ours"), SECRET, "HS384"), "other").status_code == 401
            assert infer(gateway, jwt.encode(claims(iss=ISSUER), SECRET, "HS256"), "other").status_code == 401
            effective = requests.get(f"http://127.0.0.1:{gateway.ports['admin']}/admin/config", timeout=30).text
            metrics = requests.get(f"{gateway.url}/metrics", timeout=30).text
            assert "env:LOGIN_SECRET" in effective
            log = "".join(gateway.log)
        planted = [SECRET, token(ALL[6]).split(".")[0][:24], *good.split(".")]
        for secret in planted:
            for text in (effective, metrics, log):
                assert secret not in text
