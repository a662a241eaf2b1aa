"""`milepost diary import`, `export` and `merge`."""

import csv
import io
import json

import pytest

from milepost.diary.log import lines
from milepost.signing import keccak256
from tests.package.cli.diary.conftest import moment


def interval(start, end, *tags, annotation=None):
    found = {"id": 1, "start": start, "tags": list(tags)}
    if end is not None:
        found["end"] = end
    if annotation is not None:
        found["annotation"] = annotation
    return found


@pytest.fixture
def timew(desk, tmp_path):
    """Timewarrior's file: two intervals of the job, one of another, one too early, one running."""
    path = tmp_path / "december.json"
    rows = [
        interval("20261127T090000Z", "20261127T100000Z", "bakery", annotation="Early"),
        interval("20261201T080000Z", "20261201T100000Z", "bakery", "web", annotation="Menu"),
        interval("20261202T080000Z", "20261202T090000Z", "other", annotation="Taxes"),
        interval("20261208T080000Z", "20261208T083000Z", "bakery", annotation="Orders"),
        interval("20261208T090000Z", None, "bakery"),
    ]
    path.write_text(json.dumps(rows))
    desk.at("2026-12-08 11:00")
    return path


def test_a_second_import_adds_nothing(desk, timew):
    outcome = desk.ok("import", timew, "--only", "bakery")
    assert outcome.out == "2 entries added from timewarrior, 2 h 30 min; 1 outside of the weeks.\n"
    assert outcome.err == "december.json, item 5, left out: it still runs.\n"
    before = desk.logs()
    outcome = desk.ok("import", timew, "--only", "bakery")
    assert outcome.out == (
        "0 entries added from timewarrior; 2 there already; 1 outside of the weeks.\n"
    )
    assert desk.logs() == before
    found = desk.ok("log", "--week", "1-2", "--json").json["entries"]
    assert [(e["memo"], e["source"], e["kind"]) for e in found] == [
        ("Menu", "timewarrior", "late"), ("Orders", "timewarrior", "tracked"),
    ]  # fmt: skip


def test_an_import_as_json(desk, timew):
    found = desk.ok("import", timew, "--week", "1", "--json").json
    assert found == {
        "source": "timewarrior", "added": 2, "seconds": 10800, "known": 0, "overlapping": 0,
        "outside": 2, "left_out": ["december.json, item 5, left out: it still runs."],
    }  # fmt: skip


def test_work_that_crosses_into_the_weeks_is_outside(desk, tmp_path):
    path = tmp_path / "night.json"
    path.write_text(json.dumps([interval("20261206T230000Z", "20261207T010000Z", "web")]))
    desk.at("2026-12-07 11:00")
    for week in ("1", "2"):
        outcome = desk.ok("import", path, "--week", week)
        assert outcome.out == "0 entries added from timewarrior; 1 outside of the weeks.\n"
    assert desk.ok("import", path, "--week", "1-2").out == "1 entry added from timewarrior, 2 h.\n"
    path.write_text(json.dumps([interval("20261129T230000Z", "20261130T010000Z", "web")]))
    assert "; 1 outside of the weeks.\n" in desk.ok("import", path).out


def test_overlaps_refuse_all_of_it_unless_left_out(desk, timew):
    desk.ok("add", "2026-12-01 10:00", "12:00", "By hand")
    outcome = desk.refuses(9, "would be in the diary twice", "import", timew)
    assert "Nothing was added. --skip-overlaps leaves such entries out." in outcome.err
    outcome = desk.ok("import", timew, "--skip-overlaps")
    assert outcome.out.startswith("2 entries added from timewarrior, 1 h 30 min; 1 left out as ov")


