"""The sentences about what happened and what comes next."""

from dataclasses import replace

import pytest

from milepost.agreement import Token
from milepost.chain.events import Event, event_topics
from milepost.ledger import outlook, words
from milepost.ledger.reads import Due, Ending, Job, waiting
from milepost.presets import Parties, fixed_price, hourly, retainer
from milepost.runway import runway
from milepost.types import ZERO_ADDRESS, AgreementId, Clock, MilestoneView, Status
from milepost.units import DAY, WEEK

CLIENT, FREELANCER, ARBITER, TOKEN = ("0x" + digit * 40 for digit in "1234")
PARTIES = Parties(CLIENT, FREELANCER, TOKEN, ARBITER)
TERMS = fixed_price(PARTIES, [100_000_000, 1_500_000_000])
USDC = Token(TOKEN, "USDC", 6)
HOSTILE = Token(TOKEN, "US\x1b[2J\r\nDC\u202e", 6)
NOW = 1_790_000_000
DAY_14 = "2026-10-05 14:13:20 UTC"


def event(name, **fields):
    fields = {"agreement": bytes(32), **fields}
    return Event(name, ZERO_ADDRESS, 7, bytes(32), bytes(32), 0, fields)


ONE, BOTH = {"milestone": 1}, {"milestones": 0b11}
SENTENCES = [
    (
        event("MilestonesFunded", **BOTH, amount=1_600_000_000, is_accepted=True),
        "Milestones 1-2 funded by the client with 1,600.00 USDC, accepted by the freelancer",
        "",
    ),
    (
        event("MilestonesFunded", milestones=0b10, amount=1_500_000_000, is_accepted=False),
        "Milestone 2 funded by the client with 1,500.00 USDC, as an offer",
        "The freelancer can accept; until then the client can take it back.",
    ),
    (event("MilestonesAccepted", **BOTH), "The freelancer accepted milestones 1-2", ""),
    (
        event("MilestoneSubmitted", **ONE, units=10_000, deliverable=bytes(32)),
        "The freelancer submitted milestone 2 and claims 1,500.00 USDC",
        f"The client can answer until {DAY_14}; from then on anybody can claim it.",
    ),
    (
        event("MilestoneSubmitted", **ONE, units=4_000, deliverable=bytes(32)),
        "The freelancer submitted milestone 2 and claims 600.00 USDC of 1,500.00 USDC",
        f"The client can answer until {DAY_14}; from then on anybody can claim it.",
    ),
    (
        event("ChangesRequested", **ONE, reason=bytes(32)),
        "The client sent milestone 2 back for changes",
        "",
    ),
    (
        event("MilestonesApproved", **BOTH),
        "The client approved milestones 1-2",
        "Anybody can claim it now, for the freelancer.",
    ),
    (
        event("MilestonesReleased", **BOTH, to_freelancer=700_000_000, to_client=900_000_000),
        "Milestones 1-2 paid: 700.00 USDC to the freelancer, 900.00 USDC to the client",
        "",
    ),
    (
        event("RefundRequested", **ONE, reason=bytes(32)),
        "The client asked for the money of milestone 2 back",
        "The freelancer can answer until 2026-09-28 14:13:20 UTC; "
        "from then on anybody can refund it.",
    ),
    (
        event("MilestonesRefunded", milestones=0b10, to_client=1_500_000_000),
        "Milestone 2 refunded: 1,500.00 USDC to the client",
        "",
    ),
    (
        event("MilestoneDisputed", **ONE, by=CLIENT, units=1, to_freelancer=1, to_client=0),
        "The client disputed 1,499.999999 USDC of milestone 2, "
        "and conceded the rest: 0.000001 USDC to the freelancer",
        "The arbiter can rule until 2026-10-21 14:13:20 UTC; from then on anybody can have it "
        "divided: 749.999999 USDC to the freelancer, 750.00 USDC to the client.",
    ),
    (
        event("MilestoneDisputed", **ONE, by=FREELANCER, units=1, to_freelancer=0, to_client=0),
        "The freelancer disputed 1,500.00 USDC of milestone 2",
        "The arbiter can rule until 2026-10-21 14:13:20 UTC; from then on anybody can have it "
        "divided: 750.00 USDC to the freelancer, 750.00 USDC to the client.",
    ),
    (
        event("MilestoneRuled", **ONE, to_freelancer=1, to_client=0, fee=75_000_000),
        "The arbiter ruled on milestone 2: 0.000001 USDC to the freelancer, "
        "75.00 USDC to the arbiter",
        "",
    ),
    (
        event("MilestoneLapsed", **ONE, to_freelancer=750_000_000, to_client=750_000_000),
        "The dispute of milestone 2 ended without a ruling: 750.00 USDC to the freelancer, "
        "750.00 USDC to the client",
        "",
    ),
    (
        event("MilestoneSettled", **ONE, to_freelancer=0, to_client=1_500_000_000),
        "The client and the freelancer settled milestone 2: 1,500.00 USDC to the client",
        "",
    ),
    (
        event("AgreementAmended", replacement=b"\xab" * 32),
        "The client and the freelancer replaced the agreement by 0xabababab",
        "",
    ),
    (
        event("PayoutCredited", owner=CLIENT, token=TOKEN, amount=5_000_000),
        f"5.00 USDC could not be delivered to {CLIENT} and waits for them",
        "Its owner can withdraw it to any address: `milepost withdraw`.",
    ),
]


