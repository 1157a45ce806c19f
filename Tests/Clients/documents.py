"""Reads what the documentation shows: code blocks, commands and the answers printed under them, links."""

import re
from dataclasses import dataclass

from gateway import ROOT

ELLIPSIS = "…"


@dataclass
class Block:
    """A code block; `language` is empty for an indented one."""

    path: str
    line: int
    language: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}"


@dataclass
class Command:
    """A shell command, and what is printed under it (`None` where the block shows no answers)."""

    place: str
    text: str
    answer: str | None

    @property
    def runs(self):
        """An ellipsis stands for what the reader has to put in."""
        return ELLIPSIS not in self.text

    def __str__(self):
        return f"{self.place} {self.text}"


def blocks(path):
    """All code blocks of a page, in order."""
    found, fence, language, start, lines = [], None, "", 0, []
    for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
        if fence is not None:
            if line.strip() == fence:
                found.append(Block(path, start, language, "\n".join(lines) + "\n"))
                fence, lines = None, []
            else:
                lines.append(line)
        elif opened := re.match(r"(```+)(\w*)", line):
            if lines:
                found.append(Block(path, start, "", "\n".join(lines) + "\n"))
            fence, language, start, lines = opened[1], opened[2], number, []
        elif line.startswith("    "):
            if not lines:
                start = number
            lines.append(line[4:])
        elif lines:
            found.append(Block(path, start, "", "\n".join(lines) + "\n"))
            lines = []
    assert fence is None, f"{path}:{start}: the block has no end"
    if lines:
        found.append(Block(path, start, "", "\n".join(lines) + "\n"))
    return found


def commands(path, program="curl"):
    """Every command of a page that starts with `program`."""
    found = []
    for block in blocks(path):
        if block.language not in ("", "sh", "console"):
            continue
        shown = None
        for number, line in enumerate(re.sub(r"\\\n\s*", "", block.text).splitlines()):
            prompt, text = re.fullmatch(r"(\$ )?(.*)", line).groups()
            if text.startswith(f"{program} ") and (prompt or shown is None):
                shown = Command(f"{path}:{block.line + number}", text, "" if prompt else None)
                found.append(shown)
                if not prompt:
                    shown = None
            elif prompt:
                shown = None
            elif shown is not None:
                shown.answer += line + "\n"
    return found


def matches(shown, printed):
    """Whether `printed` is what the page shows, where an ellipsis stands for anything."""
    pattern = ".*".join(re.escape(part) for part in shown.strip().split(ELLIPSIS))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def links(path):
    """Relative links of a page."""
    text = re.sub(r"```.*?```", "", (ROOT / path).read_text(), flags=re.DOTALL)
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]


def headings(path):
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for line in (ROOT / path).read_text().splitlines():
        if re.match(r"#+ ", line):
            title = line.lstrip("#").strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
    return found


