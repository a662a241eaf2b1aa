"""Files are written whole, or not at all."""

import os
import stat

import pytest

from milepost import files
from milepost.errors import InputError
from milepost.files import write_whole


def test_a_file_that_fails_halfway_is_left_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    path.write_text("before")

    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Path, "replace", fail)
    with pytest.raises(InputError, match=r"x\.csv cannot be written: No space left"):
        write_whole({path: b"after"})
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_keeps_its_mode(tmp_path):
    path = tmp_path / "x.csv"
    for mode in (0o600, 0o640, 0o666):
        path.write_text("before")
        path.chmod(mode)
        write_whole({path: b"after"})
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert path.read_text() == "after"
    fresh, plain = tmp_path / "fresh", tmp_path / "plain"
    plain.write_text("")
    write_whole({fresh: b"x"})
    assert fresh.stat().st_mode == plain.stat().st_mode


def test_a_link_goes_on_leading_to_its_file(tmp_path):
    target, link = tmp_path / "there" / "x.csv", tmp_path / "link"
    target.parent.mkdir()
    link.symlink_to(target)
    for content in (b"first", b"second"):
        write_whole({link: content})
        assert link.is_symlink()
        assert target.read_bytes() == content
    assert list(target.parent.iterdir()) == [target]
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(InputError, match="circle cannot be written"):
        write_whole({circle: b""})


def test_names_of_drafts_are_taken_by_nobody_else(tmp_path):
    path = tmp_path / ("x" * 255)
    write_whole({path: b"x"})
    assert path.read_bytes() == b"x"
    drafts = {files._draft_of(path) for _ in range(10)}
    assert len(drafts) == 10
    assert all(str(os.getpid()) in draft.name for draft in drafts)


def test_what_cannot_be_written_is_named(tmp_path):
    for path in (tmp_path, tmp_path / "none" / "x", tmp_path / ("x" * 256)):
        with pytest.raises(InputError, match="cannot be written"):
            write_whole({path: b"x"})
    assert list(tmp_path.iterdir()) == []


def test_a_device_takes_what_is_written():
    write_whole({files.Path(os.devnull): b"x"})
    assert not files.Path(os.devnull).is_file()
