"""Files of weeks and proofs: what others read of them, and all that they may be instead."""

import json
import random
import re
import sys
from contextlib import suppress
from dataclasses import replace

import pytest

from milepost import json_text
from milepost.diary import evidence
from milepost.diary.errors import EvidenceInvalid
from milepost.diary.evidence import kind_of, proof_file, read_proof, read_week, week_file
from milepost.diary.merkle import MerkleTree
from milepost.diary.rules import Rules
from milepost.diary.weeks import Leaf, Place, Proof, Week, prove
from milepost.presets import UNIT
from milepost.units import WEEK
from tests.package.diary.made import (
    MONDAY,
    PLACE,
    RULES,
    SCOPE,
    SECRET,
    library,
    segment,
    week_with,
)

WEEK_OF_SEVEN = week_with(7)
FILE = week_file(WEEK_OF_SEVEN)
PROOF = prove(WEEK_OF_SEVEN, [MONDAY + i * UNIT for i in (1, 2, 5)], "Nothing came of it")
PROOF_FILE = proof_file(PROOF)
BOTH = [(FILE, read_week, WEEK_OF_SEVEN), (PROOF_FILE, read_proof, PROOF)]


def invalid(read, content, words=""):
    with pytest.raises(EvidenceInvalid) as caught:
        read(content, "theirs.json", RULES)
    assert caught.value.message.startswith("theirs.json does not hold: ")
    assert words in caught.value.message


# As they are


@pytest.mark.parametrize("count", [1, 2, 3, 6, 240, 1_008])
def test_what_is_written_is_read(count):
    week = week_with(count)
    assert read_week(week_file(week), "it", RULES) == week
    proof = prove(week, [s.start for s in week.segments[::2]])
    assert read_proof(proof_file(proof), "it", RULES) == proof


def test_the_kind_of_a_file():
    assert kind_of(FILE) == "milepost week"
    assert kind_of(PROOF_FILE) == "milepost proof"
    others = [
        b"", b"[]", b"1", b"{}", b'{"kind": 1}', b'{"kind": ["milepost week"]}', b'{"kind": "x"}',
        b"\xff", b"[" * 10**6, b"9" * 10**5,
    ]  # fmt: skip
    assert {kind_of(content) for content in others} == {""}
    invalid(read_week, PROOF_FILE, 'it is not a "milepost week"')
    invalid(read_proof, FILE, 'it is not a "milepost proof"')


def test_spaces_and_order_are_no_part_of_a_file():
    for content, read, said in BOTH:
        record = json.loads(content)
        turned = dict(reversed(record.items()))
        for text in (json.dumps(record), json.dumps(turned, indent=7, ensure_ascii=True)):
            assert read(text.encode(), "it", RULES) == said
        invalid(read, text.encode("utf-16"), "it is not JSON")


@pytest.mark.long
@pytest.mark.parametrize("counts", [range(1, 21), [1_008]])
def test_the_library_takes_every_week_and_proof(counts):
    """The files as they are, with what else they have; every memo, and every leaf's proof."""
    found = [week_with(count) for count in counts]
    proofs = [prove(week, [s.start for s in week.segments]) for week in found]
    said = library(
        weeks=[week_file(week).decode() for week in found],
        proofs=[proof_file(proof).decode() for proof in proofs],
    )
    for week, proof, theirs in zip(found, proofs, said["weeks"], strict=True):
        assert theirs["root"] == "0x" + week.root.hex()
        ours = [["0x" + node.hex() for node in path] for path in proof.proofs]
        assert theirs["proofs"] == ours
        assert [v["value"] for v in theirs["dump"]["values"]] == [
            list(leaf.values) for leaf in week.leaves
        ]
    assert said["proofs"] == [[True] * len(week.leaves) for week in found]


@pytest.mark.long
def test_the_library_refuses_what_is_no_leaf_of_the_tree():
    record = json.loads(PROOF_FILE)
    record["segments"][1]["value"][4] += "!"
    assert library(proofs=[json.dumps(record)])["proofs"] == [[True, False, True]]


