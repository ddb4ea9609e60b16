"""A statement of disposal has one form."""

from typing import Any

import pytest
import rfc8785

from auditor.disposal_forms import StatementBroken, canonical, read
from tests.disposed import statement_of


def test_its_canonical_form_is_that_of_the_standard() -> None:
    told = statement_of(process={"name": "é\u2028", "software": '"\\\n'})
    assert canonical(told) == rfc8785.dumps(told)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("v", 2),
        ("v", True),
        ("type", "certificate"),
        ("recording", "x"),
        ("recording", 7),
        ("municipality", "Voorbeeld Stad"),
        ("regime", "avg "),
        ("recordedOn", "2026-11-31"),
        ("recordedOn", "2026-11-03T00:00:00+00:00"),
        ("length", -1),
        ("length", True),
        ("length", "1"),
        ("length", 10**15),
        ("sha256", "AB" * 32),
        ("ground", "because"),
        ("ruleSet", ""),
        ("termDays", 0),
        ("holds", {}),
        ("holds", [7]),
        ("holds", [{"trigger": "incident"}]),
        ("due", "2026-12-01T10:00:00Z"),
        ("due", "2026-12-01T10:00:00.5+00:00"),
        ("due", "2026-12-01T10:00:00+01:00"),
        ("due", "2026-13-01T10:00:00+00:00"),
        ("begunIn", "01980000-0000-4000-8000-00000000000b"),
        ("keyDestroyed", None),
        ("keyId", ""),
        ("keyExpires", ""),
        ("objects", None),
        ("process", "keeper"),
        ("process", {"name": "keeper", "software": "x", "operator": "Jansen"}),
    ],
)
def test_a_member_that_is_not_what_it_must_be(member: str, value: Any) -> None:
    with pytest.raises(StatementBroken):
        read(statement_of(**{member: value}))


def test_members_are_all_there_and_no_other() -> None:
    whole = statement_of()
    for name in whole:
        with pytest.raises(StatementBroken, match=name):
            read({each: value for each, value in whole.items() if each != name})
    with pytest.raises(StatementBroken, match="officer"):
        read({**whole, "officer": "Jansen"})
    with pytest.raises(StatementBroken, match="no object"):
        read([])
