"""What the documentation shows is run as it stands, and what it says is printed must be printed."""

import ast
import pathlib
import re
import shutil
import subprocess
import tokenize
from io import StringIO

import pytest
from documents import blocks, commands, headings, links, matches
from gateway import ROOT, Gateway, run

PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/*.md", "examples/*/*.md", "Plugins/*/*.md")
    for path in ROOT.glob(pattern)
)
CURLS = [c for page in ("README.md", "docs/clients.md") for c in commands(page) if c.runs]


def ask(command, gateway):
    """Runs a curl command of the documentation against a gateway on another port."""
    text, count = re.subn(r"(?:localhost|127\.0\.0\.1):8080", gateway.address, command.text)
    assert count == 1, f"{command} does not say where it goes"
    text = text.replace("curl ", "curl --silent --show-error --fail-with-body ", 1)
    result = subprocess.run(
        ["bash", "-c", text], cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
    return result.stdout


def test_enough_is_shown():
    assert len(CURLS) >= 6
    assert any(c.answer for c in CURLS)


@pytest.mark.parametrize("command", CURLS, ids=str)
def test_curl_commands_work_and_print_what_is_shown(served, command):
    printed = ask(command, served)
    if command.answer:
        assert matches(command.answer, printed), f"{command.answer}\nis not\n{printed}"


def test_make_run_prints_three_commands_that_work(served):
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile[makefile.index("\nrun: ") :].split("\n\n", 1)[0]
    printing = recipe[recipe.index("@printf") + 1 : recipe.index("\t@exec")].replace("$$", "$")
    printed = subprocess.run(["bash", "-c", printing], capture_output=True, text=True, check=True).stdout
    shown = re.findall(r"^  (curl (?:.*\\\n)*.*)$", printed, re.MULTILINE)
    assert len(shown) == 3
    for text in shown:
        text = re.sub(r"127\.0\.0\.1:8080", served.address, text)
        result = subprocess.run(
            ["bash", "-c", text.replace("curl ", "curl --silent --show-error --fail-with-body ", 1)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, text + result.stdout + result.stderr


class TestPython:
    """The Python of docs/clients.md, one page after the other in one session."""

    def comment_values(self, text):
        """Line number → what the comment at its end says the line's value is."""
        tokens = tokenize.generate_tokens(StringIO(text).readline)
        return {t.start[0]: t.string[1:].strip() for t in tokens if t.type == tokenize.COMMENT}

    def test_it_runs_and_gives_what_it_says(self, served):
        session, compared = {}, 0
        shown = [block for block in blocks("docs/clients.md") if block.language == "python"]
        assert len(shown) >= 2
        for block in shown:
            text = re.sub(r"localhost:8080", served.address, block.text)
            said = self.comment_values(text)
            for statement in ast.parse(text).body:
                code = ast.get_source_segment(text, statement)
                if isinstance(statement, ast.Expr):
                    value = eval(code, session)  # noqa: S307 - the repository's own page
                    if statement.end_lineno in said:
                        assert repr(value) == said[statement.end_lineno], f"{block} {code}"
                        compared += 1
                else:
                    exec(code, session)  # noqa: S102
        assert compared >= 1


class TestOtherLanguages:
    """The programs of docs/clients.md in other languages, where this machine has them."""

    def program(self, language, served):
        (block,) = [block for block in blocks("docs/clients.md") if block.language == language]
        (said,) = re.findall(r"(?:console\.log|print)\(.*// (.*)$", block.text, re.MULTILINE)
        text, count = re.subn(r"localhost:8080", served.address, block.text)
        assert count == 1
        return text, said

    def test_javascript(self, served, tmp_path):
        if shutil.which("node") is None:
            pytest.skip("there is no node")
        text, said = self.program("js", served)
        (tmp_path / "ask.mjs").write_text(text)
        result = subprocess.run(
            ["node", "ask.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert result.stdout.strip() == said, result.stderr

    def test_swift(self, served, tmp_path):
        if shutil.which("swiftc") is None:
            pytest.skip("there is no swiftc")
        text, said = self.program("swift", served)
        (tmp_path / "main.swift").write_text(text)
        made = subprocess.run(
            ["swiftc", "main.swift", "-o", "ask"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )
        assert made.returncode == 0, made.stderr
        result = subprocess.run(["./ask"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert result.stdout.strip() == said, result.stderr


class TestConfiguration:
    """README.md's gateway.yaml and the mistake that it shows."""

    @pytest.fixture
    def text(self):
        (shown,) = [block.text for block in blocks("README.md") if block.language == "yaml"]
        return shown.replace("sha256:…", "sha256:" + "0a" * 32)

    def test_it_is_good(self, text, tmp_path):
        (tmp_path / "gateway.yaml").write_text(text)
        result = run("check", "gateway.yaml", cwd=tmp_path)
        assert result.returncode == 0, result.stdout
        assert ": good\n" in result.stdout, result.stdout

    def test_the_mistake_is_shown_as_it_is_printed(self, text, tmp_path):
        (shown,) = [block.text for block in blocks("README.md") if block.text.startswith("gateway.yaml:")]
        wrong = text.replace("send: iris", "send: irris")
        assert wrong != text
        (tmp_path / "gateway.yaml").write_text(wrong)
        result = run("check", "gateway.yaml", cwd=tmp_path)
        assert result.returncode == 1
        assert result.stdout.startswith(shown), result.stdout

    def test_every_command_exists(self):
        help_text = run("help").stdout
        shown = re.findall(r"^\| `sluice (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
        assert len(shown) >= 4
        for name in shown:
            assert re.search(rf"^  {name}\b", help_text, re.MULTILINE), name


def test_the_plugin_of_the_page_builds_and_answers():
    page = blocks("docs/plugin-abi.md")
    (source,) = [block.text for block in page if block.language == "c"]
    (build,) = [c for c in commands("docs/plugin-abi.md", "gcc")]
    (configuration,) = [block.text for block in page if block.language == "yaml"]
    (request,) = commands("docs/plugin-abi.md")
    gateway = Gateway(configuration.replace("127.0.0.1:8080", "127.0.0.1:0"))
    (gateway.folder / "scale.c").write_text(source)
    include = "Sources/CSluicePlugin/include"
    assert include in build.text
    strict = build.text.replace(include, str(ROOT / include)).replace("gcc ", "gcc -Wall -Wextra -Werror ")
    result = subprocess.run(
        ["bash", "-c", strict], cwd=gateway.folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    with gateway:
        assert matches(request.answer, ask(request, gateway))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    folder = (ROOT / page).parent
    for target in links(page):
        path, _, anchor = target.partition("#")
        there = (folder / path).resolve() if path else ROOT / page
        assert there.exists(), f"{page} → {target}"
        if anchor and there.suffix == ".md":
            assert anchor in headings(pathlib.Path(there).relative_to(ROOT)), f"{page} → {target}"