@pytest.mark.long
def test_a_week_that_the_library_made_is_read():
    values = [list(leaf.values) for leaf in WEEK_OF_SEVEN.leaves]
    encoding = json.loads(FILE)["leafEncoding"]
    dump = library(made=[{"values": values, "encoding": encoding}])["made"][0]["dump"]
    others = {k: v for k, v in json.loads(FILE).items() if k not in dump}
    assert read_week(json.dumps({**others, **dump}).encode(), "it", RULES) == WEEK_OF_SEVEN


# What a proof does not show


def test_a_proof_has_nothing_of_other_leaves():
    text = PROOF_FILE.decode()
    shown = set(PROOF.leaves)
    assert WEEK_OF_SEVEN.leaves[0].segment.memo not in {s.memo for s in PROOF.segments}
    for leaf in WEEK_OF_SEVEN.leaves:
        assert (leaf.salt.hex() in text) is (leaf in shown)
        assert (f'"{leaf.segment.start}"' in text) is (leaf in shown)
    assert SECRET.hex() not in text


# Changed


def places(value, path=()):
    """Every value of a record with the path to it, containers as well."""
    yield path, value
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def changed(record, path, value):
    if not path:
        return value
    copy = json.loads(json.dumps(record))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if value is missing:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return copy


def missing():
    """Takes the place of a value that is left out."""


WRONG = [
    missing, None, True, False, 0, -1, 1, 2, 1.0, 0.5, 1e308, 10**4000, "", "x", "0", "1", "0x",
    "0x" + "00" * 32, "0x" + "AB" * 32, "\ud800", "\0", "1e400", "٣", " 1", "1" * 13, [], {}, [[]],
    ["0x" + "00" * 32], [None] * 8, ["1"] * 8, {"value": 1}, [{"value": []}],
    {str(i): 1 for i in range(8)},
]  # fmt: skip
FREE = {("chain_id",), ("escrow",), ("agreement",), ("reason",)}
"""What no hash covers: the chain says whether it is so, and a reason is the client's own."""


@pytest.mark.parametrize(("content", "read", "said"), BOTH, ids=["week", "proof"])
def test_every_value_that_is_another_is_refused(content, read, said):
    record = json.loads(content)
    tried = 0
    for path, value in places(record):
        for wrong in WRONG:
            if wrong is not missing and type(wrong) is type(value) and wrong == value:
                continue
            if wrong is missing and (not path or path[:-1] == ("segments",)):
                continue  # without one of its segments it is a proof of the others
            text = json.dumps(changed(record, path, wrong)).encode()
            tried += 1
            if path in FREE:
                with suppress(EvidenceInvalid):
                    assert read(text, "it", RULES) != said, (path, wrong)
            else:
                invalid(read, text)
    assert tried > 1_000


@pytest.mark.parametrize(("content", "read", "said"), BOTH, ids=["week", "proof"])
def test_every_byte_that_is_another_is_refused(content, read, said):
    """Or it says the same, or something that no hash covers."""
    choose = random.Random(4)
    free = re.compile(rb'"(?:chain_id|escrow|agreement|reason)": [^\n]*')
    uncovered = {i for match in free.finditer(content) for i in range(*match.span())}
    for place, byte in enumerate(content):
        for wrong in {byte ^ 1, byte ^ 32, choose.randrange(256)} - {byte}:
            text = content[:place] + bytes([wrong]) + content[place + 1 :]
            try:
                found = read(text, "it", RULES)
            except EvidenceInvalid:
                continue
            assert found == said or place in uncovered


@pytest.mark.parametrize(("content", "read", "said"), BOTH, ids=["week", "proof"])
def test_no_beginning_of_a_file_is_one(content, read, said):
    for size in range(0, len(content) - 2, 3):
        invalid(read, content[:size])
    assert read(content[:-1], "it", RULES) == said


# Made anew, with right hashes


def week_of_segments(*segments):
    leaves = tuple(Leaf(s, bytes([i]) * 32) for i, s in enumerate(segments))
    tree = MerkleTree.of([leaf.hash for leaf in leaves])
    return Week(PLACE, RULES.start, RULES.limit, leaves, tree)