def test_an_import_into_a_sealed_week(sealable, timew):
    sealable.ok("seal", 1)
    outcome = sealable.refuses(9, "week 1 is sealed", "import", timew)
    assert "--week takes chosen weeks only" in outcome.err
    sealable.at("2026-12-08 11:00").ok("import", timew, "--week", "2")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--from", "nonsense"), '"nonsense" is none of watson'),
        (("--from", "watson"), "december.json"),
        (("--date-order", "year-first"), '"year-first" is none of day-first, month-first'),
        (("--week", "0"), "count from 1"),
    ],
)
def test_an_import_that_is_refused(desk, timew, given, words):
    desk.refuses(2, words, "import", timew, *given)


def test_a_file_that_is_no_import(desk, timew, tmp_path):
    desk.refuses(2, "cannot be read", "import", tmp_path / "missing.json")
    desk.refuses(2, "does not show which program wrote it", "import", desk.file)


def test_an_agreement_that_takes_tracked_time_only(desk, timew):
    desk.file.write_text(desk.file.read_text() + "manual time: refused\n")
    desk.refuses(9, "takes only what was tracked in time", "import", timew)


@pytest.fixture
def work(desk):
    desk.track("2026-12-01 09:00", "2026-12-01 11:00", "Order endpoint", "-t", "api")
    desk.at("2026-12-08 18:00").ok("add", "14:00", "15:30", "Call")
    return desk


def test_exports(work, tmp_path):
    found = json.loads(work.ok("export").out)
    assert [e["memo"] for e in found] == ["Order endpoint", "Call"]
    rows = list(csv.DictReader(io.StringIO(work.ok("export", "--to", "csv", "--week", "2").out)))
    assert [r["memo"] for r in rows] == ["Call"]
    path = tmp_path / "out.csv"
    outcome = work.ok("export", "--to", "toggl", "--email", "ada@example.org", "--out", path)
    assert outcome.out == f"Saved to {path}.\n"
    assert "ada@example.org" in path.read_text()
    assert work.ok("export", "--out", path, "--json").json == {"file": str(path)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--to", "xlsx"), '"xlsx" is none of json, csv, timewarrior, toggl, log'),
        (("--to", "toggl"), "name theirs, --email"),
        (("--to", "log", "--week", "1"), "exported whole, without --week"),
        (("--week", "0"), "count from 1"),
        (("--out", "missing/out.json"), "cannot be written"),
    ],
)
def test_an_export_that_is_refused(work, given, words):
    work.refuses(2, words, "export", *given)


def test_an_export_is_imported_by_another_job(work, tmp_path):
    path = tmp_path / "timew.json"
    work.ok("export", "--to", "timewarrior", "--out", path)
    work.file.write_text(work.file.read_text().replace("Backend", "Frontend"))
    assert work.ok("import", path).out == "2 entries added from timewarrior, 3 h 30 min.\n"


def test_two_machines(work, tmp_path, monkeypatch):
    laptop = tmp_path / "laptop.log"
    work.ok("export", "--to", "log", "--out", laptop)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "desktop"))
    work.refuses(2, "Nothing was written to the diary on this machine yet", "export", "--to", "log")
    assert work.ok("merge", laptop).out == "4 new records; the diary has 2 entries.\n"
    before = work.logs()
    assert work.ok("merge", laptop, "--json").json == {"new_records": 0, "entries": 2}
    assert work.logs() == before
    work.ok("add", "16:00", "17:00", "On the desktop")
    desktop = tmp_path / "desktop.log"
    work.ok("export", "--to", "log", "--out", desktop)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert work.ok("merge", desktop).out == "2 new records; the diary has 3 entries.\n"
    assert work.ok("verify", laptop).out == "laptop.log: 4 records, every one whole; 2 entries.\n"


def test_the_same_time_on_two_machines_is_refused(work, tmp_path, monkeypatch):
    laptop = tmp_path / "laptop.log"
    work.ok("export", "--to", "log", "--out", laptop)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "desktop"))
    work.ok("add", "14:00", "15:00", "The same")
    work.refuses(9, "would be in the diary twice", "merge", laptop)


