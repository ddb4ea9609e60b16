"""Terms, which stand for ever: how they are made must not change, and each event says whose access it is."""

import pytest

from vault.audit import Event
from vault.trail.terms import Kind, Value, of_leaf, of_payload, term

LEAF = {"type": "viewing.served", "actor": "aa", "obj": "bb", "dec": "allow", "why": ["one", "two"]}


def named(kind: str, value: str) -> str:
    return f"{kind}({value})"


def payload(**details: object) -> dict[str, object]:
    return {"actor": {"kind": "person", "id": "me"}, "object": None, "details": details}


@pytest.mark.parametrize(
    ("municipality", "value", "expected"),
    [
        ("voorbeeldstad", Value(Kind.ALL, ""), "0170f44d4940ec57f929c6684925a93c"),
        ("voorbeeldstad", Value(Kind.EVENT, "viewing.served"), "a75447c14fe9bf95cedde8773bfb33b5"),
        ("voorbeeldstad", Value(Kind.WORD, "00" * 16), "35a8d1a0936080c88009ddfbd71dcd41"),
        ("noordwijk", Value(Kind.WORD, "00" * 16), "682f09c1ded18dbfe1e317f8828a41e9"),
    ],
)
def test_vectors(municipality: str, value: Value, expected: str) -> None:
    assert term(municipality, value).hex() == expected


def test_the_borders_of_its_parts_are_part_of_a_term() -> None:
    values = [
        term("a", Value(Kind.WORD, "b")),
        term("a", Value(Kind.WORD, "")),
        term("", Value(Kind.WORD, "b")),
    ]
    assert len({*values, term("a\0word", Value(Kind.WORD, "b"))}) == 4


def test_kinds_never_change_their_names() -> None:
    assert [kind.value for kind in Kind] == [
        "all", "event", "decision", "rule", "regime", "purpose", "hours", "uncompleted", "person", "officer",
        "access", "approver", "thing", "camera", "case", "recipient", "word",
    ]  # fmt: skip


def test_what_a_leaf_says() -> None:
    assert set(of_leaf(LEAF)) == {
        (Kind.ALL, ""),
        (Kind.EVENT, "viewing.served"),
        (Kind.PERSON, "aa"),
        (Kind.ACCESS, "aa"),
        (Kind.THING, "bb"),
        (Kind.DECISION, "allow"),
        (Kind.RULE, "one"),
        (Kind.RULE, "two"),
    }


def test_what_a_payload_says_besides() -> None:
    said = payload(
        caseReference="VB 1", recipient="politie", purpose="x", reason="Geduwd op de markt", requester="you"
    )
    assert set(of_payload({"type": "request.approved"}, said, named)) == {
        (Kind.ACCESS, "person(you)"),
        (Kind.APPROVER, "person(me)"),
        (Kind.CASE, "case(vb1)"),
        (Kind.RECIPIENT, "recipient(politie)"),
        (Kind.PURPOSE, "purpose(x)"),
        (Kind.WORD, "word(geduwd)"),
        (Kind.WORD, "word(markt)"),
    }
    assert list(of_payload({"type": "request.read", "purpose": "x"}, payload(purpose="x"), named)) == []
    assert list(of_payload({"type": "viewing.served"}, payload(caseReference=None, reason=None), named)) == []


@pytest.mark.parametrize("event", Event)
def test_an_access_is_of_one_person(event: Event) -> None:
    """Of who did it, or of another whom it is about, or it is none; never of both."""
    leaf = {"type": event.value, "actor": "aa"}
    said = payload(requester="you", holder="you")
    accesses = [
        value.value for value in (*of_leaf(leaf), *of_payload(leaf, said, named)) if value.kind is Kind.ACCESS
    ]
    assert len(accesses) <= 1
    if event.value.startswith(("viewing.", "search.")):
        assert accesses == ["aa"]
    if event in (Event.REQUEST_APPROVED, Event.REQUEST_REJECTED, Event.GRANT_REVOKED):
        assert accesses == ["person(you)"]
    if event.value.startswith(("trail.", "rules.", "recording.")):
        assert accesses == []


def test_recordings_that_were_found_are_found_by_each_of_them() -> None:
    found = of_payload({"type": "recordings.found"}, payload(shown=["r1", "r2"]), named)
    assert set(found) == {(Kind.THING, "recording(r1)"), (Kind.THING, "recording(r2)")}