def both_invalid(week, words):
    invalid(read_week, week_file(week), words)
    proofs = tuple(week.tree.proof(i) for i in range(len(week.leaves)))
    proof = Proof(PLACE, RULES.start, week.root, week.leaves, proofs)
    invalid(read_proof, proof_file(proof), words)


def test_segments_that_no_week_has():
    a, b = segment(0), segment(1)
    both_invalid(week_of_segments(a, a), "2026-11-30 00:00:00 UTC stands twice or too late")
    both_invalid(week_of_segments(b, a), "2026-11-30 00:00:00 UTC stands twice or too late")
    for start in (MONDAY - UNIT, MONDAY + WEEK, MONDAY + 1, MONDAY + 599, 0, 600, 10**12 - 400):
        both_invalid(week_of_segments(replace(a, start=start)), "is no segment of week 1")
    both_invalid(week_of_segments(replace(a, start=10**12)), "it is not a whole file of its kind")
    whole = week_of_segments(segment(0), segment(1_007))
    assert read_week(week_file(whole), "it", RULES) == whole


@pytest.mark.parametrize("text", ["\x1b[2J", "a\0", "\x85", "a\nb", "\u2028", "x" * 10_001])
@pytest.mark.parametrize("field", ["memo", "zone", "source", "tags"])
def test_texts_that_no_diary_writes(field, text):
    value = (text,) if field == "tags" else text
    both_invalid(week_of_segments(replace(segment(0), **{field: value})), "not a whole file")


def test_texts_that_no_encoding_has():
    for content, read, _ in BOTH:
        for old in ('"Europe/Berlin"', '"timer"', '"reason": "', '"kind": "'):
            text = content.decode().replace(old, old[:-1] + '\\ud800"', 1)
            if text != content.decode():
                invalid(read, text.encode())


def test_a_leaf_of_another_form_is_refused():
    """A mapping with the right keys, or a text, would pass for a list of values."""
    record = json.loads(FILE)
    for form in (dict.fromkeys, tuple, "".join):
        turned = json.loads(FILE)
        value = form(record["values"][0]["value"])
        turned["values"][0]["value"] = value
        if form is not tuple:
            invalid(read_week, json.dumps(turned).encode())


def test_one_value_is_written_in_one_way():
    """What means the same to a hash, and could be read as another text."""
    single = week_file(week_with(1))
    for text in ("false", "0.0", "-0", "0e0"):
        changed = single.replace(b'"treeIndex": 0', f'"treeIndex": {text}'.encode())
        if text != "-0":
            invalid(read_week, changed, "do not stand where it says")
    for content, read, _ in BOTH:
        start = str(PROOF.segments[0].start)
        for other in (f"0{start}", f"{start}.0", f"+{start}", f" {start}", hex(int(start))):
            invalid(read, content.replace(start.encode(), other.encode()))
        for node in set(re.findall(rb"0x[0-9a-f]{64}", content)) - {
            b"0x" + PLACE.agreement.hex().encode()
        }:
            if node[2:].upper() != node[2:]:
                invalid(read, content.replace(node, b"0x" + node[2:].upper()))
                invalid(read, content.replace(node, b"0x " + node[2:]))


@pytest.mark.parametrize("reason", ["\x1b[2J", "a\nb", "\ud800"])
def test_a_reason_of_a_proof_is_a_line(reason):
    record = {**json.loads(PROOF_FILE), "reason": reason}
    invalid(read_proof, json.dumps(record).encode(), "its reason is no line of text")


def test_another_agreement_and_week():
    for rules in (Rules(SCOPE, MONDAY + WEEK, 240), Rules(SCOPE, MONDAY - 64 * WEEK, 240)):
        for content, read, _ in BOTH:
            with pytest.raises(EvidenceInvalid, match="is no segment of week 1"):
                read(content, "it", rules)
    with pytest.raises(EvidenceInvalid, match="its limit"):
        read_week(FILE, "it", Rules(SCOPE, MONDAY, 234))
    for week in (0, 2, 64, 65, -1, 10**100):
        for content, read, _ in BOTH:
            invalid(read, json.dumps({**json.loads(content), "week": week}).encode())


