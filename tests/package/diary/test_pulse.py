"""Signs of life of a real process: through sleep, crashes, ends, and a terminal that closes."""

import json
import os
import pty
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest

from milepost.diary import pulse
from milepost.errors import InputError

TIMER = "0f1e2d3c"
EVERY = 0.2


def wait_until(condition):
    for _ in range(6_000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it never happened")


def pid_of(folder):
    """The process that beats, once it does."""
    wait_until(lambda: pulse.alive(folder, TIMER) is not None)
    return json.loads((folder / f"pulse-{TIMER}.json").read_bytes())["pid"]


def is_gone(pid):
    try:
        if os.waitpid(pid, os.WNOHANG) == (pid, 0):
            return True
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def last_beat(folder):
    return pulse.alive(folder, TIMER)[-1][1]


def beats_on(folder):
    before = last_beat(folder)
    wait_until(lambda: last_beat(folder) > before)


def make_files(folder, alive=(), started=None, nonce="00", **order):
    """What a process finds, without one."""
    signs = {"timer": TIMER, "pid": 0, "alive": alive, "captures_failed": 0, "reason": ""}
    started = int(time.time()) if started is None else started
    order = {"nonce": nonce, "started": started, "every": 20, "captures": False} | order
    (folder / f"pulse-{TIMER}.json").write_text(json.dumps(signs))
    (folder / f"pulse-{TIMER}.owner").write_text(json.dumps(order))


def process_in(folder, nonce="00"):
    signs, owner = pulse._paths(folder, TIMER)
    read = pulse._read_signs(signs, TIMER), pulse._read_order(owner)
    return pulse._Process(folder, TIMER, nonce, *read)


@pytest.fixture
def folder(tmp_path):
    """A folder whose processes end with the test."""
    inner = tmp_path / "diary"
    inner.mkdir()
    yield inner
    pulse.end(inner, TIMER)


def test_a_process_beats_until_the_end(folder):
    before = int(time.time())
    assert pulse.begin(folder, TIMER, EVERY)
    pid = pid_of(folder)
    beats_on(folder)
    intervals = pulse.alive(folder, TIMER)
    assert before <= intervals[0][0] < intervals[-1][1] <= time.time()
    assert pulse.captures_failed(folder, TIMER) == (0, "")
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    pulse.end(folder, TIMER)
    wait_until(lambda: is_gone(pid))
    assert list(folder.iterdir()) == []
    assert pulse.alive(folder, TIMER) is None


@pytest.mark.parametrize("removed", ["json", "owner"])
def test_a_removed_file_ends_the_process(folder, removed):
    pulse.begin(folder, TIMER, EVERY)
    pid = pid_of(folder)
    (folder / f"pulse-{TIMER}.{removed}").unlink()
    wait_until(lambda: is_gone(pid))


def test_a_folder_that_vanishes_ends_the_process(folder):
    pulse.begin(folder, TIMER, EVERY)
    pid = pid_of(folder)
    folder.rename(folder.with_name("elsewhere"))
    wait_until(lambda: is_gone(pid))
    shutil.rmtree(folder.with_name("elsewhere"))
    assert not pulse.begin(folder, TIMER)
    assert not pulse.revive(folder, TIMER)
    pulse.end(folder, TIMER)


def test_sleep_leaves_a_gap(folder):
    begun = int(time.time())
    pulse.begin(folder, TIMER, EVERY)
    pid = pid_of(folder)
    os.kill(pid, signal.SIGSTOP)
    stopped = int(time.time())
    wait_until(lambda: time.time() > stopped + 4)
    woken = int(time.time())
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: last_beat(folder) >= woken)
    intervals = pulse.alive(folder, TIMER)
    assert all(since <= to for since, to in intervals)
    found = pulse.gaps(intervals, begun, int(time.time()), tolerated=2)
    assert any(since <= stopped and to >= woken for since, to in found)
    assert pulse.gaps(intervals, begun, int(time.time())) == ()


def test_a_crash_is_seen_and_revived_with_what_was(folder):
    pulse.begin(folder, TIMER)
    pid = pid_of(folder)
    assert pulse.revive(folder, TIMER)
    assert pid_of(folder) == pid
    kill(pid)
    old = [[1_000, 2_000], [3_000, 4_000]]
    make_files(folder, old, started=900, every=EVERY)
    assert pulse.revive(folder, TIMER)
    wait_until(lambda: len(pulse.alive(folder, TIMER)) == 3)
    assert pulse.alive(folder, TIMER)[:2] == ((1_000, 2_000), (3_000, 4_000))
    assert pid_of(folder) != pid
    beats_on(folder)


