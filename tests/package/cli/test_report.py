"""`milepost report` and the picture of a job, from the node to the file."""

import errno
import os
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from unittest.mock import Mock

import pytest


@pytest.fixture
def read(run, funded, milepost, people, local_node, escrow):
    """The example, with its first milestone submitted, in a ledger."""
    assert milepost("submit", funded, 1, by=people.freelancer).code == 0
    node = ("--rpc-url", local_node.url, "--escrow", escrow.address)
    assert run("ledger", "sync", *node).code == 0


@pytest.mark.node
def test_a_report_is_saved(run, read, people, tmp_path):
    page = tmp_path / "report.html"
    outcome = run("report", "--out", page)
    assert outcome.code == 0, outcome.err
    assert outcome.out == f"Saved to {page}.\n"
    text = page.read_text("utf-8")
    ET.fromstring(text)
    assert "6,000.50 USDP" in text
    assert "client must answer milestone 1 or 1,500.00 USDP is paid; 2 more after it" in text
    again, own = tmp_path / "again.html", tmp_path / "own.html"
    assert run("report", "--out", again, "--json").json == {"file": str(again)}
    assert again.read_bytes() == page.read_bytes()
    assert run("report", "--out", own, "--party", people.client.address).code == 0
    assert people.client.address in own.read_text("utf-8")
    stranger = run("report", "--out", own, "--party", people.stranger.address)
    assert stranger.code == 0
    assert "There are none yet." in own.read_text("utf-8")


@pytest.mark.node
def test_on_a_full_disk_what_was_there_stays(run, read, tmp_path, monkeypatch):
    (job,) = run("jobs", "--json").json["jobs"]
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    for words in (("report", "--out"), ("job", job["agreement"], "--chart")):
        for name in ("old.svg", "old.png"):
            (tmp_path / name).write_text("what was there")
            before = sorted(tmp_path.iterdir())
            with monkeypatch.context() as patched:
                patched.setattr(Path, "replace", Mock(side_effect=full))
                outcome = run(*words, tmp_path / name)
            assert (outcome.code, outcome.out) == (2, "")
            assert f"{name} cannot be written: No space left on device" in outcome.err
            assert (tmp_path / name).read_text() == "what was there"
            assert sorted(tmp_path.iterdir()) == before


@pytest.mark.node
def test_a_job_is_drawn(run, read, tmp_path):
    (job,) = run("jobs", "--json").json["jobs"]
    for name, begin in (("job.svg", b"<?xml"), ("job.png", b"\x89PNG")):
        outcome = run("job", job["agreement"], "--chart", tmp_path / name)
        assert outcome.code == 0, outcome.err
        assert (tmp_path / name).read_bytes().startswith(begin)
    refused = run("job", job["agreement"], "--chart", tmp_path / "job.gif")
    assert (refused.code, refused.out) == (2, "")
    assert "ends in .svg or .png" in refused.err


@pytest.mark.node
def test_what_cannot_be_done_says_why(run, read, tmp_path, monkeypatch):
    nowhere = run("report", "--out", tmp_path / "nowhere" / "report.html")
    assert (nowhere.code, nowhere.out) == (2, "")
    assert "report.html cannot be written: No such file or directory" in nowhere.err
    assert run("report", "--out", tmp_path / "r.html", "--party", "0x12").code == 2
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    missing = run("report", "--out", tmp_path / "report.html")
    assert missing.code == 2
    assert "pip install 'milepost[reports]'" in missing.err
    assert not (tmp_path / "report.html").exists()


def test_there_is_no_report_without_a_ledger(run, tmp_path):
    outcome = run("report", "--out", tmp_path / "report.html")
    assert outcome.code == 8
    assert "There is no ledger at" in outcome.err


def test_a_report_needs_a_place(run):
    outcome = run("report")
    assert outcome.code == 2
    assert "Missing option '--out'" in outcome.err