def test_more_leaves_than_the_limit_are_for_the_claim_to_say():
    rules = Rules(SCOPE, MONDAY, 6)
    week = week_with(7, rules=rules)
    assert len(read_week(week_file(week), "it", rules).leaves) == 7


@pytest.mark.parametrize(
    "escrow",
    [
        "",
        "0x",
        "0x" + "1" * 39,
        "0x" + "1" * 41,
        "0x" + "g" * 40,
        "0X" + "1" * 40,
        "0x" + "1" * 40 + "\n",
    ],
)
def test_an_escrow_is_an_address(escrow):
    place = Place(1, escrow, bytes(32), 0)
    invalid(read_week, week_file(replace(WEEK_OF_SEVEN, place=place)), "which escrow it is for")


# Anything else


HOSTILE = [
    b"", b" ", b"null", b"[]", b"{", b"[" * 10**6, b'{"a":' * 10**5, b"9" * 10**6, b"-", b"NaN",
    b"\xff\xfe\x00", b"\xef\xbb\xbf{}", b"\0" * 1000, b'"\\ud800"', b'{"kind":"milepost week"}',
    b'{"kind":"milepost proof"}', b'"' + b"x" * 50_000_000 + b'"',
]  # fmt: skip


def test_what_is_no_file_of_the_diary():
    for content in HOSTILE:
        for read in (read_week, read_proof):
            invalid(read, content)
        assert kind_of(content) in ("", "milepost week", "milepost proof")


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "NaN", "9" * 4_301, "1" + "0" * 4_000, "1.0"]
)
def test_numbers_that_are_too_much(number):
    for content, read, _ in BOTH:
        for field in (b'"week": 1', b'"chain_id": 31337', b'"treeIndex": 12', b'"limit": 240'):
            if field in content:
                name, _, _ = field.partition(b" ")
                text = content.replace(field, name + b" " + number.encode(), 1)
                with suppress(EvidenceInvalid):
                    assert read(text, "it", RULES).place.chain_id == int(number)


@pytest.fixture(params=[1_000, 1_000_000])
def _limit(request):
    """Libraries raise the limit of recursion to where the interpreter breaks."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(request.param)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("_limit")
@pytest.mark.parametrize("depth", [50, 101, 500, 990, 10_000, 300_000])
def test_depths_that_are_too_much(depth):
    nested = b"[" * depth + b"]" * depth
    for content, read, _ in BOTH:
        for field in (b'"0x', b'"uint64"', b"31337", b'"Europe/Berlin"', b'"milepost week"'):
            if field in content:
                invalid(read, content.replace(field, nested + b"," + field, 1))
        for open_ended in (nested, nested[:depth], b'"\\"[", ' + nested, b'{"[": ' * depth):
            invalid(read, content.replace(json.dumps(PLACE.escrow).encode(), open_ended))
            assert kind_of(open_ended) == ""


def test_brackets_in_texts_are_no_depth():
    for memo in ("[" * 500, '"[{' * 150, '\\"[' * 150, "\\[" * 200):
        week = week_of_segments(*(segment(i, memo) for i in range(20)))
        assert read_week(week_file(week), "it", RULES) == week


def test_a_memo_of_fifty_megabytes():
    for content, read, _ in BOTH:
        invalid(read, content.replace(b'"Europe/Berlin"', b'"' + b"x" * 50_000_000 + b'"', 1))


def test_the_longest_that_a_diary_writes_is_read():
    """Every tag and the memo at their longest, in characters of four bytes."""
    tags = tuple(f"{i:02}" + "🎨" * 48 for i in range(20))
    week = week_of_segments(segment(0, "🎨" * 500, tags))
    assert read_week(week_file(week), "it", RULES) == week
    assert len(",".join(tags)) < evidence._LONGEST


def test_a_text_that_is_cut_off_is_one_text():
    """Else each quote in it is tried as the begin of another one, and a small file takes hours."""
    content = b"[" * 40 + b'"' + b'\\"' * 10 + b"[" * 40
    for end in (b"", b"\\"):
        with pytest.raises(json.JSONDecodeError):
            json_text.loads(content + end)