def test_the_timer_of_another_machine_is_seen(work, tmp_path, monkeypatch):
    work.ok("start", "Form")
    laptop = tmp_path / "laptop.log"
    work.ok("export", "--to", "log", "--out", laptop)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "desktop"))
    work.ok("merge", laptop)
    assert "a timer runs since 2026-12-08 18:00 CET" in work.ok("status").out
    work.refuses(9, "No timer runs here", "stop")


def test_what_is_no_log_of_this_diary(work, timew, tmp_path):
    assert "export" in work.refuses(9, "Line 1", "merge", timew).err
    work.refuses(2, "cannot be read", "merge", tmp_path / "missing.log")
    log = tmp_path / "laptop.log"
    work.ok("export", "--to", "log", "--out", log)
    damaged = tmp_path / "damaged.log"
    damaged.write_bytes(log.read_bytes().replace(b"Call", b"call"))
    work.refuses(9, "Line 4 of the diary's log damaged", "merge", damaged)
    work.refuses(9, "Line 4 of the diary's log damaged", "verify", damaged)
    work.file.write_text(work.file.read_text().replace("Backend", "Frontend"))
    work.refuses(2, "laptop.log is a log of another agreement's diary", "merge", log)
    work.refuses(9, "it is a log of another agreement's diary", "verify", log)


def test_hostile_texts_never_steer(desk, tmp_path):
    path = tmp_path / "\x1b[31m.json"
    rows = [interval("20261201T080000Z", "20261201T100000Z", "\x1b[2J", annotation="\x1b]0;x\x07")]
    path.write_text(json.dumps(rows))
    desk.at("2026-12-01 18:00")
    for outcome in (
        desk("import", path),
        desk("log"),
        desk("report"),
        desk("export", "--to", "csv"),
    ):
        assert "\x1b" not in outcome.out + outcome.err
    assert moment("2026-12-01 09:00") == desk.ok("log", "--json").json["entries"][0]["start"]


def test_the_timer_of_a_machine_that_is_lost(work, tmp_path, monkeypatch):
    """It would keep every week since from being sealed."""
    log = tmp_path / "laptop.log"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "laptop"))
    work.ok("start", "On the laptop")
    work.ok("export", "--to", "log", "--out", log)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    work.ok("merge", log)
    said = next(s for s in work.ok("status").out.splitlines() if s.startswith("On another machine"))
    name = said.split(", ")[1]
    assert f"`milepost diary stop {work.file} --machine {name}` ends it" in said
    words = 'No timer runs on a machine "x"; `status` names them.'
    work.refuses(2, words, "stop", "--machine", "x")
    began = work.now
    work.now += 20 * 3600
    work.refuses(2, "Say when the work ended", "stop", "--machine", name)
    given = ("--machine", name, "--at", "2026-12-08 19:00", "--json")
    [entry] = work.ok("stop", *given).json["entries"]
    assert (entry["start"], entry["end"], entry["memo"]) == (began, began + 3600, "On the laptop")
    assert "On another machine" not in work.ok("status").out


def test_a_log_from_the_end_of_time(work, tmp_path):
    """Times that no clock can show are refused, and do not end a later command."""
    work.ok("add", "08:00", "08:10", "Form")
    scope = keccak256(work.file.read_bytes())
    opening = {"n": 1, "at": 0, "act": "open", "version": 1, "log": "theirs",
               "scope": scope.hex(), "start": 0, "limit": 1,
               "title": "", "manual": True, "captures": False}  # fmt: skip
    timer = {"n": 2, "act": "start", "memo": "Form", "tags": [], "zone": "UTC"}
    log = tmp_path / "theirs.log"
    for at in (2**40 - 1, 253_402_300_799, 253_370_764_800):
        log.write_bytes(lines([opening, {**timer, "at": at}], scope)[0])
        work.refuses(9, "it has no number or no time", "merge", log)
    log.write_bytes(lines([opening, {**timer, "at": 253_370_764_799}], scope)[0])
    work.ok("merge", log)
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        assert "a timer runs since 999" in work.ok("status", "--zone", zone).out