@pytest.mark.parametrize(
    ("happened", "text", "then"), SENTENCES, ids=lambda v: getattr(v, "name", "")
)
def test_who_did_what(happened, text, then):
    assert words.happened(happened, TERMS, USDC) == text
    assert words.consequence(happened, TERMS, USDC, NOW) == then


def test_a_withdrawal_has_no_terms():
    paid = event("CreditWithdrawn", owner=CLIENT, to=ARBITER, token=TOKEN, amount=5_000_000)
    text = f"5.00 USDC that waited for {CLIENT} went to {ARBITER}"
    assert words.happened(paid, None, USDC) == text
    assert words.consequence(paid, None, USDC, NOW) == ""


def test_every_event_has_its_sentence():
    told = {happened.name for happened, *_ in SENTENCES} | {"CreditWithdrawn"}
    assert told == set(event_topics()) - {"EIP712DomainChanged"}
    assert words.happened(event("Unheard"), TERMS, USDC) == "Unheard"
    assert words.happened(event("Unheard"), None, USDC) == "Unheard"


def test_without_an_arbiter_the_two_settle():
    terms = fixed_price(Parties(CLIENT, FREELANCER, TOKEN), [1, 3])
    disputed = event(
        "MilestoneDisputed", **ONE, by=CLIENT, units=10_000, to_freelancer=0, to_client=0
    )
    then = words.consequence(disputed, terms, USDC, NOW)
    assert then.startswith("The two can settle until")
    # The odd base unit is the client's.
    assert then.endswith("0.000001 USDC to the freelancer, 0.000002 USDC to the client.")


def test_symbols_of_tokens_steer_nothing():
    shown = words.amount(1_000_000, HOSTILE)
    assert shown == "1.00 US\ufffd[2J\ufffd\ufffdDC\ufffd"
    for happened, *_ in SENTENCES:
        assert words.happened(happened, TERMS, HOSTILE).isprintable()
        assert words.consequence(happened, TERMS, HOSTILE, NOW).isprintable()
        assert words.effect(happened, HOSTILE).isprintable()
    for status in Status:
        for is_late in (False, True):
            found = due(status, is_late=is_late, token=HOSTILE)
            assert outlook.headline(found).isprintable()
            assert outlook.silence(found.view, TERMS, HOSTILE).isprintable()


@pytest.mark.parametrize("symbol", ["USDC", "USDC.e", "x" * 16, "$A+b-3"])
def test_a_plain_symbol_stays(symbol):
    token = Token(TOKEN, symbol, 6)
    assert words.plainly_named(token) == token


@pytest.mark.parametrize(
    "symbol",
    ["", "x" * 17, "@everyone", "[x](y)", "a b", "USDC\n", "<@1>", "USD\u0421", "evil.io", "*b*"],
)
def test_a_symbol_that_could_be_more_than_text(symbol):
    token = Token("0x1234" + "0" * 32 + "abcd", symbol, 6)
    assert words.amount(1_000_000, words.plainly_named(token)) == "1.00 token 0x1234…abcd"


# What comes next


