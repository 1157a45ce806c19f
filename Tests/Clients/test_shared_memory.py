"""System shared memory with tritonclient and its own utilities, over HTTP and gRPC."""

import os
import uuid

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
import tritonclient.utils.shared_memory as shm
from tritonclient.utils import InferenceServerException, serialize_byte_tensor

VALUES = np.arange(24, dtype=np.float32).reshape(2, 12) / 8


@pytest.fixture(params=["http", "grpc"])
def triton(request, sharing):
    """Each protocol's client and its module; what a test registers goes with it."""
    module = triton_http if request.param == "http" else triton_grpc
    with module.InferenceServerClient(sharing.address) as client:
        yield client, module
        client.unregister_system_shared_memory()


@pytest.fixture
def make_region():
    """Makes shared memory objects that the test's end removes."""
    made = []

    def make(size, prefix="sluice_test_"):
        key = f"/{prefix}{uuid.uuid4().hex}"
        made.append(shm.create_shared_memory_region(key, key, size))
        return key, made[-1]

    yield make
    for region in made:
        shm.destroy_shared_memory_region(region)


def tensor(module, values, datatype, region, size, offset=0):
    made = module.InferInput("INPUT0", list(values.shape), datatype)
    made.set_shared_memory(region, size, offset)
    return made


def wanted(module, region, size, offset=0):
    made = module.InferRequestedOutput("OUTPUT0")
    made.set_shared_memory(region, size, offset)
    return made


def status(client):
    """The regions that a client sees, whichever protocol it speaks."""
    answer = client.get_system_shared_memory_status()
    if isinstance(answer, list):
        return {r["name"]: (r["key"], r["offset"], r["byte_size"]) for r in answer}
    return {name: (r.key, r.offset, r.byte_size) for name, r in answer.regions.items()}


class TestRegions:
    def test_are_registered_and_forgotten(self, triton, make_region):
        client, _ = triton
        (first, _), (second, _) = make_region(64), make_region(128)
        client.register_system_shared_memory("first", first, 64)
        client.register_system_shared_memory("second", second, 96, offset=32)
        assert status(client) == {"first": (first, 0, 64), "second": (second, 32, 96)}
        client.unregister_system_shared_memory("first")
        assert set(status(client)) == {"second"}
        client.unregister_system_shared_memory()
        assert status(client) == {}

    def test_the_gateway_says_that_it_has_them(self, triton):
        client, _ = triton
        answer = client.get_server_metadata()
        extensions = answer["extensions"] if isinstance(answer, dict) else answer.extensions
        assert "system_shared_memory" in extensions

    @pytest.mark.parametrize(
        "prefix, size, offset, text",
        [
            ("elsewhere_", 64, 0, "may not be shared"),
            ("sluice_test_", 65, 0, "don't lie within"),
            ("sluice_test_", 60, 5, "don't lie within"),
            ("sluice_test_", 2 << 20, 0, "larger than"),
            ("sluice_test_", 0, 0, "at least one byte"),
        ],
    )
    def test_what_may_not_be_shared_is_refused(self, triton, make_region, prefix, size, offset, text):
        client, _ = triton
        key, _ = make_region(64, prefix)
        with pytest.raises(InferenceServerException, match=text):
            client.register_system_shared_memory("r", key, size, offset)
        assert status(client) == {}

    @pytest.mark.parametrize("key", ["/sluice_test_/../x", "/../sluice_test_x", "", "/", "sluice_test_\n", "/.."])
    def test_names_stay_where_they_belong(self, triton, key):
        client, _ = triton
        with pytest.raises(InferenceServerException, match="must be the name|there is no|may not"):
            client.register_system_shared_memory("r", key, 64)

    def test_a_link_is_not_followed(self, triton):
        client, _ = triton
        link = f"/dev/shm/sluice_test_{uuid.uuid4().hex}"
        os.symlink("/etc/passwd", link)
        try:
            with pytest.raises(InferenceServerException, match="no shared memory"):
                client.register_system_shared_memory("r", os.path.basename(link), 64)
        finally:
            os.unlink(link)

    def test_a_name_is_taken_once(self, triton, make_region):
        client, _ = triton
        key, _ = make_region(64)
        client.register_system_shared_memory("r", key, 64)
        with pytest.raises(InferenceServerException, match="registered already"):
            client.register_system_shared_memory("r", key, 64)


