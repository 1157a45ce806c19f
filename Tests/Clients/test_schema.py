"""`sluice schema`, read by a validator that knows nothing of Sluice."""

import json
import pathlib
import subprocess

import jsonschema_rs
import pytest
import yaml

from gateway import PROGRAM, ROOT

FILES = sorted(
    path
    for path in [*ROOT.glob("*.yaml"), *ROOT.glob("examples/**/*.yaml")]
    if path.read_text().lstrip().startswith(("version:", "#"))
)


@pytest.fixture(scope="module")
def validator():
    """The schema as the command prints it."""
    printed = subprocess.run([PROGRAM, "schema"], capture_output=True, text=True, check=True).stdout
    return jsonschema_rs.Draft202012Validator(json.loads(printed))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(pathlib.Path(path).relative_to(ROOT)))
def test_files_that_the_gateway_takes_are_valid(validator, path):
    document = yaml.safe_load(path.read_text())
    assert "version" in document
    assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)] == []


GOOD = """
version: 1
listeners: { public: { address: "127.0.0.1:8080", max_body: 1MiB } }
models: { echo: { plugin: echo, batching: { max_rows: 4 } } }
auth: none
routes: [{ match: { model: echo }, send: { split: [{ model: echo, weight: 1 }] }, deadline: 2s }]
limits: { standard: [{ count: requests, max: 100/min }] }
"""


def test_the_smallest_file_is_valid(validator):
    assert validator.is_valid(yaml.safe_load(GOOD))


def test_a_model_is_a_plugins_or_has_steps(validator):
    model = "{ plugin: echo, batching: { max_rows: 4 } }"
    assert GOOD.count(model) == 1
    for other, is_valid in [
        ("{ steps: [other] }", True),
        ("{ steps: [other], timeout: 2s }", True),
        ("{ steps: [other], instances: 2 }", False),
        ("{ timeout: 2s }", False),
        ("{}", False),
    ]:
        assert validator.is_valid(yaml.safe_load(GOOD.replace(model, other))) == is_valid, other


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ("max_body", "max_bdy", ["listeners", "public"]),
        ("1MiB", "64", ["listeners", "public", "max_body"]),
        # A model is a file's name or all of its settings: a validator marks the choice, not what is wrong within.
        ("max_rows: 4", "max_rows: four", ["models", "echo"]),
        ("plugin: echo, ", "plugin: [echo], ", ["models", "echo"]),
        ("plugin: echo, ", "", ["models", "echo"]),
        ("plugin: echo, ", "plugin: echo, steps: [other], ", ["models", "echo"]),
        ("plugin: echo, ", "steps: [other], ", ["models", "echo"]),
        ("deadline: 2s", "deadline: 2", ["routes", 0, "deadline"]),
        ("weight: 1", "wieght: 1", ["routes", 0, "send"]),
        ("100/min", "100/m", ["limits", "standard", 0, "max"]),
        ("auth: none", "auth: nobody", ["auth"]),
        ("version: 1\n", "", []),
    ],
)
def test_a_mistake_is_marked_where_it_is(validator, right, wrong, place):
    assert GOOD.count(right) == 1
    errors = list(validator.iter_errors(yaml.safe_load(GOOD.replace(right, wrong))))
    assert [list(error.instance_path) for error in errors] == [place]