def due(status, *, is_late=False, terms=TERMS, token=USDC, to_freelancer=600_000_000):
    """Milestone 2 of `terms` as `Ledger` shows it."""
    has_clock = status in (Status.SUBMITTED, Status.REFUND_REQUESTED, Status.DISPUTED)
    deadline = NOW + 14 * DAY if has_clock else 0
    to_client = 1_500_000_000 - to_freelancer
    clock = Clock(NOW if has_clock else 0, 0, 0)
    is_late = is_late and has_clock
    view = MilestoneView(status, clock, deadline, is_late, 1_500_000_000, to_freelancer, to_client)
    job = Job(AgreementId(b"\xab" * 32), terms, token, {1: view}, None, NOW)
    (found,) = waiting(job) if not status.is_final else [Due(job, 1, view, None, 0)]
    return found


@pytest.mark.parametrize(
    ("status", "is_late", "text", "who", "in_time", "by_anybody"),
    [
        (
            Status.OFFERED,
            False,
            "freelancer may accept milestone 2, 900.00 USDC",
            f"the freelancer, {FREELANCER}",
            ["milepost accept FILE --milestones 2"],
            "",
        ),
        (
            Status.ACTIVE,
            False,
            "freelancer may submit milestone 2, 900.00 USDC",
            f"the freelancer, {FREELANCER}",
            ["milepost submit FILE 2"],
            "",
        ),
        (
            Status.SUBMITTED,
            False,
            "client must answer milestone 2 or 600.00 USDC is paid",
            f"the client, {CLIENT}",
            ["milepost approve FILE 2", "milepost changes FILE 2", "milepost dispute FILE 2"],
            "milepost claim FILE 2",
        ),
        (
            Status.SUBMITTED,
            True,
            "anybody can claim milestone 2: 600.00 USDC to the freelancer, "
            "900.00 USDC to the client",
            "anybody",
            [],
            "milepost claim FILE 2",
        ),
        (
            Status.PARTLY_APPROVED,
            False,
            "anybody can claim milestone 2: 600.00 USDC to the freelancer, "
            "900.00 USDC to the client",
            "anybody",
            [],
            "milepost claim FILE 2",
        ),
        (
            Status.REFUND_REQUESTED,
            False,
            "freelancer must answer milestone 2 or 900.00 USDC is refunded",
            f"the freelancer, {FREELANCER}",
            ["milepost submit FILE 2", "milepost dispute FILE 2", "milepost refund FILE 2"],
            "milepost refund FILE 2",
        ),
        (
            Status.REFUND_REQUESTED,
            True,
            "anybody can refund milestone 2: 900.00 USDC to the client",
            "anybody",
            [],
            "milepost refund FILE 2",
        ),
        (
            Status.DISPUTED,
            False,
            "arbiter must rule on milestone 2 or it is divided: 600.00 USDC to the freelancer, "
            "900.00 USDC to the client",
            f"the arbiter, {ARBITER}",
            ["milepost rule FILE 2 --to-freelancer AMOUNT"],
            "milepost lapse FILE 2",
        ),
        (
            Status.DISPUTED,
            True,
            "anybody can end the dispute of milestone 2: 600.00 USDC to the freelancer, "
            "900.00 USDC to the client",
            "anybody",
            [],
            "milepost lapse FILE 2",
        ),
    ],
    ids=lambda v: v.label if isinstance(v, Status) else "",
)
def test_who_must_do_what(status, is_late, text, who, in_time, by_anybody):
    found = due(status, is_late=is_late)
    assert outlook.headline(found) == text
    assert outlook.awaited(found) == who
    assert list(outlook.answers(found)) == in_time
    assert outlook.execution(found) == by_anybody
    lines = "\n".join(outlook.commands(found))
    assert all(command in lines for command in [*in_time, by_anybody])
    assert ("From then on" in lines) == bool(in_time and by_anybody)


def test_a_dispute_without_an_arbiter():
    terms = fixed_price(Parties(CLIENT, FREELANCER, TOKEN), [1, 1_500_000_000])
    found = due(Status.DISPUTED, terms=terms)
    assert outlook.headline(found).startswith("client and freelancer must settle milestone 2 or it")
    assert outlook.awaited(found) == f"the client, {CLIENT} and the freelancer, {FREELANCER}"
    assert outlook.awaited(found, CLIENT) == f"the client, you and the freelancer, {FREELANCER}"
    assert found.awaited is None
    assert outlook.answers(found) == ("milepost offer FILE 2 --to-freelancer AMOUNT",)
    assert outlook.execution(found) == "milepost lapse FILE 2"
    late = due(Status.DISPUTED, terms=terms, is_late=True)
    assert outlook.awaited(late) == "anybody"
    assert outlook.answers(late) == ()
    assert late.job.roles_of(ZERO_ADDRESS) == ()


