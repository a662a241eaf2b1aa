"""What the tests of other programs' files share: the samples, a zone, and frames by local time."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from milepost.diary.entries import Frame
from milepost.diary.formats import Context

SAMPLES = Path(__file__).parent / "samples"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime.fromisoformat("2026-05-01T00:00:00Z").timestamp())


def sample(name):
    return (SAMPLES / name).read_bytes()


def context(name="file", zone=BERLIN, **fields):
    return Context(name, zone, NOW, **fields)


def at(text):
    """The Unix time of "2026-03-02 09:00+01:00"."""
    when = datetime.fromisoformat(text)
    assert when.tzinfo is not None
    return int(when.timestamp())


def frame(start, end, memo, tags=(), key="", **fields):
    return Frame(at(start), at(end), memo, tags, "Europe/Berlin", key, **fields)
