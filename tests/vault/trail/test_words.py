"""Words and numbers that people write in more than one way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.trail.words import plain, reference, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Een voorbijganger werd geduwd op de markt.", ["voorbijganger", "geduwd", "markt"]),
        ("CAFÉ café cafe\u0301", ["cafe"]),
        ("Şahin en Łukasz", ["sahin", "lukasz"]),
        ("straße", ["strasse"]),
        ("de het een", []),
        ("op 12-11, zaak 2026_0117", ["zaak", "2026", "0117"]),
        ("ai bb ccc", ["ccc"]),
        ("", []),
        ("ﬁets", ["fiets"]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


@pytest.mark.parametrize("text", ["VB-2026-0117", "vb 2026 0117", " VB2026/0117.", "vb_2026_0117"])
def test_a_number_is_the_same_however_it_is_typed(text: str) -> None:
    assert reference(text) == "vb20260117"


def test_a_number_of_signs_alone_is_none() -> None:
    assert reference(" -/. ") == ""


@given(st.text(max_size=60))
def test_what_is_plain_stays_so(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert words(once) == words(text)
    assert words(" ".join(words(text))) == words(text)
