"""The command lines of the documents against the command itself, as it stands.

In a fenced block with a "$ " prompt, the lines after a prompt are commands and the others are
output; in a block without one, every line that starts with "milepost " is a command.
"""

import re
import shlex
from pathlib import Path

import pytest
import typer

from milepost.cli.app import app
from tests.commands import every, inside

ROOT = Path(__file__).parents[2]
FILES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.M | re.S)
SHELL = {"", "sh", "bash", "shell", "console"}
ENDS = {"|", "||", "&&", ";", ">", ">>", "2>", "&"}

root = typer.main.get_command(app)


def shown(text):
    """The command lines in the fenced blocks of a document."""
    for kind, block in FENCE.findall(text):
        if kind not in SHELL:
            continue
        lines = re.sub(r"\s*\\\n\s*", " ", block).splitlines()
        if any(line.startswith("$ ") for line in lines):
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        for line in lines:
            for part in re.split(r"\s(?:&&|;)\s", line):
                if part.strip().startswith("milepost "):
                    yield part.strip()


def arguments(line):
    """The words after "milepost", up to a comment, a pipe or a redirection."""
    found = shlex.split(line, comments=True)[1:]
    ends = [i for i, word in enumerate(found) if word in ENDS]
    return found[: ends[0]] if ends else found


def parse(found):
    command, path, left = root, ["milepost"], list(found)
    while (known := inside(command)) is not None and left and not left[0].startswith("-"):
        path.append(left.pop(0))
        assert path[-1] in known, f"no command {' '.join(path)}"
        command = known[path[-1]]
    if left in (["--help"], ["--version"]):
        return
    command.make_context(" ".join(path), left)


LINES = [
    pytest.param(line, id=f"{file.relative_to(ROOT)}: {line[:50]}")
    for file in FILES
    for line in shown(file.read_text("utf-8"))
]


def test_lines_are_found():
    text = (
        "```sh\nmilepost fund a \\\n  --yes\nls\n```\n```\n$ milepost status a\nmilepost out\n```\n"
    )
    assert list(shown(text)) == ["milepost fund a --yes", "milepost status a"]
    assert arguments("milepost check a.yaml | head  # look") == ["check", "a.yaml"]
    assert LINES


@pytest.mark.parametrize(
    "line", ["fnd a.yaml", "fund", "fund a.yaml b.yaml", "fund a.yaml --gift", "submit a.yaml one"]
)
def test_what_the_command_refuses_is_seen(line):
    with pytest.raises(Exception, match=r"."):
        parse(line.split())


@pytest.mark.parametrize("line", LINES)
def test_a_shown_command_line_parses(line):
    parse(arguments(line))


@pytest.mark.parametrize("path", [path for path, _ in every(root)], ids=" ".join)
def test_every_command_is_documented(path):
    name = " ".join(("milepost", *path))
    everything = "\n".join(file.read_text("utf-8") for file in FILES)
    assert re.search(rf"(?<![\w-]){name}(?![\w-])", everything), f"`{name}` is nowhere"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_commands_in_the_text_exist(file):
    text = FENCE.sub("", file.read_text("utf-8"))
    for line in re.findall(r"`milepost ([^`]+)`", text):
        command = root
        for word in line.split():
            if word.isupper():  # stands for any word
                break
            if word.startswith("--"):
                options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
                assert word.partition("=")[0] in {*options, "--help"}, line
            elif (known := inside(command)) is not None:
                assert word in known, line
                command = known[word]
