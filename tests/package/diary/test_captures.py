"""Captures of a real display, and what never reaches the disk."""

import json
import mmap
import os
import shutil
import stat
import struct
import subprocess
import sys
import time
import zlib

import pytest

from milepost.diary import captures as module
from milepost.diary import pulse
from milepost.diary.captures import Captures, moments, verify_capture
from milepost.errors import ExtraMissing, InputError, PasswordWrong
from milepost.presets import UNIT
from milepost.signing import keccak256

PASSWORD = "correct horse"
NOW = 1_796_083_330
START = NOW - NOW % UNIT
TIMER = "0f1e2d3c"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
WIDTH, HEIGHT = 320, 240
RED = (200, 30, 40)


@pytest.fixture(scope="session")
def display(tmp_path_factory):
    """The name of a display with a red rectangle in its upper left quarter."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no display: Xvfb is missing, `apt-get install xvfb` brings it")
    folder = tmp_path_factory.mktemp("screen")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24"]
    server = subprocess.Popen(
        # It forgets what is drawn when its last client leaves, unless told otherwise.
        [*command, "-br", "-noreset", "-nolisten", "tcp", "-fbdir", str(folder)],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as file:
        number = file.readline().strip()
    assert number, "Xvfb did not start"
    _draw(folder / "Xvfb_screen0")
    yield f":{number}"
    server.terminate()
    server.wait()


def _draw(path):
    """Paints in the memory of the display, which is a file in the format of xwd."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        header = struct.unpack(">20I", memory[:80])
        line, begin = header[12], header[0] + 12 * header[19]
        pixels = bytes((*reversed(RED), 0)) * (WIDTH // 2)
        for y in range(HEIGHT // 2):
            memory[begin + y * line : begin + y * line + len(pixels)] = pixels


@pytest.fixture
def screen(display, monkeypatch):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)


@pytest.fixture
def no_screen(monkeypatch):
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory):
    """A folder that is set up, and its key: either takes a second."""
    captures = Captures(tmp_path_factory.mktemp("diary") / "captures")
    captures.set_up(PASSWORD)
    return captures.folder, captures.unlock(PASSWORD)


@pytest.fixture
def captures(tmp_path, _prepared):
    return Captures(shutil.copytree(_prepared[0], tmp_path / "captures"))


@pytest.fixture
def key(_prepared):
    return _prepared[1]


def pixel(png, x, y):
    """The colour of one pixel, from a PNG with one chunk of unfiltered data."""
    width = struct.unpack(">I", png[16:20])[0]
    size = struct.unpack(">I", png[33:37])[0]
    lines = zlib.decompress(png[41 : 41 + size])
    at = y * (1 + 3 * width) + 1 + 3 * x
    return tuple(lines[at : at + 3])


