"""Files about who sends an invoice and who gets it: YAML that the user keeps, and shows to nobody
else.

Only `name` is needed; `address` is lines, the others are texts. A file with a fault is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from milepost.errors import ProfileError
from milepost.yaml_text import mapping

_TEXTS = ("name", "tax id", "email", "note")
_LINES = "address"
_MOST = 10  # lines that a letterhead has room for


@dataclass(frozen=True, slots=True)
class Profile:
    """Who someone is on paper. `note` is a sentence of theirs for every invoice."""

    name: str
    address: tuple[str, ...] = ()
    tax_id: str = ""
    email: str = ""
    note: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What stands below the name."""
        tax_id = (f"Tax id {self.tax_id}",) if self.tax_id else ()
        email = (self.email,) if self.email else ()
        return (*self.address, *tax_id, *email)


def read_profile(path: Path) -> Profile:
    """Read the file at `path`. Raises ProfileError."""
    try:
        return parse_profile(path.read_bytes(), path.name)
    except OSError as error:
        raise ProfileError(path.name, 0, "", f"cannot be read: {error.strerror}") from error


def parse_profile(content: bytes, name: str) -> Profile:
    """Read the content of a file called `name`. Raises ProfileError."""
    tree = mapping(content, name, ProfileError, "name: Ada Example")
    texts: dict[str, str] = {}
    lines: tuple[str, ...] | None = None
    for key, value in tree.value:
        field, line = str(key.value), value.start_mark.line + 1
        if field in texts or (field == _LINES and lines is not None):
            raise ProfileError(name, line, field, "stands twice")
        if field == _LINES:
            lines = _lines(value, name)
        elif field in _TEXTS:
            texts[field] = _text(value, name, field)
        else:
            known = ", ".join(sorted((*_TEXTS, _LINES)))
            raise ProfileError(name, line, field, f"is not a field here; known: {known}")
    if "name" not in texts:
        raise ProfileError(name, 1, "name", "is missing")
    given = {field.replace(" ", "_"): text for field, text in texts.items()}
    return Profile(address=lines or (), **given)


def _text(node: yaml.Node, name: str, field: str) -> str:
    """One line of text, whatever blanks it was written with."""
    text = " ".join(str(node.value).split()) if isinstance(node, yaml.ScalarNode) else ""
    if not text:
        raise ProfileError(name, node.start_mark.line + 1, field, "needs a text")
    return text


def _lines(node: yaml.Node, name: str) -> tuple[str, ...]:
    """A list of texts, or one text of several lines."""
    if isinstance(node, yaml.SequenceNode):
        found = tuple(_text(entry, name, _LINES) for entry in node.value)
    else:
        text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
        found = tuple(" ".join(line.split()) for line in text.splitlines() if line.strip())
    if not 1 <= len(found) <= _MOST:
        raise ProfileError(name, node.start_mark.line + 1, _LINES, f"needs 1 to {_MOST} lines")
    return found