def test_two_processes_do_not_beat_for_one_timer(folder):
    pulse.begin(folder, TIMER, EVERY)
    first = pid_of(folder)
    os.kill(first, signal.SIGSTOP)
    stopped = time.time()
    wait_until(lambda: time.time() > stopped + 5)
    assert pulse.revive(folder, TIMER)
    wait_until(lambda: pid_of(folder) != first)
    second = pid_of(folder)
    os.kill(first, signal.SIGCONT)
    wait_until(lambda: is_gone(first))
    beats_on(folder)
    assert pid_of(folder) == second


def test_what_is_unknown_is_not_revived(folder):
    assert not pulse.revive(folder, TIMER)
    make_files(folder, [[5, 4]])
    assert not pulse.revive(folder, TIMER)
    make_files(folder, [[4, 5]])
    (folder / f"pulse-{TIMER}.owner").write_text("{}")
    assert not pulse.revive(folder, TIMER)
    assert {p.name for p in folder.iterdir()} == {f"pulse-{TIMER}.json", f"pulse-{TIMER}.owner"}


def test_a_process_outlives_its_terminal(folder, tmp_path):
    """The kernel hangs up on everything in the session of the terminal."""
    master, slave = pty.openpty()
    code = f"""if True:
        import os, signal, time
        from pathlib import Path
        from milepost.diary import pulse
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may ignore it
        # A session that has no terminal takes the first that it opens.
        os.open({os.ttyname(slave)!r}, os.O_RDWR)
        pulse.begin(Path({str(folder)!r}), {TIMER!r}, {EVERY})
        time.sleep(600)
    """
    shell = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    os.close(slave)
    pid = pid_of(folder)
    os.close(master)
    assert shell.wait() == -signal.SIGHUP
    beats_on(folder)
    assert pid_of(folder) == pid


def test_a_kill_while_writing_leaves_a_readable_file(folder):
    for _ in range(15):
        pulse.begin(folder, TIMER, 0.001)
        pid = pid_of(folder)
        for _ in range(200):
            assert pulse.alive(folder, TIMER) is not None
        kill(pid)
        assert pulse.alive(folder, TIMER) is not None
    pulse.end(folder, TIMER)
    assert list(folder.iterdir()) == []


def test_a_write_at_the_end_leaves_nothing(folder):
    make_files(folder)
    process = process_in(folder)
    pulse.end(folder, TIMER)
    process.step(time.time())
    assert list(folder.iterdir()) == []
    assert not process.is_wanted()


def test_a_full_disk_is_no_end(folder, monkeypatch):
    make_files(folder)
    process = process_in(folder)

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        process.step(1_000)
    assert pulse.alive(folder, TIMER) is None
    assert {p.name for p in folder.iterdir()} == {f"pulse-{TIMER}.json", f"pulse-{TIMER}.owner"}
    process.step(1_020)
    assert pulse.alive(folder, TIMER) == ((1_000, 1_020),)


def test_a_process_ends_after_a_week(folder):
    week = 7 * 24 * 3600
    for age, is_wanted in ((week - 3600, True), (week + 3600, False)):
        make_files(folder, started=int(time.time()) - age)
        assert process_in(folder).is_wanted() is is_wanted
    assert not process_in(folder, nonce="another").is_wanted()


# Each with beats every 20 seconds, so that up to 60 are bridged.
@pytest.mark.parametrize(
    ("times", "intervals"),
    [
        ((1_000, 1_020.5, 1_041.9), ((1_000, 1_041),)),
        ((1_000, 1_010, 1_019), ((1_000, 1_000),)),
        ((1_000, 1_060), ((1_000, 1_060),)),
        ((1_000, 1_061), ((1_000, 1_000), (1_061, 1_061))),
        ((1_000, 1_020, 5_000, 5_020), ((1_000, 1_020), (5_000, 5_020))),
        ((1_000, 1_040, 1_010), ((1_000, 1_040),)),
        ((1_000, 1_040, 1_010, 1_030, 1_050), ((1_000, 1_050),)),
        ((5_000, 5_020, 1_000, 1_020), ((5_000, 5_020), (1_000, 1_020))),
    ],
    ids=[
        "steady",
        "early",
        "late",
        "later",
        "sleep",
        "clock slightly back",
        "and on",
        "clock back",
    ],
)
def test_what_the_clock_does(folder, times, intervals):
    make_files(folder)
    process = process_in(folder)
    for now in times:
        process.step(now)
    assert pulse.alive(folder, TIMER) == intervals


