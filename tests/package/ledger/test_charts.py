"""Pictures of the ledger: the same to the byte, whole for odd numbers, harmless for odd texts."""

import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime

import matplotlib as mpl
import pytest
from matplotlib.image import imread

from milepost.agreement import Token
from milepost.errors import ExtraMissing, InputError
from milepost.ledger.pictures import canvas, charts, labels
from milepost.ledger.pictures.job_chart import job
from milepost.ledger.pictures.series import Answer, Step
from milepost.ledger.reads import Moment
from milepost.presets import hourly, is_hourly
from milepost.units import DAY, HOUR, WEEK
from tests.package.ledger.made import BEGIN, PARTIES, USDP, Life, prices

SVG = "{http://www.w3.org/2000/svg}"
NOW = Moment(94, BEGIN + 50 * DAY, 30)
ODD = "$x_1^2$ </svg><script>\x00"


def submitted(*amounts, token=USDP, after=2 * DAY):
    life = Life(prices(*amounts), token).fund()
    return life.then("MilestoneSubmitted", after, milestone=0, units=10_000).history(HOUR)


def texts(drawn):
    return [t.text for t in ET.fromstring(drawn).iter(f"{SVG}text")]


def drawn_texts(figure):
    """The texts of a figure that are drawn, with their places in pixels."""
    found = []
    draw = mpl.text.Text.draw

    def record(text, renderer):
        if text.get_visible() and text.get_text().strip():
            found.append(text)
        draw(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mpl.text.Text, "draw", record)
        figure.draw_without_rendering()
    return [(text.get_text(), text.get_window_extent()) for text in found]


def require_order(figure):
    """No text overlaps another or leaves the picture."""
    placed = drawn_texts(figure)
    assert placed
    width, height = figure.bbox.size
    for i, (text, box) in enumerate(placed):
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert inside, f"{text} leaves the picture"
        for other, taken in placed[:i]:
            apart = (
                box.x0 >= taken.x1 - 0.5
                or taken.x0 >= box.x1 - 0.5
                or box.y0 >= taken.y1 - 0.5
                or taken.y0 >= box.y1 - 0.5
            )
            assert apart, f"{text} is over {other}"


def hourly_year():
    life = Life(hourly(PARTIES, rate=10**6, hours_per_week=40, start=BEGIN)).fund()
    for i in range(60):
        units = i % 24 * 10 + 1
        paid = 40 * 10**6 * units // 240
        fields = {"to_freelancer": paid, "to_client": 40 * 10**6 - paid}
        life.then("MilestoneSubmitted", WEEK, milestone=i, units=units)
        life.then("MilestonesReleased", 0, milestones=1 << i, **fields)
    return life.history(DAY)


def every_status():
    life = Life(prices(*range(1, 11))).fund(*range(9)).fund(9, later=1, is_accepted=False)
    for i in (0, 1, 2, 3, 4):
        life.then("MilestoneSubmitted", DAY, milestone=i, units=10_000 - i * 1_000)
    life.then("MilestonesApproved", DAY, milestones=0b1011)
    life.then("MilestonesReleased", DAY, milestones=0b11, to_freelancer=2, to_client=1)
    life.then("RefundRequested", DAY, milestone=5)
    fields = {"units": 10_000, "to_freelancer": 0, "to_client": 0, "by": PARTIES.freelancer}
    life.then("MilestoneDisputed", DAY, milestone=6, **fields)
    life.then("MilestonesRefunded", DAY, milestones=1 << 7, to_client=8)
    life.then("MilestonesApproved", DAY, milestones=1 << 8)
    return life.history(2 * DAY)


HISTORIES = {
    "one event": lambda: Life(prices(10**6)).fund().history(),
    "every status": every_status,
    "sixty-four": lambda: submitted(*range(1, 65)),
    "seconds": lambda: submitted(10**6, after=3),
    "minutes": lambda: submitted(10**6, after=300),
    "eleven years": lambda: submitted(10**6, 5, after=4_000 * DAY),
    "a thousand years": lambda: submitted(10**6, 5, after=365_000 * DAY),
    "after all calendars": lambda: submitted(10**6, 5, after=2**40 - BEGIN - DAY),
    "huge": lambda: submitted(10**30, 1, 2**128 - 1, token=replace(USDP, decimals=0)),
    "tiny": lambda: submitted(10**30, 1, token=replace(USDP, decimals=255)),
    "odd": lambda: submitted(10**6, 10**24, token=replace(USDP, symbol=ODD)),
    "hours": hourly_year,
    "weeks after all calendars": lambda: (
        Life(hourly(PARTIES, rate=1, hours_per_week=6, start=2**40 - 1)).fund(0, 63).history(9)
    ),
}


@pytest.fixture(scope="module", params=HISTORIES.values(), ids=HISTORIES.keys())
def history(request):
    return request.param()


@pytest.fixture(scope="module")
def chart(history):
    return job(history)


