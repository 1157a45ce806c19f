"""Where remote models live: connections that end, deadlines, replicas that die, and chains to other servers."""

import concurrent.futures
import functools
import json
import socket
import threading
import time

import pytest
import remotes
import requests
from gateway import Gateway, wait_for
from remotes import HEAD, PORTS, Fake, near, post, say

ECHO = "models:\n  echo-FP32: { plugin: echo, config: { inputs: [{ name: INPUT0, datatype: FP32, shape: [-1, -1] }] } }\n"
@pytest.fixture(scope="module")
def far():
    with Gateway(HEAD + ECHO) as made:
        yield made


class TestConnections:
    """How requests get to a server by HTTP/1.1 without TLS."""

    def test_are_kept_and_never_mixed_up(self):
        ports = set()

        def answer(handler):
            ports.add(handler.client_address[1])
            remotes.echo(handler)

        with Fake(answer) as fake, near({"far": {"servers": [fake.url], "health": False}}) as gateway:

            def ask(number):
                outputs = post(gateway, values=[[number, -number]]).json()["outputs"]
                return outputs == {"y": [[number, -number]]}

            assert all(ask(number) for number in range(20))
            assert len(ports) <= 2
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                assert all(pool.map(ask, range(400)))
            assert len(ports) <= 24

    def test_a_host_by_its_name(self):
        with Fake() as fake, near({"far": {"servers": [f"http://localhost:{fake.port}/"]}}) as gateway:
            for _ in range(3):
                assert post(gateway).json()["outputs"] == {"y": [[1, 2]]}
            path, headers, _ = fake.seen[-1]
            assert (path, headers["Host"]) == ("/v2/models/far/infer", f"localhost:{fake.port}")

    def test_answers_in_chunks_and_after_interim_ones(self):
        def answer(handler):
            head, raw = remotes.request_of(handler.request_body, handler.headers)
            text = json.dumps({"outputs": [remotes.output(len(raw), head["inputs"][0]["shape"])]}).encode()
            handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nInference-Header-Content-Length: 1\r\n\r\nHTTP/1.1 200 OK\r\n")
            handler.wfile.write(b"Inference-Header-Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(text))
            for byte in text + raw:
                handler.wfile.write(b"1;x=y\r\n%c\r\n" % byte)
            handler.wfile.write(b"0\r\nTrailer: x\r\n\r\n")

        with Fake(answer) as fake, near({"far": {"servers": [fake.url]}}) as gateway:
            for _ in range(3):
                assert post(gateway).json()["outputs"] == {"y": [[1, 2]]}

    @pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n"])
    def test_answers_that_end_with_their_connection(self, head):
        body = json.dumps({"outputs": [{"name": "y", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}).encode()
        with Fake(say(head + b"\r\n" + body)) as fake, near({"far": {"servers": [fake.url]}}) as gateway:
            for _ in range(3):
                assert post(gateway).json()["outputs"] == {"y": [[1, 2]]}

    def test_a_server_that_closes_without_a_word_loses_nothing(self):
        def answer(handler):
            remotes.echo(handler)
            handler.close_connection = True

        with Fake(answer) as fake, near({"far": {"servers": [fake.url]}}) as gateway:
            for _ in range(30):
                assert post(gateway).status_code == 200
            assert len(fake.seen) == 30

    def test_a_refusal_in_the_middle_of_a_long_request(self):
        def refuse(handler):
            handler.body(b'{"error": "too long"}', 413)
            handler.connection.shutdown(socket.SHUT_WR)
            handler.close_connection = True

        with Fake() as fake, near({"far": {"servers": [fake.url]}}) as gateway:
            rows = [[1, 2]] * 200_000
            assert post(gateway, values=rows).json()["outputs"] == {"y": rows}
            fake.answer = refuse
            answer = post(gateway, values=rows)
            assert answer.status_code == 400 and "too long" in answer.text
            fake.answer = remotes.echo
            assert post(gateway, values=rows).json()["outputs"] == {"y": rows}

    def test_nobody_keeps_one_for_longer_than_the_file_says(self):
        opened, gone = [], set()

        def answer(handler):
            opened.append(handler.client_address)
            remotes.echo(handler)
            if handler.connection.recv(1, socket.MSG_PEEK) == b"":
                gone.add(handler.client_address)

        with Fake(answer) as fake, near({"far": {"servers": [fake.url], "idle": "1s", "health": False}}) as gateway:
            for _ in range(3):
                assert post(gateway).status_code == 200
            assert wait_for(lambda: gone == set(opened), 20)

    @pytest.mark.parametrize("retry, most", [(True, 2), (False, 1)])
    @pytest.mark.parametrize("protocol", ["open-inference", "grpc"])
    def test_what_breaks_off_is_sent_once_more_at_most(self, far, protocol, retry, most):
        with remotes.Breaking(far.ports["public"]) as between:
            config = {"protocol": protocol, "servers": [between.url], "model": "echo-FP32", "retry": retry, "health": False}
            with near({"far": config}) as gateway:
                ask = functools.partial(requests.post, f"{gateway.url}/v1/infer/far", json={"INPUT0": [[1, 2]]}, timeout=30)
                for _ in range(3):
                    assert ask().status_code == 200
                between.breaks = True
                answer = ask()
                assert (answer.status_code, answer.json()["code"]) == (503, "model_unavailable"), answer.text
                assert 1 <= between.broken <= most


class TestTime:
    def test_a_deadline_of_the_caller_and_one_of_the_file(self):
        with Fake(lambda handler: fake.held.wait(20)) as fake:
            models = {
                "far": f'{{ plugin: remote, timeout: 200ms, config: {{ servers: ["{fake.url}"] }} }}',
                "slow": {"servers": [fake.url], "timeout": "200ms"},
            }
            with near(models) as gateway:
                for model, status, code in (("far", 504, "deadline_exceeded"), ("slow", 503, "model_unavailable")):
                    began = time.monotonic()
                    answer = post(gateway, model)
                    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
                    assert time.monotonic() - began < 5

    def test_a_caller_that_leaves_ends_the_call(self):
        gone = threading.Event()

        def wait(handler):
            if handler.connection.recv(1) == b"":
                gone.set()

        with Fake(wait) as fake, near({"far": {"servers": [fake.url]}}) as gateway:
            with pytest.raises(requests.exceptions.ReadTimeout):
                requests.post(f"{gateway.url}/v1/infer/far", json={"x": [[1, 2]]}, timeout=0.3)
            assert gone.wait(10)


class TestReplicas:
    def test_a_replica_that_dies_loses_nothing(self):
        text = HEAD + ECHO
        with Gateway(text) as first, Gateway(text) as second:
            servers = [first.url, second.url]
            models = {
                "http": {"servers": servers, "model": "echo-FP32", "eject": {"after": 2}},
                "grpc": {"protocol": "grpc", "servers": servers, "model": "echo-FP32", "eject": {"after": 2}},
            }
            with near(models) as gateway:
                stop, served, failures = threading.Event(), [0] * 8, []

                def ask(number):
                    session = requests.Session()
                    model = ("http", "grpc")[number % 2]
                    while not stop.is_set():
                        answer = session.post(
                            f"{gateway.url}/v1/infer/{model}", json={"INPUT0": [[number]]}, timeout=30
                        )
                        if answer.status_code != 200 or answer.json()["outputs"]["OUTPUT0"] != [[number]]:
                            failures.append(answer.text)
                        served[number] += 1

                threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
                for thread in threads:
                    thread.start()
                assert wait_for(lambda: min(served) > 20, 60)
                second.kill()
                before = list(served)
                assert wait_for(lambda: all(now > then + 20 for now, then in zip(served, before)), 60)
                stop.set()
                for thread in threads:
                    thread.join()
                assert failures == []
                assert any("is left alone for now" in line for line in gateway.log)

    @pytest.mark.parametrize("protocol", ["open-inference", "grpc"])
    def test_what_one_replica_loses_twice_another_answers(self, far, protocol):
        # As of a process that is killed: the connection that was kept ends, and a new one is taken and ends as well.
        with remotes.Breaking(far.ports["public"]) as between:
            config = {
                "protocol": protocol,
                "servers": [between.url, far.url],
                "model": "echo-FP32",
                "health": False,
                "eject": {"after": 1000},
            }
            with near({"far": config}) as gateway:
                ask = functools.partial(requests.post, f"{gateway.url}/v1/infer/far", json={"INPUT0": [[1, 2]]}, timeout=30)
                for _ in range(8):
                    assert ask().status_code == 200
                between.breaks = True
                for _ in range(8):
                    answer = ask()
                    assert answer.status_code == 200, answer.text
                assert between.broken >= 2

    def test_calls_go_where_there_are_fewest(self):
        held = threading.Event()

        def slow(handler):
            held.wait(30)
            remotes.echo(handler)

        with Fake(slow) as busy, Fake() as free, near({"far": {"servers": [busy.url, free.url]}}) as gateway:
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                stuck = []
                while len(busy.seen) < 2 and len(stuck) < 4:
                    stuck.append(pool.submit(post, gateway))
                    wait_for(lambda: len(busy.seen) + len(free.seen) >= len(stuck))
                before = len(busy.seen)
                for _ in range(20):
                    assert post(gateway).status_code == 200
                assert len(busy.seen) == before <= 2 and len(free.seen) >= 20
                held.set()
                assert [future.result().status_code for future in stuck] == [200] * len(stuck)

    def test_equals_take_turns(self):
        with Fake() as one, Fake() as two, Fake() as three:
            with near({"far": {"servers": [one.url, two.url, three.url]}}) as gateway:
                for _ in range(30):
                    assert post(gateway).status_code == 200
            assert [len(fake.seen) for fake in (one, two, three)] == [10, 10, 10]

    def test_one_that_fails_is_left_alone_and_comes_back(self):
        with Fake() as good:
            port = remotes.closed_port()
            servers = [good.url, f"http://127.0.0.1:{port}"]
            config = {"servers": servers, "eject": {"after": 1, "for": "100ms"}, "health": {"every": "100ms"}}
            with near({"far": config}) as gateway:
                for _ in range(10):
                    assert post(gateway).status_code == 200
                with Fake(port=port) as back:
                    assert wait_for(lambda: post(gateway).status_code == 200 and back.seen)
                assert any("is asked again" in line for line in gateway.log)

    def test_one_that_is_not_ready_is_not_asked(self):
        with Fake() as good, Fake(ready=503) as bad:
            config = {"servers": [good.url, bad.url], "health": {"path": "/custom/ready", "every": "100ms"}}
            with near({"far": config}) as gateway:
                assert wait_for(lambda: any("its health check fails: status 503" in line for line in gateway.log))
                bad.seen.clear()
                for _ in range(10):
                    assert post(gateway).status_code == 200
                assert bad.seen == []

    def test_what_must_not_be_repeated_is_not(self):
        die = say(b"")
        with Fake(die) as one, Fake(die) as two:
            config = {"servers": [one.url, two.url], "retry": False, "health": False}
            with near({"far": config}) as gateway:
                assert post(gateway).status_code == 503
            assert len(one.seen) + len(two.seen) == 1


class TestChains:
    def test_from_remote_to_local_and_back(self):
        echo = "{ plugin: echo, config: { inputs: [{ name: x, datatype: FP32, shape: [-1, 2] }], outputs: [{ name: y }] } }"
        routes = """\
routes:
  - { match: { model: out }, send: far, fallback: [{ when: [5xx], model: near }] }
  - { match: { model: in }, send: small, fallback: [{ when: [5xx], model: far }] }
"""
        port = remotes.closed_port()
        config = {"servers": [f"http://127.0.0.1:{port}"], "eject": {"for": "50ms", "most": "50ms"}, "health": False, **PORTS}
        gone = {"servers": [f"http://127.0.0.1:{remotes.closed_port()}"], "health": False, **PORTS}
        with near({"far": config, "near": echo, "small": gone}, routes) as gateway:
            answer = post(gateway, "out")
            assert answer.status_code == 200 and answer.headers["sluice-model"] == "near"
            assert answer.headers["sluice-fallback"] == "far=model_unavailable"
            with Fake(port=port):
                assert wait_for(lambda: post(gateway, "out").headers["sluice-model"] == "far")
                answer = post(gateway, "in")
                assert answer.status_code == 200 and answer.headers["sluice-model"] == "far"
