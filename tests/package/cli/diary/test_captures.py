"""`milepost diary captures`: keys, pictures to see, to delete and to reveal."""

import io
import json
import shutil

import pytest

from milepost.chain.events import Event
from milepost.chain.submissions import answer
from milepost.cli import places
from milepost.diary import captures as module
from milepost.diary import pulse
from milepost.diary.captures import Captures
from milepost.signing import keccak256
from tests.package.cli.diary.conftest import ESCROW, moment

pytestmark = pytest.mark.long  # opening a key takes a second, by design

PNG = b"\x89PNG\r\n\x1a\nnot really"
FIRST, SECOND = moment("2026-12-01 09:10"), moment("2026-12-01 10:20")


@pytest.fixture(scope="session")
def key(tmp_path_factory):
    """A folder with a key, which takes a second to make."""
    folder = tmp_path_factory.mktemp("key") / pulse.CAPTURES
    Captures(folder).set_up("correct horse")
    return folder


@pytest.fixture
def asked(sealable, tmp_path):
    """A diary of an agreement that asks for captures, without a key."""
    sealable.file.write_text(sealable.file.read_text() + "captures: every segment\n")
    password = tmp_path / "password"
    password.write_text("correct horse\n")
    sealable.password = ("--password-file", password)
    return sealable


@pytest.fixture
def watched(asked, key, monkeypatch):
    """The same with a key, and two captures of its first week."""
    sealable, folder = asked, folder_of(asked)
    shutil.copytree(key, folder)
    sealable.track("2026-12-01 09:00", "2026-12-01 11:00", "Order endpoint")
    kept = Captures(folder)
    for start in (FIRST, SECOND):
        monkeypatch.setattr(module, "grab", lambda start=start: PNG + str(start).encode())
        kept.take(start + 17)
    return sealable.at("2026-12-08 08:00")


def folder_of(desk):
    """Where the captures are, or would be."""
    return places.diary_of(keccak256(desk.file.read_bytes())) / pulse.CAPTURES


def test_an_agreement_without_captures(desk):
    desk.refuses(2, "asks for no captures, and none are ever taken", "captures")


def test_a_key_is_made_once(asked):
    folder = folder_of(asked)
    outcome = asked.ok("captures", "--set-up", *asked.password)
    assert outcome.out == f"The key is in {folder}.\n"
    assert Captures(folder).is_set_up
    asked.refuses(2, "is there already", "captures", "--set-up", *asked.password)


def test_captures_are_listed_without_the_password(watched):
    assert watched.ok("captures").out == (
        "2026-12-01 09:10-09:20  not seen yet\n2026-12-01 10:20-10:30  not seen yet\n"
    )
    found = watched.ok("captures", "--json").json["captures"]
    assert [(c["start"], c["is_seen"]) for c in found] == [(FIRST, False), (SECOND, False)]
    assert "captures: a picture of the screen" in watched.ok("start", "Form").err


def test_no_week_is_sealed_before_its_captures_were_seen(watched, tmp_path):
    words = "2 captures of it were not shown to you yet"
    watched.refuses(9, words, "seal", 1)
    folder = tmp_path / "pictures"
    outcome = watched.ok("captures", "--show", folder, *watched.password)
    assert "2 pictures in" in outcome.out
    assert "Delete the folder when you have seen them" in outcome.out
    assert (folder / f"capture-{FIRST}.png").read_bytes() == PNG + str(FIRST).encode()
    assert "not seen" not in watched.ok("captures").out
    week = tmp_path / "week.json"
    watched.ok("seal", 1, "--out", week)
    with_captures = [v for v in json.loads(week.read_text())["values"] if int(v["value"][6], 16)]
    assert [int(v["value"][0]) for v in with_captures] == [FIRST, SECOND]