def test_you():
    found = due(Status.SUBMITTED)
    assert outlook.awaited(found, CLIENT.upper().replace("X", "x")) == "the client, you"
    assert outlook.awaited(found, FREELANCER) == f"the client, {CLIENT}"
    job = "Job 0x" + "ab" * 32
    assert outlook.roles(found.job, None) == outlook.roles(found.job, TOKEN) == job
    assert outlook.roles(found.job, CLIENT) == f"{job}, in which you are the client"
    both = f"{job}, in which you are the freelancer and the payee"
    assert outlook.roles(found.job, FREELANCER) == both


def test_metered_work():
    weeks = hourly(PARTIES, rate=60_000_000, hours_per_week=10, start=NOW)
    submitted = event("MilestoneSubmitted", **ONE, units=30, deliverable=bytes(32))
    text = "The freelancer submitted milestone 2 and claims 300.00 USDC of 600.00 USDC"
    assert words.happened(submitted, weeks, USDC) == text
    assert due(Status.ACTIVE, terms=weeks).opens_at == weeks.period_end(1)
    assert due(Status.OFFERED, terms=weeks).opens_at == 0


MONDAY = 1_790_553_600
WEEKS = hourly(PARTIES, rate=60_000_000, hours_per_week=10, start=MONDAY)
MONTHS = retainer(PARTIES, amount=5_000_000, start=MONDAY)


def test_periods_and_their_days():
    assert words.periods(WEEKS, [2]) == "week 3"
    assert words.periods(WEEKS, [0, 2, 3]) == "weeks 1,3-4"
    assert words.periods(MONTHS, [0, 1]) == words.periods(TERMS, [0, 1]) == "milestones 1-2"
    first, third = (
        "Monday 2026-09-28 to Sunday 2026-10-04",
        "Monday 2026-10-12 to Sunday 2026-10-18",
    )
    assert words.covered(WEEKS, [0]) == f"week 1, {first} UTC"
    assert words.covered(WEEKS, [2, 0]) == f"weeks 1,3, {first} and {third} UTC"
    assert words.covered(WEEKS, range(3)) == f"weeks 1-3, {first[:17]} to {third[21:]} UTC"
    assert words.covered(MONTHS, [0]) == "milestone 1, Monday 2026-09-28 to Tuesday 2026-10-27 UTC"
    assert words.covered(TERMS, [0]) == "milestone 1"
    far = replace(WEEKS, start=2**40 - 1)
    assert words.covered(far, [0]).startswith("milestone 1, second 1099511627775 of Unix time to ")


def test_hours_and_minutes():
    assert [words.hours(m) for m in (0, 10, 60, 1890, 6000)] == [
        "0:00", "0:10", "1:00", "31:30", "100:00",
    ]  # fmt: skip


def run_of(letters, week=0.0, terms=WEEKS):
    statuses = [
        {
            "a": Status.ACTIVE,
            "o": Status.OFFERED,
            "r": Status.REFUNDED,
            "q": Status.REFUND_REQUESTED,
            "s": Status.SUBMITTED,
        }.get(c)
        for c in letters
    ]
    found = [s or Status.NONE for s in statuses] + [Status.NONE] * (64 - len(letters))
    return runway(terms, found, MONDAY + int(week * WEEK))


def test_how_far_ahead_it_is_funded():
    assert outlook.funded_ahead(run_of("aa", 1.5)) == [
        "Funded ahead: week 2, until 2026-10-12 00:00:00 UTC (3 days 12 hours). "
        "Nobody protects hours after that."
    ]
    assert outlook.funded_ahead(run_of("", -1)) == [
        "Funded ahead: nothing. Nobody protects hours in week 1, which begins at "
        "2026-09-28 00:00:00 UTC."
    ]
    (nothing,) = outlook.funded_ahead(run_of("a", 1))
    assert "in week 2, which began at 2026-10-05" in nothing
    offered = outlook.funded_ahead(run_of("ooa"))
    assert offered[0].startswith(
        "Funded ahead: weeks 1-3, until 2026-10-19 00:00:00 UTC (21 days)."
    )
    assert offered[1].startswith("Only offered: weeks 1-2. Until the freelancer accepts, nobody")
    assert offered[2] == "Protected without a hole: nothing."
    assert outlook.funded_ahead(run_of("a" * 64, 64)) == [
        "Funded ahead: nothing. Week 64, the last one, is over."
    ]
    (month,) = outlook.funded_ahead(run_of("a", terms=MONTHS))
    assert month.startswith("Funded ahead: milestone 1, until ")
    assert month.endswith("Nobody protects work after that.")