class TestInference:
    def test_inputs_come_from_a_region_and_outputs_go_to_one(self, triton, make_region):
        client, module = triton
        size = VALUES.nbytes
        (into, source), (out, target) = make_region(16 + size), make_region(32 + size)
        client.register_system_shared_memory("in", into, 16 + size)
        client.register_system_shared_memory("out", out, 24 + size, offset=8)
        shm.set_shared_memory_region(source, [VALUES], offset=16)
        result = client.infer(
            "numbers",
            [tensor(module, VALUES, "FP32", "in", size, 16)],
            outputs=[wanted(module, "out", size, 24)],
        )
        answer = result.get_output("OUTPUT0")
        shape = answer["shape"] if isinstance(answer, dict) else list(answer.shape)
        assert [int(n) for n in shape] == list(VALUES.shape)
        # The region begins at byte 8 of the object, the output at byte 24 of the region.
        assert (shm.get_contents_as_numpy(target, np.float32, VALUES.shape, 32) == VALUES).all()

    def test_words(self, triton, make_region):
        client, module = triton
        words = np.array(["one", "", "three"], dtype=object)
        packed = serialize_byte_tensor(words)
        (into, source), (out, target) = make_region(64), make_region(64)
        client.register_system_shared_memory("in", into, 64)
        client.register_system_shared_memory("out", out, 64)
        shm.set_shared_memory_region(source, [packed])
        size = packed.item().__len__()
        client.infer(
            "words", [tensor(module, words, "BYTES", "in", size)], outputs=[wanted(module, "out", 64)]
        )
        assert shm.get_contents_as_numpy(target, np.object_, [3]).tolist() == [b"one", b"", b"three"]

    def test_one_input_of_a_region_beside_answers_in_the_message(self, triton, make_region):
        client, module = triton
        key, source = make_region(VALUES.nbytes)
        client.register_system_shared_memory("in", key, VALUES.nbytes)
        shm.set_shared_memory_region(source, [VALUES])
        result = client.infer("numbers", [tensor(module, VALUES, "FP32", "in", VALUES.nbytes)])
        assert (result.as_numpy("OUTPUT0") == VALUES).all()

    @pytest.mark.parametrize(
        "region, size, offset, text",
        [
            ("nowhere", 96, 0, "there is no shared memory region"),
            ("in", 96, 8, "don't lie within"),
            ("in", 104, 0, "don't lie within"),
            ("in", 92, 0, "takes 96 bytes"),
        ],
    )
    def test_a_place_that_is_none_is_refused(self, triton, make_region, region, size, offset, text):
        client, module = triton
        key, _ = make_region(96)
        client.register_system_shared_memory("in", key, 96)
        with pytest.raises(InferenceServerException, match=text):
            client.infer("numbers", [tensor(module, VALUES, "FP32", region, size, offset)])

    def test_an_output_that_does_not_fit_is_refused(self, triton, make_region):
        client, module = triton
        key, _ = make_region(96)
        client.register_system_shared_memory("out", key, 96)
        given = module.InferInput("INPUT0", list(VALUES.shape), "FP32")
        given.set_data_from_numpy(VALUES)
        with pytest.raises(InferenceServerException, match="doesn't fit the 95 bytes"):
            client.infer("numbers", [given], outputs=[wanted(module, "out", 95)])

    def test_a_region_that_shrinks_ends_nothing(self, triton, make_region):
        client, module = triton
        key, _ = make_region(1 << 20)
        client.register_system_shared_memory("r", key, 1 << 20)
        os.truncate(f"/dev/shm{key}", 64)
        values = np.zeros((1, 1 << 18), np.float32)
        with pytest.raises(InferenceServerException, match="has shrunk"):
            client.infer("numbers", [tensor(module, values, "FP32", "r", 1 << 20)])
        given = module.InferInput("INPUT0", [1, 64], "FP32")
        given.set_data_from_numpy(values[:, :64])
        with pytest.raises(InferenceServerException, match="has shrunk"):
            client.infer("numbers", [given], outputs=[wanted(module, "r", 256)])
        assert os.stat(f"/dev/shm{key}").st_size == 64
        assert client.is_server_live()