def test_a_job_is_drawn_in_order(chart):
    with canvas.style():
        require_order(chart.figure)


def test_an_svg_is_whole_and_needs_nothing(history, chart, tmp_path):
    path = tmp_path / "job.svg"
    charts.save_job(history, path)
    drawn = path.read_text("utf-8")
    is_same = drawn == canvas.svg(chart)
    assert is_same  # the difference of long texts takes minutes to show
    root = ET.fromstring(drawn)
    assert root.tag == f"{SVG}svg"
    assert not list(root.iter(f"{SVG}script"))
    title, words = root[0], root[1]
    assert (title.tag, words.tag) == (f"{SVG}title", f"{SVG}desc")
    assert title.text == "Job 0x01010101"
    assert words.text.count("Milestone ") == len(history.job.milestones)
    assert "://" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", drawn)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    used = re.findall(r'(?:url\(|href=")#([^")]+)', drawn)
    assert set(used) == set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["job.png", "job.PNG"])
def test_a_png_is_the_same_every_time(name, tmp_path):
    path = tmp_path / name
    found = set()
    for _ in range(2):
        charts.save_job(every_status(), path)
        found.add(path.read_bytes())
    assert len(found) == 1
    assert imread(path, format="png").shape[1] == canvas.WIDTH * 160


def test_a_row_says_what_it_is():
    drawn = canvas.svg(job(every_status()))
    found = texts(drawn)
    assert "\u20071\u20030.000001 USDP" in found
    for label in ("offered", "active", "approved", "paid", "refunded", "split", "deadline"):
        assert label in found
    assert "submitted, due 2026-10-17 00:00" in found
    assert f"block {every_status().moment.block}" in found


def test_a_formula_is_only_text():
    drawn = canvas.svg(job(submitted(5 * 10**6, token=replace(USDP, symbol="$x^2$"))))
    assert "\u20071\u20035.00 $x^2$" in texts(drawn)


def test_a_late_milestone_says_so():
    life = Life(prices(1)).fund().then("MilestoneSubmitted", DAY, milestone=0, units=10_000)
    chart = job(life.history(14 * DAY))
    assert "Milestone 1: submitted, late since 2026-10-13 00:00." in chart.words
    assert chart.words.startswith("0.000001 USDP in the escrow at block 3, 2026-10-13 00:00 UTC.")


@pytest.mark.parametrize(
    "steps",
    [
        [Step(BEGIN, 5, 0)],
        [Step(BEGIN, 10**30, 0), Step(BEGIN + DAY, 1, 10**29), Step(BEGIN + WEEK, 0, 0)],
        [Step(NOW.timestamp, 1, 0)],
        [Step(BEGIN + i, i % 7 * 10**9, 0) for i in range(5_000)],
    ],
    ids=["one", "huge", "now", "many"],
)
@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_money_is_drawn_in_order(steps, decimals):
    token = Token(PARTIES.token, "$" * 64, decimals)
    chart = charts.held(token, steps, NOW, "Money")
    with canvas.style():
        require_order(chart.figure)
    assert len(canvas.svg(chart)) < 200_000


def test_money_says_exact_amounts():
    steps = [Step(BEGIN, 7_000_001, 0), Step(BEGIN + DAY, 2_500_000, 3)]
    chart = charts.held(USDP, steps, NOW, "USDP in the escrow")
    assert chart.words == (
        "2.50 USDP in jobs and 0.000003 USDP to be withdrawn at block 94, 2026-11-17 00:00 UTC. "
        "At most 7.000001 USDP at one time."
    )
    assert {"to be withdrawn", "in jobs", "USDP"} <= set(texts(canvas.svg(chart)))


def test_few_of_many_steps_keep_the_extremes():
    steps = [Step(BEGIN + i, 5, 0) for i in range(10_000)]
    steps[1_234] = Step(BEGIN + 1_234, 9, 0)
    steps[7_777] = Step(BEGIN + 7_777, 1, 0)
    kept = charts._thinned(steps)
    assert len(kept) <= 900
    assert {steps[1_234], steps[7_777], steps[-1]} <= set(kept)
    assert kept == sorted(kept, key=lambda s: s.timestamp)


@pytest.mark.parametrize("unit", [1, 60, HOUR, DAY, 30 * DAY, 365 * DAY])
@pytest.mark.parametrize("count", [1, 2, 40])
def test_answers_are_drawn_in_order(unit, count):
    found = [Answer(bytes(32), i, i * unit + 1, 20 * unit) for i in range(count)]
    chart = charts.answers(found)
    with canvas.style():
        require_order(chart.figure)
    heights = [p.get_height() for p in chart.figure.axes[0].patches]
    assert sum(heights) == count


def test_answers_say_their_median():
    found = [Answer(bytes(32), i, seconds, 9) for i, seconds in enumerate((1, 2, 100_000))]
    assert charts.answers(found).words == (
        "3 milestones, the median is 2 seconds; 1 after the end of the review period."
    )
    assert "1 milestone, the median is 1 second; none" in charts.answers(found[:1]).words


