"""Replacing an agreement from the command line: the freelancer signs, the client sends."""

import pytest


@pytest.fixture
def replacement(website):
    """The same deal with a cheaper second milestone and no third, on top of the old one."""
    path = website.with_name("replacement.yaml")
    text = website.read_text().replace("title: Website", "title: Smaller website")
    head, _, tail = text.partition("  - title: Orders")
    scope = tail[tail.index("scope:") :]
    path.write_text(head.replace("2500 USDP", "2000 USDP") + scope)
    return path


@pytest.fixture
def signed(milepost, funded, replacement, people, tmp_path):
    path = tmp_path / "amendment.json"
    given = ("--end", "2-3", "--pay", "2=300", "--fund", "2", "--sign", "--out", path)
    outcome = milepost("amend", funded, replacement, *given, by=people.freelancer)
    assert outcome.code == 0, outcome.err
    assert "end milestones 2-3, fund milestone 2 of the new one" in outcome.err
    return path


def statuses(milepost, file):
    return [m["status"] for m in milepost("status", file, "--json").json["milestones"]]


@pytest.mark.node
def test_what_ends_pays_for_what_is_new(milepost, funded, replacement, signed, people, token):
    before = token.balance(people.client.address), token.balance(people.freelancer.address)
    given = ("--amendment", signed)
    outcome = milepost("amend", funded, replacement, *given, by=people.client)
    assert outcome.code == 0, outcome.err
    after = token.balance(people.client.address), token.balance(people.freelancer.address)
    # 2,500 + 2,000.50 end; 300 are paid, 2,000 stay for the new milestone.
    assert (after[0] - before[0], after[1] - before[1]) == (2_200_500_000, 300_000_000)
    assert statuses(milepost, funded) == ["active", "split", "refunded"]
    assert statuses(milepost, replacement) == ["not funded", "active"]
    assert milepost("amend", funded, replacement, *given, by=people.client).code == 5


@pytest.mark.node
def test_the_client_pays_what_is_missing(
    milepost, funded, replacement, people, token, escrow, tmp_path
):
    path = tmp_path / "amendment.json"
    given = ("--end", "1", "--fund", "all", "--sign", "--out", path)
    assert milepost("amend", funded, replacement, *given, by=people.freelancer).code == 0
    token.call("approve", escrow.address, 0).send(people.client)
    before = token.balance(people.client.address)
    outcome = milepost("amend", funded, replacement, "--amendment", path, by=people.client)
    assert outcome.code == 0, outcome.err
    assert before - token.balance(people.client.address) == 2_000_000_000
    assert statuses(milepost, replacement) == ["active", "active"]


@pytest.mark.node
def test_what_does_not_fit_is_refused(milepost, funded, replacement, signed, people):
    def code(*args, by):
        outcome = milepost("amend", funded, *args, by=by)
        assert outcome.out == ""
        return outcome.code

    assert code(replacement, by=people.freelancer) == 2
    assert code(replacement, "--sign", by=people.freelancer) == 2
    assert code(replacement, "--sign", "--end", "all", by=people.client) == 2
    assert code(replacement, "--sign", "--end", "2", "--pay", "2", by=people.freelancer) == 2
    assert (
        code(replacement, "--sign", "--end", "2", "--pay", "2=2500.01", by=people.freelancer) == 2
    )
    assert code(replacement, "--sign", "--end", "1", "--pay", "2=1", by=people.freelancer) == 2
    assert code(replacement, "--amendment", signed, by=people.stranger) == 5
    assert code(replacement, "--amendment", signed, "--out", "x", by=people.client) == 2
    other = replacement.with_name("other.yaml")
    other.write_text(replacement.read_text().replace("2000 USDP", "1 USDP"))
    assert code(other, "--amendment", signed, by=people.client) == 2