def files_in(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_capture_is_the_screen(captures, key, screen):
    taken = captures.take(NOW)
    assert (taken.start, taken.taken_at, taken.is_seen) == (START, NOW, False)
    png = captures.open(START, key)
    assert png.startswith(SIGNATURE)
    assert len(png) == taken.size
    assert struct.unpack(">2I", png[16:24]) == (WIDTH, HEIGHT)
    assert pixel(png, 0, 0) == pixel(png, WIDTH // 2 - 1, HEIGHT // 2 - 1) == RED
    assert pixel(png, WIDTH // 2, 0) == pixel(png, WIDTH - 1, HEIGHT - 1) == (0, 0, 0)


def test_a_key_is_made_once_and_for_the_freelancer_alone(tmp_path):
    captures = Captures(tmp_path / "a" / "captures")
    assert not captures.is_set_up
    with pytest.raises(InputError, match="not set up"):
        captures.take(NOW)
    with pytest.raises(InputError, match="cannot be empty"):
        captures.set_up("")
    assert not captures.folder.exists()
    captures.set_up(PASSWORD)
    assert captures.is_set_up
    assert stat.S_IMODE(captures.folder.stat().st_mode) == 0o700
    assert {p.name for p in captures.folder.iterdir()} == {"identity.age", "recipient.txt"}
    before = files_in(captures.folder)
    assert not any(b"SECRET-KEY" in content for content in before.values())
    for missing in ("identity.age", "recipient.txt", None):
        if missing:
            (captures.folder / missing).rename(tmp_path / missing)
        with pytest.raises(InputError, match="is there already"):
            captures.set_up("another")
        if missing:
            (tmp_path / missing).rename(captures.folder / missing)
    assert files_in(captures.folder) == before


def test_nothing_of_a_picture_is_written_unencrypted(captures, key, screen, monkeypatch):
    written = []

    def write(path, data, _write=module.write_private):
        written.append(data)
        _write(path, data)

    monkeypatch.setattr(module, "write_private", write)
    old = os.umask(0)
    try:
        captures.take(NOW)
        png = captures.open(START, key)
    finally:
        os.umask(old)
    found = files_in(captures.folder)
    assert len(written) == 3
    for content in (*written, *found.values()):
        assert SIGNATURE not in content
        assert b"IHDR" not in content
        assert png[60:92] not in content
    for path in captures.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(found) == 4


def test_the_first_capture_of_a_segment_stays(captures, key, screen):
    first = captures.take(START)
    assert captures.take(START + UNIT - 1) == first
    second = captures.take(START + UNIT)
    assert captures.list() == (first, second)
    assert second.start == START + UNIT
    assert first.hash != second.hash
    assert captures.open(START, key) == captures.open(START + UNIT, key)


def test_what_was_opened_is_seen(captures, key, screen):
    one, two = captures.take(NOW), captures.take(NOW + UNIT)
    assert captures.unseen() == (one, two)
    captures.open(one.start, key)
    assert captures.unseen() == (two,)
    assert [c.is_seen for c in captures.list()] == [True, False]


def test_a_wrong_password_opens_nothing(captures):
    for wrong in ("", "Correct horse", PASSWORD + " "):
        with pytest.raises(PasswordWrong, match=r"identity\.age"):
            captures.unlock(wrong)


def test_any_changed_byte_is_found(captures, key, screen):
    captures.take(NOW)
    picture = captures.folder / f"{START}.age"
    whole = picture.read_bytes()
    for i in range(len(whole)):
        picture.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        with pytest.raises(InputError, match=rf"{START}\.age is damaged"):
            captures.open(START, key)
    for content in (b"", whole[:-1], whole + b"\0"):
        picture.write_bytes(content)
        with pytest.raises(InputError, match=rf"{START}\.age is damaged"):
            captures.open(START, key)
    assert len(captures.unseen()) == 1
    picture.write_bytes(whole)
    captures.open(START, key)


def test_a_capture_of_another_segment_is_found(captures, key, screen):
    captures.take(NOW)
    captures.take(NOW + UNIT)
    shutil.copy(captures.folder / f"{START}.age", captures.folder / f"{START + UNIT}.age")
    with pytest.raises(InputError, match=rf"{START + UNIT}\.age does not have the hash"):
        captures.open(START + UNIT, key)


@pytest.mark.parametrize(
    "change",
    [
        {"hash": "00"},
        {"hash": 5},
        {"hash": "zz" * 32},
        {"taken_at": START - 1},
        {"taken_at": START + UNIT},
        {"taken_at": "now"},
        {"size": 0},
        {"seen": 1},
        {"more": [[]] * 1_000},
        None,
    ],
)
def test_a_damaged_index_is_named_and_can_be_deleted(captures, screen, change):
    captures.take(NOW)
    index = captures.folder / f"{START}.json"
    content = json.loads(index.read_bytes())
    index.write_bytes(b"\xff[" if change is None else json.dumps(content | change).encode())
    for act in (captures.list, captures.unseen, lambda: captures.take(NOW)):
        with pytest.raises(InputError, match=rf"{START}\.json is damaged"):
            act()
    captures.delete(START)
    assert captures.list() == ()


def test_a_damaged_key_is_named(captures):
    identity, recipient = (captures.folder / n for n in ("identity.age", "recipient.txt"))
    for text in ("", "age1", "\udcff"):
        recipient.write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(InputError, match=r"recipient\.txt is damaged"):
            captures.take(NOW)
    with pytest.raises(InputError, match=r"recipient\.txt does not belong to"):
        captures.unlock(PASSWORD)
    whole = identity.read_bytes()
    identity.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(InputError, match=r"identity\.age is damaged"):
        captures.unlock(PASSWORD)
    identity.unlink()
    with pytest.raises(InputError, match="not set up"):
        captures.unlock(PASSWORD)


def test_deletion_leaves_nothing(captures, key, screen):
    before = files_in(captures.folder)
    captures.take(NOW)
    (captures.folder / f".{START}.age-123").write_bytes(b"of a process that was killed")
    captures.delete(START)
    assert files_in(captures.folder) == before
    for act in (captures.delete, lambda start: captures.open(start, key)):
        with pytest.raises(InputError, match="no capture of the segment at 2026-"):
            act(START)


def test_what_a_dispute_is_shown_proves_the_picture(captures, key, screen, tmp_path):
    taken = captures.take(NOW)
    shown = tmp_path / "shown"
    shown.mkdir()
    picture, nonce = captures.reveal(START, key, shown)
    assert set(shown.iterdir()) == {picture, nonce}
    png, random = picture.read_bytes(), bytes.fromhex(nonce.read_text()[2:])
    assert png == captures.open(START, key)
    assert verify_capture(png, random, taken.hash)
    assert taken.hash != keccak256(png)
    assert not verify_capture(png[:-1] + b"\0", random, taken.hash)
    assert not verify_capture(png, bytes(32), taken.hash)
    assert not verify_capture(png, random, bytes(32))
    # The same bytes, divided elsewhere.
    assert not verify_capture(random[31:] + png, random[:31], taken.hash)
    with pytest.raises(InputError, match="cannot be written"):
        captures.reveal(START, key, tmp_path / "absent")


def test_without_a_screen_nothing_is_taken(captures, no_screen, monkeypatch):
    before = files_in(captures.folder)
    with pytest.raises(InputError, match=r"cannot be captured: .* in a graphical session"):
        captures.take(NOW)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(InputError, match="Wayland"):
        captures.take(NOW)
    assert files_in(captures.folder) == before


@pytest.mark.parametrize("name", ["mss", "pyrage"])
def test_what_is_not_installed_is_named(captures, name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ExtraMissing, match=r"milepost\[captures\]"):
        captures.take(NOW)
    if name == "pyrage":
        for act in (captures.set_up, captures.unlock):
            with pytest.raises(ExtraMissing, match=r"milepost\[captures\]"):
                act(PASSWORD)


def test_a_moment_is_anywhere_in_its_segment():
    offsets = set()
    for _ in range(20):
        found = moments(NOW)
        first = next(found)
        assert NOW <= first < START + UNIT
        for segment in range(1, 200):
            moment = next(found)
            assert moment // UNIT == START // UNIT + segment
            offsets.add(moment % UNIT)
    assert len(offsets) > UNIT * 0.9
    assert next(moments(START + UNIT - 1)) == START + UNIT - 1


# A process whose moments come at once, so that no test waits for ten minutes.
QUICK = """if True:
    import itertools, sys
    from pathlib import Path
    from milepost.diary import captures, pulse
    captures.moments = itertools.count
    pulse.main(Path(sys.argv[1]), sys.argv[2], "00")
"""


def make_files(folder, captures):
    """What a process finds that is to beat often."""
    signs = {"timer": TIMER, "pid": 0, "alive": [], "captures_failed": 0, "reason": ""}
    order = {"nonce": "00", "started": int(time.time()), "every": 0.05, "captures": captures}
    (folder / f"pulse-{TIMER}.json").write_text(json.dumps(signs))
    (folder / f"pulse-{TIMER}.owner").write_text(json.dumps(order))


def beat(folder, condition):
    """Runs a process until it is so, ends its timer, and waits for its end."""
    with subprocess.Popen([sys.executable, "-c", QUICK, str(folder), TIMER]) as process:
        for _ in range(6_000):
            if condition():
                break
            time.sleep(0.01)
        else:
            pytest.fail("it never happened")
        pulse.end(folder, TIMER)
    assert process.returncode == 0


def span(folder):
    alive = pulse.alive(folder, TIMER)
    return 0 if alive is None else alive[-1][1] - alive[0][0]


def test_captures_are_taken_while_a_timer_runs_and_only_then(captures, key, screen, tmp_path):
    begun = int(time.time())
    make_files(tmp_path, captures=True)
    assert captures.list() == ()
    beat(tmp_path, captures.list)
    ended = int(time.time())
    taken = captures.list()
    assert all(begun <= capture.taken_at <= ended for capture in taken)
    assert pixel(captures.open(taken[0].start, key), 0, 0) == RED
    assert pulse.alive(tmp_path, TIMER) is None
    assert captures.list()[1:] == taken[1:]


def test_no_captures_unless_wanted(captures, screen, tmp_path):
    make_files(tmp_path, captures=False)
    beat(tmp_path, lambda: span(tmp_path) >= 2)
    assert captures.list() == ()


def test_a_failed_capture_is_counted_and_the_timer_runs_on(captures, no_screen, tmp_path):
    make_files(tmp_path, captures=True)
    found = []

    def has_failed_twice():
        found.append(pulse.captures_failed(tmp_path, TIMER))
        return found[-1][0] >= 2 and span(tmp_path) >= 2

    beat(tmp_path, has_failed_twice)
    assert "The screen cannot be captured" in found[-1][1]
    assert captures.list() == ()


def test_a_capture_that_outlasts_its_timer_is_removed(captures, screen, tmp_path, monkeypatch):
    make_files(tmp_path, captures=True)
    paths = pulse._paths(tmp_path, TIMER)
    read = pulse._read_signs(paths[0], TIMER), pulse._read_order(paths[1])
    process = pulse._Process(tmp_path, TIMER, "00", *read)

    pictures = []

    def grab(_grab=module.grab):
        pulse.end(tmp_path, TIMER)
        pictures.append(_grab())
        return pictures[-1]

    before = files_in(captures.folder)
    monkeypatch.setattr(module, "grab", grab)
    process.step(START)
    process.step(START + UNIT - 1)
    assert not paths[1].exists()
    assert files_in(captures.folder) == before
    process.step(START + 2 * UNIT)
    process.step(START + 3 * UNIT - 1)
    assert files_in(captures.folder) == before
    assert len(pictures) == 1


def test_a_moment_that_passed_in_sleep_is_chosen_anew(captures, screen, tmp_path):
    make_files(tmp_path, captures=True)
    paths = pulse._paths(tmp_path, TIMER)
    read = pulse._read_signs(paths[0], TIMER), pulse._read_order(paths[1])
    process = pulse._Process(tmp_path, TIMER, "00", *read)
    process.step(START)
    woken = START + 5 * UNIT
    process.step(woken)
    assert process._moment >= woken
    for second in range(1, UNIT):
        process.step(woken + second)
    assert [c.start for c in captures.list()] == [woken]