def test_what_is_funded_and_protects_no_more_work():
    assert outlook.funded_ahead(run_of("aqso.o", 1.5)) == [
        "Funded ahead: weeks 2-4, until 2026-10-26 00:00:00 UTC (17 days 12 hours). "
        "Nobody protects hours after that.",
        "Only offered: weeks 4,6. Until the freelancer accepts, nobody protects hours there, and "
        "the client can take the money back.",
        "Asked back by the client: week 2. Without an answer in time the money is refunded, and an "
        "answer claims what was worked until then: nobody protects more hours there.",
        "Claimed before the end: week 3. Nobody protects hours there beyond the claim.",
        "Protected without a hole: nothing.",
    ]
    some = outlook.funded_ahead(run_of("aq"))
    assert some[-1] == "Protected without a hole: week 1, until 2026-10-05 00:00:00 UTC."
    behind = outlook.funded_ahead(run_of("a.o"))
    assert [line.partition(":")[0] for line in behind] == ["Funded ahead", "Only offered"]


def test_how_to_go_on():
    assert outlook.ways_on(run_of("aoor.a"), USDC) == [
        "Week 4 is refunded: nothing more of it can be claimed, and it cannot be funded again.",
        "Funded again behind that hole: week 6.",
        "To accept, as the freelancer: milepost accept FILE --weeks 2-3",
        "To fund more, as the client: milepost fund FILE --weeks 5 (600.00 USDC)",
    ]
    assert outlook.ways_on(run_of("a" * 64), USDC) == [
        "None is left to fund up to week 64, the last one. More needs a new deal."
    ]
    assert outlook.ways_on(run_of("a", terms=MONTHS), USDC) == [
        "To fund more, as the client: milepost fund FILE --milestones 2 (5.00 USDC)"
    ]
    (shown,) = outlook.ways_on(run_of("a"), HOSTILE)
    assert shown.isprintable()


def end_of(letters, week=0.0):
    job = replace(due(Status.ACTIVE, terms=WEEKS).job, terms=WEEKS)
    run = run_of(letters, week)
    return Ending(job, run, run.last)


@pytest.mark.parametrize(
    ("letters", "client", "freelancer", "fact"),
    [
        ("aa", "fund more", "do not work unprotected", "week 2 is the last one funded"),
        (
            "aaoo",
            "weeks 3-4 not accepted yet",
            "accept weeks 3-4",
            "week 2 is the last one acc",
        ),
        (
            "a" * 64,
            "agree anew",
            "do not work unprotected",
            "week 64 is the last one that can be fund",
        ),
        ("as", "fund more", "do not work unprotected", "week 1 is the last one protected"),
        ("aar.a", "fund more", "do not work unprotected", "week 2 is the last one funded before a"),
        (
            "aooa.o",
            "weeks 2-3 not accepted yet",
            "accept weeks 2-3",
            "week 1 is the last one accepted before a hole",
        ),
        (
            "aqa",
            "week 2 asked back",
            "do not work unprotected",
            "week 1 is the last one protected before a hole",
        ),
        (
            "ar" + "a" * 62,
            "agree anew",
            "do not work unprotected",
            "week 1 is the last one funded before a hole",
        ),
    ],
)
def test_what_the_end_of_protection_asks(letters, client, freelancer, fact):
    found = end_of(letters)
    assert outlook.ending(found, CLIENT).startswith(f"{client}, {fact}")
    assert outlook.ending(found, FREELANCER).startswith(f"{freelancer}, {fact}")
    for nobody in (None, ARBITER):
        assert outlook.ending(found, nobody).startswith(fact)
    assert outlook.ending(found).endswith("before a hole") == ("before a" in fact)
    last = found.last
    assert found.at == WEEKS.period_end(last)
    assert not found.is_over
    over = end_of(letters, last + 1)
    assert over.is_over
    assert fact.replace(" is ", " was ", 1) in outlook.ending(over)