@pytest.mark.parametrize(
    ("alive", "found"),
    [
        (((0, 10_000),), ()),
        (((1_000, 2_000),), ()),
        (((1_300, 1_700),), ()),
        (((1_301, 1_699),), ((1_000, 1_301), (1_699, 2_000))),
        (((1_000, 1_200), (1_501, 2_000)), ((1_200, 1_501),)),
        (((1_501, 2_000), (1_000, 1_200)), ((1_200, 1_501),)),
        (((1_000, 2_000), (1_200, 1_300)), ()),
        (((0, 500), (3_000, 4_000)), ((1_000, 2_000),)),
        ((), ((1_000, 2_000),)),
        (((1_000, 1_100), (3_000, 4_000)), ((1_100, 2_000),)),
    ],
)
def test_gaps(alive, found):
    assert pulse.gaps(alive, 1_000, 2_000) == found
    assert pulse.gaps(iter(alive), 1_000, 2_000, tolerated=1_000) == ()
    assert pulse.gaps(alive, 1_000, 1_000) == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0\0",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b"null",
        b'{"timer": "0f1e2d3c", "alive": [[1, 2]]}',
        b'{"timer": "0f1e2d3d", "alive": [[1, 2]], "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [], "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": {}, "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [[2, 1]], "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [[1]], "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [[1, NaN]], "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [[1, true]], "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [[1, 1e99]], "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [[-1, 1]], "captures_failed": 0, "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [[1, 2]], "captures_failed": "1", "reason": ""}',
        b'{"timer": "0f1e2d3c", "alive": [[1, 2]], "captures_failed": 1, "reason": 5}',
        b'{"timer": "0f1e2d3c", "alive": [[1, ' + b"9" * 5_000 + b'], "captures_failed": 1',
    ],
)
def test_a_damaged_file_is_unknown(folder, content):
    (folder / f"pulse-{TIMER}.json").write_bytes(content)
    assert pulse.alive(folder, TIMER) is None
    assert pulse.captures_failed(folder, TIMER) == (0, "")


def test_a_reason_cannot_steer_a_terminal(folder):
    signs = {"timer": TIMER, "alive": [], "captures_failed": 2, "reason": "no\x1b[2J\nscreen"}
    (folder / f"pulse-{TIMER}.json").write_text(json.dumps(signs))
    assert pulse.captures_failed(folder, TIMER) == (2, "no [2J screen")


@pytest.mark.parametrize("timer", ["", "../0f", "0F", "0f ", "0" * 65, "\u0660"])
def test_an_id_is_hexadecimal(folder, timer):
    for act in (pulse.begin, pulse.revive, pulse.end, pulse.alive, pulse.captures_failed):
        with pytest.raises(InputError, match="is not the id of a timer"):
            act(folder, timer)
    assert list(folder.iterdir()) == []


def test_a_process_that_cannot_be_started_is_no_error(folder, monkeypatch):
    for program in (str(folder / "python"), "", None):
        monkeypatch.setattr(sys, "executable", program)
        assert not pulse.begin(folder, TIMER)
        assert list(folder.iterdir()) == []


def test_no_file_of_the_working_folder_is_run(folder, monkeypatch):
    for name in ("json.py", "milepost.py"):
        (folder / name).write_text("open('ran', 'w')\nraise SystemExit")
    monkeypatch.chdir(folder)
    pulse.begin(folder, TIMER, EVERY)
    pid = pid_of(folder)
    assert not (folder / "ran").exists()
    pulse.end(folder, TIMER)
    wait_until(lambda: is_gone(pid))


def test_the_process_imports_little():
    code = "import sys, milepost.diary.pulse; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(run.stdout.split())
    ours = {"milepost", "milepost.diary", "milepost.diary.pulse"}
    assert {name for name in modules if name.split(".")[0] == "milepost"} == ours
    assert not modules & {"dataclasses", "subprocess", "mss", "pyrage", "eth_utils", "web3"}


def test_beats_go_on_from_the_intervals_before(folder):
    make_files(folder, [[100, 200], [1_000, 1_100]])
    process = process_in(folder)
    for now in range(1_120, 1_201, 20):
        process.step(now)
    assert pulse.alive(folder, TIMER) == ((100, 200), (1_000, 1_200))