def test_one_is_deleted_with_its_segment(watched, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    before = watched.logs()
    assert watched("captures", "--delete", "2026-12-01 09:12").code == 1
    assert watched.logs() == before
    outcome = watched.ok("captures", "--delete", "2026-12-01 09:12", "--yes")
    assert outcome.out == "Deleted: 2026-12-01 09:10-09:20.\n"
    spans = [
        (e["start"], e["end"]) for e in watched.ok("log", "--week", "1", "--json").json["entries"]
    ]
    assert spans == [
        (moment("2026-12-01 09:00"), FIRST), (FIRST + 600, moment("2026-12-01 11:00")),
    ]  # fmt: skip
    assert "09:10" not in watched.ok("captures").out
    words = "There is no capture of 2026-12-01 09:10-09:20"
    watched.refuses(2, words, "captures", "--delete", "2026-12-01 09:12", "--yes")
    watched.refuses(2, "There is no capture", "captures", "--delete", "2026-12-01 09:30", "--yes")


def test_one_of_a_sealed_week_is_deleted_alone(watched, tmp_path):
    watched.ok("captures", "--show", tmp_path / "pictures", *watched.password)
    sealed = watched.ok("seal", 1, "--json").json
    assert "1 h 40 min without a capture" in sealed["doubts"]
    root = sealed["root"]
    watched.ok("captures", "--delete", "2026-12-01 09:12", "--yes")
    assert watched.ok("seal", 1, "--json").json["root"] == root


def test_a_timer_that_runs_keeps_its_captures(watched, monkeypatch):
    watched.ok("start", "Form")
    monkeypatch.setattr(module, "grab", lambda: PNG)
    Captures(folder_of(watched)).take(watched.now + 60)
    watched.refuses(2, "Stop it first", "captures", "--delete", "2026-12-08 08:01", "--yes")


def test_one_is_revealed_and_verified(watched, tmp_path):
    watched.ok("captures", "--show", tmp_path / "pictures", *watched.password)
    week = tmp_path / "week.json"
    watched.ok("seal", 1, "--out", week)
    folder = tmp_path / "revealed"
    folder.mkdir()
    given = ("--reveal", "2026-12-01 10:25", "--out", folder, *watched.password)
    found = watched.ok("captures", *given, "--json").json
    assert found["picture"] == str(folder / f"capture-{SECOND}.png")
    assert (folder / f"capture-{SECOND}.nonce").read_text().startswith("0x")
    said = tmp_path / "answer.json"
    said.write_bytes(answer([claim_of(week)], ESCROW))
    picture = ("--answer", said, "--capture", found["picture"])
    outcome = watched.ok("verify", week, *picture)
    assert f"{found['picture']} is the capture of 2026-12-01 10:20-10:30.\n" in outcome.out
    assert watched.ok("verify", week, *picture, "--json").json["capture_of"] == SECOND
    proof = tmp_path / "proof.json"
    watched.ok("prove", 1, "--segment", "2026-12-01 10:20", "--out", proof)
    watched.ok("verify", proof, *picture)
    watched.ok("prove", 1, "--segment", "2026-12-01 09:10", "--out", proof)
    watched.refuses(9, "it is the capture of none of these segments", "verify", proof, *picture)
    (folder / f"capture-{SECOND}.png").write_bytes(PNG)
    watched.refuses(9, "it is the capture of none of these segments", "verify", week, *picture)
    (folder / f"capture-{SECOND}.nonce").write_text("0xzz")
    watched.refuses(2, "does not have 32 bytes", "verify", week, *picture)


def test_pictures_are_their_owners_alone(watched, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    watched.ok("captures", "--show", shared, *watched.password)
    watched.ok("captures", "--reveal", "2026-12-01 10:25", "--out", shared, *watched.password)
    found = {path.name: path.stat().st_mode & 0o777 for path in shared.iterdir()}
    assert len(found) == 3
    assert set(found.values()) == {0o600}


def test_a_key_where_no_folder_can_be(asked):
    folder = folder_of(asked).parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file")
    asked.refuses(2, "cannot be used: File exists", "captures", "--set-up", *asked.password)


def test_a_picture_that_is_no_file(watched, tmp_path):
    watched.ok("captures", "--show", tmp_path / "pictures", *watched.password)
    week, said = tmp_path / "week.json", tmp_path / "answer.json"
    watched.ok("seal", 1, "--out", week)
    said.write_bytes(answer([claim_of(week)], ESCROW))
    watched.refuses(2, "/ cannot be read", "verify", week, "--answer", said, "--capture", "/")


def test_a_capture_that_stands_twice(watched, tmp_path, monkeypatch):
    """As a freelancer may make it who has one good picture."""
    watched.ok("captures", "--show", tmp_path / "pictures", *watched.password)
    folder = folder_of(watched)
    shutil.copy(folder / f"{SECOND}.age", folder / f"{FIRST}.age")
    index = json.loads((folder / f"{SECOND}.json").read_text())
    (folder / f"{FIRST}.json").write_text(json.dumps({**index, "taken_at": FIRST}))
    week, said = tmp_path / "week.json", tmp_path / "answer.json"
    found = watched.ok("seal", 1, "--out", week, "--json").json["doubts"]
    assert "20 min with a capture that stands at other segments, too" in found
    said.write_bytes(answer([claim_of(week)], ESCROW))
    given = ("--reveal", "2026-12-01 10:25", "--out", tmp_path, *watched.password)
    picture = watched.ok("captures", *given, "--json").json["picture"]
    outcome = watched.ok("verify", week, "--answer", said, "--capture", picture)
    words = "is the capture of 2026-12-01 09:10-09:20, and of 1 other segment, too.\n"
    assert words in outcome.out


def claim_of(week):
    """The event that a submission of a week's file would make."""
    content = json.loads(week.read_text())
    fields = {
        "agreement": bytes.fromhex(content["agreement"][2:]),
        "milestone": content["week"] - 1,
        "units": len(content["values"]),
        "deliverable": bytes.fromhex(content["tree"][0][2:]),
    }
    return Event("MilestoneSubmitted", ESCROW, 5, bytes(32), bytes(32), 0, fields)


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("Give one of --set-up, --show, --delete and --reveal", ("--set-up", "--show", "x")),
        ("--reveal goes with --out", ("--reveal", "2026-12-01 09:12")),
        ("--reveal goes with --out", ("--out", "x")),
        ("is no time", ("--delete", "soon", "--yes")),
        ("There is no capture", ("--reveal", "2026-12-01 09:50", "--out", ".")),
    ],
)
def test_what_captures_refuse(watched, tmp_path, monkeypatch, words, given):
    monkeypatch.chdir(tmp_path)
    watched.refuses(2, words, "captures", *given, *watched.password)


def test_a_wrong_password(watched, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("battery staple\n")
    watched.refuses(3, "assword", "captures", "--show", tmp_path / "x", "--password-file", wrong)
    assert not (tmp_path / "x").exists()
