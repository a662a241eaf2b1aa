"""How far ahead metered work is funded, at any moment and with every kind of hole."""

import pytest

from milepost.errors import InputError
from milepost.presets import Parties, fixed_price, hourly, retainer
from milepost.runway import runway
from milepost.types import Status
from milepost.units import DAY, WEEK

A, B = "0x" + "1" * 40, "0x" + "2" * 40
MONDAY = 1_790_553_600
WEEKS = hourly(Parties(A, B), rate=60_000_000, hours_per_week=40, start=MONDAY)
NONE, OFFERED, ACTIVE, PAID = Status.NONE, Status.OFFERED, Status.ACTIVE, Status.PAID


def standing(text, terms=WEEKS):
    """The statuses of all milestones from a letter for each of the first."""
    letters = {
        ".": NONE,
        "o": OFFERED,
        "a": ACTIVE,
        "s": Status.SUBMITTED,
        "q": Status.REFUND_REQUESTED,
        "d": Status.DISPUTED,
        "y": Status.APPROVED,
        "t": Status.PARTLY_APPROVED,
        "p": PAID,
        "r": Status.REFUNDED,
    }
    return [letters[c] for c in text.ljust(terms.count, ".")]


def at(text, week=0.0, terms=WEEKS):
    return runway(terms, standing(text, terms), MONDAY + int(week * WEEK))


def test_an_unbroken_run():
    run = at("pssaaa", 3.5)
    assert (run.current, run.funded, run.offered, run.later) == (3, (3, 4, 5), (), ())
    assert run.protected == run.funded
    assert run.until == run.protected_until == WEEKS.period_end(5) == MONDAY + 6 * WEEK
    assert (run.missing, run.fundable, run.acceptable) == (6, (6, 7, 8, 9), ())
    assert run.amount == 2_400_000_000


@pytest.mark.parametrize(
    ("week", "current"), [(-52, 0), (-1e-5, 0), (0, 0), (0.99999, 0), (1, 1), (63.99, 63), (64, 64)]
)
def test_a_period_holds_its_first_second_and_not_its_last(week, current):
    assert at("", week).current == current


def test_nothing_is_funded():
    run = at("paa", 3)
    assert (run.funded, run.protected, run.until, run.protected_until) == ((), (), None, None)
    assert (run.missing, run.fundable) == (3, (3, 4, 5, 6))


def test_an_offer_is_funded_and_not_protected():
    run = at("aaooa.", 1)
    assert (run.funded, run.offered) == ((1, 2, 3, 4), (2, 3))
    assert (run.protected, run.acceptable) == ((1,), (2, 3))
    assert (run.until, run.protected_until) == (MONDAY + 5 * WEEK, MONDAY + 2 * WEEK)
    run = at("o")
    assert (run.funded, run.protected, run.protected_until, run.acceptable) == (
        (0,),
        (),
        None,
        (0,),
    )


def test_a_hole_and_what_is_behind_it():
    run = at("aa..aao")
    assert (run.funded, run.missing, run.fundable, run.later) == ((0, 1), 2, (2, 3), (4, 5, 6))
    # A week that was given back takes no money again.
    run = at("aar.a")
    assert (run.missing, run.fundable, run.later) == (2, (3,), (4,))
    run = at("apa")
    assert (run.funded, run.missing, run.fundable) == ((0,), 1, (3, 4, 5, 6))


@pytest.mark.parametrize("letter", "oasqdyt")
def test_every_open_status_holds_the_money(letter):
    assert at(letter + "a").funded == (0, 1)


def test_what_is_asked_back_is_not_protected():
    run = at("aaqa..q", 1)
    assert (run.funded, run.protected, run.asked_back) == ((1, 2, 3), (1,), (2, 6))
    assert (run.until, run.protected_until) == (MONDAY + 4 * WEEK, MONDAY + 2 * WEEK)
    assert (at("q", 0.5).protected, at("q", 0.5).protected_until) == ((), None)


@pytest.mark.parametrize("letter", "sdyt")
def test_a_period_that_is_claimed_before_its_end_takes_no_more_work(letter):
    run = at(f"sa{letter}a", 1.5)
    assert (run.funded, run.protected, run.claimed) == ((1, 2, 3), (1,), (2,))
    assert (run.missing, run.fundable, run.acceptable) == (4, (4, 5, 6, 7), ())


def test_an_offer_behind_a_hole_is_only_an_offer():
    run = at("ao.oa")
    assert (run.offered, run.acceptable, run.later) == ((1, 3), (1,), (3, 4))


def test_the_last_period():
    everything = at("a" * 64, 10)
    assert (everything.funded[-1], everything.missing, everything.fundable) == (63, None, ())
    assert everything.until == WEEKS.period_end(63)
    assert at("a" * 61 + "...", 60).fundable == (61, 62, 63)
    over = at("a" * 64, 100)
    assert (over.current, over.funded, over.missing, over.fundable) == (64, (), None, ())


def test_other_periods():
    terms = retainer(Parties(A, B), amount=7, start=MONDAY)
    run = runway(terms, standing("aa"), MONDAY + 31 * DAY)
    assert (run.current, run.funded, run.until) == (1, (1,), MONDAY + 60 * DAY)
    assert (run.fundable, run.amount) == ((2,), 7)
    with pytest.raises(InputError, match="no periods"):
        runway(fixed_price(Parties(A, B), [1]), [ACTIVE], MONDAY)


@pytest.mark.parametrize(
    ("text", "week", "last"),
    [
        ("aaa", -1, 2),
        ("aaa", 1.5, 2),
        ("aao", 1.5, 1),
        ("aa", 2, 1),  # just over
        ("aa", 2.99, 1),
        ("ssooo", 2.5, 1),
        ("ssq", 2.5, 1),
        ("aq", 0.5, 0),
        ("aa", 3, None),  # long over
        ("aap", 3.5, None),
        ("ap", 2, None),  # the last week is settled: nothing is open any more
        ("oo", 0.5, None),  # never accepted
        ("oo", 1.5, None),
        ("q", 0.5, None),
        ("", 0.5, None),
        (".a", 0.5, None),
        (".a", -1, None),
        ("a" * 64, 64.5, 63),
        ("a" * 64, 65, None),
    ],
)
def test_the_end_to_remind_of(text, week, last):
    run = at(text, week)
    assert run.last == last
    assert run.timestamp == MONDAY + int(week * WEEK)
