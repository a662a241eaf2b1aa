"""What strangers' texts look like where they are shown."""

import pytest

from milepost.text import is_printable, one_line, plain, spaced

PERSIAN = "می\u200cخواهم"  # noqa: RUF001
FAMILY = "\U0001f469\u200d\U0001f4bb"


@pytest.mark.parametrize("text", ["plain", "", PERSIAN, FAMILY, "é", "\u4e2d"])
def test_words_stay_as_they_are(text):
    assert is_printable(text)
    assert one_line(text) == plain(text) == spaced(text) == text


@pytest.mark.parametrize("steering", ["\x1b", "\x07", "\u202e", "\u2028", "\x85", "\ud800", "\x00"])
def test_what_steers_is_shown(steering):
    text = f"a{steering}b"
    assert not is_printable(text)
    assert one_line(text) == plain(text) == "a\ufffdb"


def test_line_ends_stay_or_become_spaces():
    assert one_line("a\nb") == "a\ufffdb"
    assert plain("a\nb\n") == "a\nb\n"
    assert spaced(" a \n\t b ") == "a b"
