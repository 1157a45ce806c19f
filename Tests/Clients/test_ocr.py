"""A model made of models by real clients: a picture of a page in, its text out."""

import io

import numpy as np
import pytest
import requests
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from gateway import ROOT
from PIL import Image

PAGE = ROOT / "examples" / "ocr" / "page.png"
TRUTH = [line for line in (ROOT / "examples" / "ocr" / "page.txt").read_text().splitlines() if line]


def distance(left, right):
    """The fewest characters to insert, drop or replace."""
    row = list(range(len(right) + 1))
    for a in left:
        before, row = row, [row[0] + 1]
        for index, b in enumerate(right):
            row.append(min(before[index + 1] + 1, row[index] + 1, before[index] + (a != b)))
    return row[-1]


def wrong_share(lines):
    return distance("\n".join(lines), "\n".join(TRUTH)) / len("\n".join(TRUTH))


def picture(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def read(served):
    def post(body, **parameters):
        answer = requests.post(
            f"{served.url}/v1/infer/ocr", data=body, params=parameters, headers={"Content-Type": "image/png"}, timeout=60
        )
        return answer

    return post


@pytest.fixture(scope="module")
def pixels():
    """The page as the pipeline's input has it."""
    page = np.asarray(Image.open(PAGE).convert("RGB"), np.float32)[:, :, ::-1] / 255
    assert page.shape[0] % 32 == 0 and page.shape[1] % 32 == 0
    return np.ascontiguousarray(((page - 0.5) / 0.5).transpose(2, 0, 1)[None])


def test_a_page_is_read(read):
    answer = read(PAGE.read_bytes())
    assert answer.status_code == 200, answer.text
    outputs = answer.json()["outputs"]
    assert len(outputs["text"]) == len(TRUTH), outputs["text"]
    assert wrong_share(outputs["text"]) <= 0.05, outputs["text"]
    assert min(outputs["confidence"]) > 0.8
    boxes = np.array(outputs["boxes"])
    assert boxes.shape == (len(TRUTH), 4, 2)
    assert (np.diff(boxes[:, :, 1].mean(axis=1)) > 0).all(), "from top to bottom"


def test_a_page_without_text_has_no_lines(read):
    answer = read(picture(Image.new("L", (320, 320), 250)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["outputs"] == {"text": [], "confidence": [], "boxes": []}


def test_only_what_is_asked_for_is_worked_out(served, read):
    def recognised():
        text = requests.get(f"{served.url}/metrics", timeout=10).text
        lines = [line for line in text.splitlines() if line.startswith('sluice_model_seconds_count{model="page-recognise"}')]
        return float(lines[0].rsplit(" ", 1)[1]) if lines else 0

    before = recognised()
    answer = read(PAGE.read_bytes(), outputs="boxes")
    assert list(answer.json()["outputs"]) == ["boxes"]
    assert recognised() == before


def test_triton_clients_get_the_same_text(served, read, pixels):
    expected = read(PAGE.read_bytes()).json()["outputs"]["text"]
    for triton, client in (
        (triton_http, triton_http.InferenceServerClient(served.address)),
        (triton_grpc, triton_grpc.InferenceServerClient(served.address)),
    ):
        assert client.is_model_ready("ocr")
        metadata = client.get_model_metadata("ocr")
        platform = metadata["platform"] if isinstance(metadata, dict) else metadata.platform
        assert platform == "sluice_pipeline"
        image = triton.InferInput("image", list(pixels.shape), "FP32")
        image.set_data_from_numpy(pixels)
        text = client.infer("ocr", [image]).as_numpy("text")
        assert [line.decode() for line in text] == expected
        client.close()


def test_one_call_says_what_a_client_gets_by_calling_each_model(served, read, pixels):
    """Each step by itself, as a client does without a pipeline: routes to them are of this test's own gateway."""
    expected = read(PAGE.read_bytes()).json()["outputs"]
    from gateway import Gateway

    text = (ROOT / "gateway.yaml").read_text().replace("127.0.0.1:8080", "127.0.0.1:0")
    text = text[: text.index("\nroutes:")] + "\n"
    wanted = text[: text.index("models:")] + "models:\n" + text[text.index("  page-detect") :]
    with Gateway(wanted.replace("./build/", f"{ROOT}/build/").replace("./examples/", f"{ROOT}/examples/")) as gateway:
        client = triton_http.InferenceServerClient(gateway.address, network_timeout=120)

        def call(model, **inputs):
            given = []
            for name, value in inputs.items():
                tensor = triton_http.InferInput(name, list(value.shape), "FP32")
                tensor.set_data_from_numpy(value)
                given.append(tensor)
            return client.infer(model, given)

        maps = call("page-detect", x=pixels).as_numpy("sigmoid_0.tmp_0")
        lines = call("page-lines", image=pixels, maps=maps)
        letters = call("page-recognise", x=lines.as_numpy("lines")).as_numpy("softmax_11.tmp_0")
        text = call("page-text", letters=letters).as_numpy("text")
        client.close()
    assert [line.decode() for line in text] == expected["text"]
    np.testing.assert_allclose(lines.as_numpy("boxes"), np.array(expected["boxes"]), atol=0.5)
