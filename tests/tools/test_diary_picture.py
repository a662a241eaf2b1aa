"""The picture of the diary in the documents is what the tool draws."""

from tools import diary_picture


def test_the_picture_is_the_one_that_is_drawn():
    is_same = diary_picture.OUT.read_text("utf-8") == diary_picture.draw()
    assert is_same, "`python tools/diary_picture.py` draws it anew"
