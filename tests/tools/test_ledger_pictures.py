"""The picture in the documents is what the tool draws, as far as its texts and its shapes go."""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def content(path):
    return [(e.tag, (e.text or "").strip()) for e in ET.parse(path).iter()]


@pytest.mark.node
def test_the_picture_is_the_one_that_is_drawn(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import ledger_pictures

    ledger_pictures.main(build=tmp_path, docs=tmp_path)
    is_same = content(tmp_path / "job.svg") == content(ROOT / "docs/ledger/job.svg")
    assert is_same, "`python tools/ledger_pictures.py` draws it anew"
    assert "Milepost report" in (tmp_path / "ledger-report.html").read_text("utf-8")
    sys.modules.pop("ledger_pictures")
