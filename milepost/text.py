"""Texts of strangers on a screen: what could steer it is shown, never obeyed."""

from __future__ import annotations

# They join letters of Persian words and parts of emoji, and move nothing else.
_JOINERS = "\u200c\u200d"


def is_printable(text: str) -> bool:
    """Whether nothing in a text could steer a screen; a line end could."""
    return text.isprintable() or all(c.isprintable() or c in _JOINERS for c in text)


def one_line(text: str) -> str:
    """`text` with U+FFFD for everything that could steer a screen, line ends too."""
    return text if is_printable(text) else "".join(map(_shown, text))


def plain(text: str) -> str:
    """The same, but line ends stay."""
    return "\n".join(map(one_line, text.split("\n")))


def spaced(text: str) -> str:
    """The same as `one_line`, with single spaces for all white space."""
    return one_line(" ".join(text.split()))


def _shown(character: str) -> str:
    return character if is_printable(character) else "\ufffd"
