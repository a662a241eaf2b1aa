"""`milepost diary start`, `stop` and `status`."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from milepost.cli import places
from milepost.diary import pulse
from milepost.units import DAY, WEEK
from tests.package.cli.diary.conftest import ROOT, moment


def test_start_says_what_is_left(desk):
    outcome = desk.ok("start", "Payment form", "--tag", "web", "-t", "api")
    assert outcome.out == (
        'The timer runs since 2026-12-01 10:00 CET, for "Backend by the hour".\n'
        "Week 1: 0 min of 40 h; 40 h left. It ends at 2026-12-07 01:00 CET.\n"
    )
    assert outcome.err == ""
    desk.at("2026-12-01 12:35")
    assert desk.ok("status").out == (
        'The timer "Payment form" runs since 2026-12-01 10:00 CET, 2 h 35 min.\n'
        "Week 1: 2 h 30 min of 40 h; 37 h 30 min left. It ends at 2026-12-07 01:00 CET.\n"
    )
    found = desk.ok("status", "--json").json
    assert found["timer"] == {
        "since": moment("2026-12-01 10:00"), "memo": "Payment form", "tags": ["web", "api"],
        "zone": "Europe/Berlin", "gaps": [], "captures_failed": 0,
    }  # fmt: skip
    assert (found["week"]["running_units"], found["week"]["left"]) == (15, 225)
    stopped = desk.ok("stop", "--json").json
    [entry] = stopped["entries"]
    assert (entry["memo"], entry["tags"], entry["kind"]) == (
        "Payment form", ["web", "api"], "tracked",
    )  # fmt: skip
    assert (entry["end"] - entry["start"], stopped["week"]["units"]) == (9300, 16)
    assert desk.ok("status").out.startswith("No timer runs.\n")


def test_start_as_json(desk):
    found = desk.ok("start", "Form", "--json").json
    assert found["timer"]["memo"] == "Form"
    assert found["week"]["funding"] is None


def test_times_are_those_of_the_zone(desk):
    assert "since 2026-12-01 18:00 JST" in desk.ok("start", "Form", "--zone", "Asia/Tokyo").out
    desk.at("2026-12-01 11:00")
    assert "2026-12-01 18:00-19:00  Form" in desk.ok("stop", "--zone", "Asia/Tokyo").out
    desk.refuses(2, "is no time zone known here", "start", "Form", "--zone", "Mars/Base")


def test_one_timer_at_a_time(desk, run, tmp_path):
    desk.refuses(9, "No timer runs here", "stop")
    desk.ok("start", "Form")
    desk.refuses(9, 'A timer "Form" runs since 2026-12-01 09:00:00 UTC', "start", "Other")
    [folder] = [p for p in places.diaries().iterdir() if p.is_dir()]
    (folder / "pulse-ab.owner").write_text("{}")
    other = tmp_path / "other.yaml"
    other.write_text(desk.file.read_text().replace("Backend", "Frontend"))
    outcome = run("diary", "start", other, "Form")
    assert (outcome.code, outcome.out) == (2, "")
    assert "A timer runs for another agreement" in outcome.err


def test_signs_that_a_crash_left_block_nothing(desk, run, tmp_path):
    desk.track("2026-12-01 10:00", "2026-12-01 11:00", "Form")
    [folder] = [p for p in places.diaries().iterdir() if p.is_dir()]
    (folder / "pulse-ab.owner").write_text("{}")
    assert desk("stop").code == 9
    assert not list(folder.glob("pulse-*"))
    (folder / "pulse-ab.owner").write_text("{}")
    (folder / "pulse-name.owner").write_text("{}")
    desk.track("2026-12-01 12:00", "2026-12-01 13:00", "Form")
    # What no timer is called is left alone.
    assert [p.name for p in folder.glob("pulse-*")] == ["pulse-name.owner"]
    (folder / "pulse-name.owner").unlink()
    other = tmp_path / "other.yaml"
    other.write_text(desk.file.read_text().replace("Backend", "Frontend"))
    assert run("diary", "start", other, "Form").code == 0


def test_a_memo_is_given_by_the_end(desk):
    desk.ok("start")
    desk.at("2026-12-01 11:00")
    desk.refuses(2, "Say what was worked on", "stop")
    desk.refuses(2, "Say what was worked on", "stop", "--memo", " ")
    assert "  Form +web" in desk.ok("stop", "-m", "Form", "-t", "web").out


def test_a_memo_of_commits(desk, tmp_path):
    desk.ok("start")
    desk.at("2026-12-01 11:00")
    desk.refuses(2, "is no Git repository", "stop", "--git", tmp_path)
    shop = tmp_path / "shop"
    made = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(tmp_path)}
    # After the end, but within the time in which a commit still belongs to it.
    made |= {
        f"GIT_{who}_DATE": f"{moment('2026-12-01 11:05')} +0000" for who in ("AUTHOR", "COMMITTER")
    }
    for words in (
        ["init", "-q", shop],
        ["-C", shop, "config", "user.email", "me@example.org"],
        ["-C", shop, "config", "user.name", "Me"],
        ["-C", shop, "commit", "-q", "--allow-empty", "-m", "Check the postcode"],
    ):
        subprocess.run(["git", *words], check=True, env={**os.environ, **made})
    assert "  Check the postcode" in desk.ok("stop", "--git", shop).out
    desk.at("2026-12-02 10:00").ok("start")
    desk.at("2026-12-02 11:00")
    desk.refuses(2, "has no commit of yours from that time", "stop", "--git", shop)


def test_time_without_a_sign_of_life_is_left_out(desk):
    desk.ok("start", "Form")
    desk.at("2026-12-01 15:00")
    desk.alive(("2026-12-01 10:00", "2026-12-01 12:00"), ("2026-12-01 13:30", "2026-12-01 15:00"))
    status = desk.ok("status")
    assert (
        "  without a sign of life: 2026-12-01 12:00 CET to 2026-12-01 13:30 CET (1 h 30 min)\n"
        in status.out
    )
    assert "Week 1: 3 h 30 min of 40 h" in status.out
    outcome = desk.ok("stop", "--json")
    times = [(e["start"], e["end"]) for e in outcome.json["entries"]]
    assert times == [
        (moment("2026-12-01 10:00"), moment("2026-12-01 12:00")),
        (moment("2026-12-01 13:30"), moment("2026-12-01 15:00")),
    ]
    assert outcome.json["gaps"] == [[times[0][1], times[1][0]]]
    told = f"`milepost diary add {desk.file} '2026-12-01 12:00' '2026-12-01 13:30'`"
    assert told in outcome.err


def test_gaps_that_were_work(desk):
    desk.ok("start", "Form")
    desk.at("2026-12-01 15:00")
    desk.alive(("2026-12-01 10:00", "2026-12-01 12:00"))
    outcome = desk.ok("stop", "--keep-gaps")
    assert "2026-12-01 10:00-15:00  Form" in outcome.out
    assert outcome.err == ""


def test_a_timer_that_was_forgotten(desk):
    desk.ok("start", "Form")
    desk.at("2026-12-02 09:00")
    assert "Was it forgotten? `milepost diary stop" in desk.ok("status").out
    desk.refuses(2, "The timer runs since 2026-12-01 10:00 CET, for 23 h. Say when", "stop")
    outcome = desk.refuses(2, "2026-12-01 09:30 CET is before that", "stop", "--at", "9:30")
    assert "An end after midnight needs its day, too." in outcome.err
    desk.refuses(9, "a timer ends between its start", "stop", "--at", "2026-12-02 09:30")
    desk.refuses(2, "is no time", "stop", "--at", "soon")
    # A time alone is on the day on which the timer began.
    assert "2026-12-01 10:00-18:20  Form" in desk.ok("stop", "--at", "18:20").out


def test_a_night_asleep_is_no_forgotten_timer(desk):
    desk.ok("start", "Form")
    desk.at("2026-12-02 09:00")
    desk.alive(("2026-12-01 10:00", "2026-12-01 12:00"))
    assert "2026-12-01 10:00-12:00  Form" in desk.ok("stop").out


def test_a_timer_for_nothing(desk):
    desk.ok("start", "Form")
    desk.at("2026-12-02 09:00")
    desk.refuses(2, "--discard makes no entry", "stop", "--discard", "--memo", "Form")
    assert desk.ok("stop", "--discard").out.startswith("No entry was made.\n")
    assert desk.ok("status", "--json").json["entries"] == 0


def test_work_over_midnight_and_into_the_next_week(desk):
    desk.track("2026-12-06 23:00", "2026-12-07 02:00", "Deploy")
    found = desk.ok("status", "--json").json
    assert (found["entries"], found["week"]["week"], found["week"]["units"]) == (2, 2, 6)
    assert found["to_seal"] == [1]
    told = f"Over, not sealed yet: week 1. `milepost diary seal {desk.file} 1` closes it.\n"
    assert told in desk.ok("status").out


def test_weeks_that_wait(sealable):
    """Of what nobody worked in, or too little, nothing waits."""
    sealable.at("2026-12-08 12:00").ok("add", "10:00", "10:10", "Form")
    sealable.at("2026-12-15 12:00").ok("add", "10:03", "10:06", "Form")
    sealable.at("2026-12-29 12:00").ok("add", "2026-12-22 10:03", "10:13", "Form")
    told = f"Over, not sealed yet: weeks 1-2,4. `milepost diary seal {sealable.file} 1` closes the"
    assert told in sealable.ok("status").out
    sealable.ok("seal", 1)
    sealable.ok("seal", 2)
    found = sealable.ok("status", "--json").json
    assert (found["to_seal"], found["to_bill"]) == ([4], [1, 2])
    told = f"Sealed, not billed yet: weeks 1-2. `milepost diary bill {sealable.file} 1` submits the"
    assert told in sealable.ok("status").out


def test_what_is_above_the_limit_is_said(desk):
    for day in range(1, 5):
        desk.at(f"2026-12-0{day} 23:00").ok(
            "add", f"2026-12-0{day} 10:00", f"2026-12-0{day} 21:00", "Form"
        )
    text = "Week 1: 44 h of 40 h, of it 44 h manual; 4 h are above the limit, and nobody pays"
    assert text in desk.ok("status").out
    assert desk.ok("status", "--json").json["week"]["left"] == 0


def test_there_is_no_week_before_the_first_and_after_the_last(desk):
    desk.at("2026-11-29 12:00").refuses(9, "the agreement's first week begins at", "start", "Form")
    assert "Week 1: 0 min of 40 h" in desk.ok("status").out
    desk.at("2028-12-29 12:00").refuses(9, "the agreement's last week ends at", "start", "Form")
    assert "It ended at" in desk.ok("status").out


def test_another_kind_of_agreement(run, desk):
    outcome = run("diary", "status", ROOT / "examples/website.yaml")
    assert (outcome.code, outcome.out) == (2, "")
    assert "this agreement is fixed price" in outcome.err
    outcome = run("diary", "status", desk.file.with_name("missing.yaml"))
    assert (outcome.code, outcome.out) == (2, "")


def test_a_machine_whose_sleep_nobody_watches(desk, monkeypatch):
    monkeypatch.setattr(pulse, "begin", lambda *args, **given: False)
    assert "Warning: nothing watches whether" in desk.ok("start", "Form").err


def test_captures_need_a_key_first(desk):
    desk.file.write_text(desk.file.read_text() + "captures: every segment\n")
    desk.refuses(2, f"`milepost diary captures {desk.file} --set-up` makes the key", "start", "x")


def test_a_timer_is_watched_until_it_stops(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MILEPOST_ZONE", "UTC")
    file = tmp_path / "hourly.yaml"
    now = int(time.time())
    monday = datetime.fromtimestamp(now - (now - 4 * DAY) % WEEK, UTC).date()
    text = (ROOT / "examples/hourly.yaml").read_text()
    file.write_text(text.replace("2026-11-30", str(monday)))
    assert run("diary", "start", file, "Form").code == 0
    [owner] = places.diaries().rglob("pulse-*.owner")
    try:
        timer = owner.stem.removeprefix("pulse-")
        limit = time.monotonic() + 20
        while pulse.alive(owner.parent, timer) is None and time.monotonic() < limit:
            time.sleep(0.05)
        assert run("diary", "status", file, "--json").json["timer"]["gaps"] == []
        assert run("diary", "stop", file, "--json").json["gaps"] == []
        assert not list(places.diaries().rglob("pulse-*"))
    finally:
        owner.unlink(missing_ok=True)


def test_status_imports_little(desk):
    code = (
        "import sys\nfrom milepost.cli.app import app\n"
        f"app(['diary', 'status', {str(desk.file)!r}], standalone_mode=False)\n"
        "heavy = {'web3', 'eth_utils', 'eth_account', 'sqlalchemy', 'pydantic', 'matplotlib', "
        "'icalendar', 'aiohttp', 'requests'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert "No timer runs." in done.stdout


def test_a_diary_of_a_file_that_was_changed(desk):
    """A byte more is another agreement; what was written is where it was."""
    before = desk.ok("status", "--json").json["diary"]
    assert f"Nothing is written yet in {before}, the diary of this very file." in (
        desk.ok("status").out
    )
    desk.ok("start", "Form")
    desk.at("2026-12-01 11:00").ok("stop")
    assert "Nothing is written yet" not in desk.ok("status").out
    desk.file.write_text(desk.file.read_text() + "\n")
    after = desk.ok("status", "--json").json["diary"]
    assert after != before
    assert f"Nothing is written yet in {after}" in desk.ok("status").out


@pytest.mark.parametrize(
    "time", ["0001-01-01 00:00", "1969-12-31 23:00", "9999-12-31 23:59", "9999-12-31 23:59-12:00"]
)
def test_times_of_no_agreement(desk, time):
    words = f'"{time}" is in no week of any agreement'
    desk.refuses(2, words, "add", time, "10:00", "Form")
    desk.refuses(2, words, "add", "10:00", time, "Form")


def test_a_timer_that_nothing_watched(desk):
    """As after a crash between its record and its first sign of life."""
    warning = "Warning: nothing is known of whether the machine slept meanwhile; all of it counts."
    desk.ok("start", "Form")
    desk.at("2026-12-01 11:00")
    assert warning in desk.ok("stop").err
    desk.ok("start", "Form")
    desk.at("2026-12-01 12:00").alive(("2026-12-01 11:00", "2026-12-01 12:00"))
    assert desk.ok("stop").err == ""
    desk.ok("start", "Form")
    desk.at("2026-12-01 12:05")
    assert desk.ok("stop").err == ""
