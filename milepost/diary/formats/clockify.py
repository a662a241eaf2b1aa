"""Clockify: its detailed report in CSV, with the formats of date and time that the account has.

A frame's memo is its description, else its task, else its project. There is no key, and no mark of
what was typed by hand.
"""

from __future__ import annotations

from milepost.diary.formats import columns
from milepost.diary.formats.reading import Context, Reading

LAYOUT = columns.Layout(
    program="Clockify",
    start_date="Start Date",
    start_time="Start Time",
    end_dates=("End Date",),
    end_times=("End Time",),
    duration="Duration (h)",
)


def read(content: bytes, context: Context) -> Reading:
    """The rows of a detailed report of Clockify. Raises InputError."""
    return columns.read(content, context, LAYOUT)
