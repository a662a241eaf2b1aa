"""Toggl Track: its detailed report in CSV, and the file that its CSV import takes.

Versions of the report call the end "End" or "Stop"; the file for its import has a duration instead.
A frame's memo is its description, else its task, else its project. There is no key, and no mark of
what was typed by hand.
"""

from __future__ import annotations

from milepost.diary.formats import columns
from milepost.diary.formats.reading import Context, Reading

LAYOUT = columns.Layout(
    program="Toggl Track",
    start_date="Start date",
    start_time="Start time",
    end_dates=("End date", "Stop date"),
    end_times=("End time", "Stop time"),
    duration="Duration",
)


def read(content: bytes, context: Context) -> Reading:
    """The rows of a detailed report of Toggl Track. Raises InputError."""
    return columns.read(content, context, LAYOUT)