@pytest.mark.parametrize("name", ["job.pdf", "job", "svg", "job.svg.gz"])
def test_other_kinds_of_picture_are_refused(name, tmp_path):
    path = tmp_path / name
    with pytest.raises(InputError, match=r"ends in \.svg or \.png"):
        charts.save_job(submitted(1), path)
    assert not path.exists()


@pytest.mark.parametrize("name", ["job.svg", "job.png"])
def test_a_picture_that_cannot_be_written_is_an_error(name, tmp_path):
    with pytest.raises(InputError, match="cannot be written: No such file or directory"):
        charts.save_job(submitted(1), tmp_path / "nowhere" / name)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ExtraMissing, match=r"milepost\[reports\]"):
        job(submitted(1))


def test_settings_of_the_machine_change_nothing_and_are_kept():
    usual = canvas.svg(job(submitted(1)))
    own = {"axes.facecolor": "red", "font.size": 31.0, "svg.fonttype": "path", "text.usetex": True}
    with mpl.rc_context(own):
        is_same = canvas.svg(job(submitted(1))) == usual
        assert is_same
        assert {name: mpl.rcParams[name] for name in own} == own


def test_pictures_in_a_page_have_ids_and_colours_of_their_own():
    chart = job(every_status())
    one, other = (canvas.svg(chart, name, is_inline=True) for name in ("one", "two"))
    ids = [set(re.findall(r' id="([^"]+)"', drawn)) for drawn in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert not re.findall(r"#[0-9a-f]{6}", one)
    assert set(re.findall(r"var\(--(\w+)\)", one)) <= canvas.LIGHT.keys() == canvas.DARK.keys()


@pytest.mark.parametrize(
    ("since", "length", "expected"),
    [
        (BEGIN, 4, ["00:00:00\n28 Sep 2026", "00:00:01", "00:00:02", "00:00:03", "00:00:04"]),
        (BEGIN - HOUR, 2 * HOUR, ["23:00\n27 Sep 2026", "23:30", "00:00\n28 Sep 2026", "00:30"]),
        (BEGIN + 1, 4 * DAY, ["29 Sep\n2026", "30 Sep", "1 Oct", "2 Oct"]),
        (BEGIN, 21 * DAY, ["28 Sep\n2026", "5 Oct", "12 Oct", "19 Oct"]),
        (BEGIN, 120 * DAY, ["1 Oct\n2026", "1 Nov", "1 Dec", "1 Jan\n2027"]),
        (BEGIN, 5 * 365 * DAY, [f"1 Jan\n{year}" for year in range(2027, 2032)]),
        (2**40, 9 * DAY, ["31 Dec\n9999"]),
    ],
)
def test_calendars_have_round_times(since, length, expected):
    places = labels.ticks(since, since + length)
    assert all(since <= place <= since + length for place in places)
    found = labels.calendar([labels.moment(place) for place in places])
    assert found[: len(expected)] == expected
    assert len(places) <= 7


def test_ticks_of_weeks_are_mondays():
    days = [datetime.fromtimestamp(t, UTC) for t in labels.ticks(0, 30 * DAY)]
    assert [d.weekday() for d in days] == [0] * 4


@pytest.mark.parametrize(
    ("amount", "decimals", "shown"),
    [
        (0, 6, "0.00 T"),
        (1, 18, "0.000000000000000001 T"),
        (1, 40, "≈1.000·10⁻⁴⁰ T"),
        (2**128 - 1, 6, "≈3.403·10³² T"),
        (10**17, 6, "100,000,000,000.00 T"),
    ],
)
def test_amounts_are_exact_until_they_are_long(amount, decimals, shown):
    assert labels.money(amount, Token("", "T", decimals)) == shown


@pytest.mark.parametrize(
    ("most", "decimals", "power", "unit"),
    [
        (0, 6, 0, "T"),
        (999_999, 0, 0, "T"),
        (10**6, 0, 6, "million T"),
        (10**30, 0, 30, "10³⁰ T"),
        (10**30, 18, 12, "trillion T"),
        (1, 18, -18, "10⁻¹⁸ T"),
        (10**15, 18, 0, "T"),
        (5 * 10**14, 18, -6, "10⁻⁶ T"),
    ],
)
def test_scales_have_names(most, decimals, power, unit):
    token = Token("", "T", decimals)
    assert labels.scale_of(most, token) == (power, unit)
    assert 0 <= labels.height_of(most, token, power) < 10**6


def test_strangers_texts_are_short_and_plain():
    assert labels.plain("a\u202eb\nc\x00d") == "a\ufffdb\ufffdc\ufffdd"
    assert labels.plain("x" * 17) == "x" * 15 + "…"
    assert is_hourly(hourly(PARTIES, rate=1, hours_per_week=1, start=1))
