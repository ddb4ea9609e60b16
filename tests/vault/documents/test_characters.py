"""Any text can be shown: what the fonts lack is told by number, and never stops a document."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vault.documents.reading import text
from vault.documents import Block, Document, Paragraph, Table, write
from vault.documents.characters import shown

NOW = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("Şahin, Łukasz, Đorđević, Çelik-Öztürk, Ĳsbrand", "Şahin, Łukasz, Đorđević, Çelik-Öztürk, Ĳsbrand"),
        ("Ελένη, Олена", "Ελένη, Олена"),
        ("€ 1.000 — “ja” ≥ 2 → 3", "€ 1.000 — “ja” ≥ 2 → 3"),
        ("S\u0327ahin", "Şahin"),
        ("een\ttab\r\nen een regel\u2028meer", "een tab\nen een regel\nmeer"),
        ("张伟", "[U+5F20][U+4F1F]"),
        ("😀", "[U+1F600]"),
        ("a\u202egnp.exe", "a[U+202E]gnp.exe"),
        ("nul\x00 bel\x07 zacht\u00ad", "nul[U+0000] bel[U+0007] zacht[U+00AD]"),
        ("q\u0308", "q[U+0308]"),
        ("los \ud800", "los [U+D800]"),
    ],
)
def test_what_is_shown(given_text: str, expected: str) -> None:
    assert shown(given_text) == expected


def test_every_character_that_is_let_through_is_in_the_fonts() -> None:
    every = [chr(number) for number in range(0x20, 0x3000) if shown(chr(number)) == chr(number)]
    assert len(every) > 1200
    rows = [(f"{ord(each):04X}", each) for each in every]
    written = write(Document("Alles", "nl", [Table(("Nummer", "Teken"), rows)]), now=NOW)
    read = text(written)
    assert all(f"{number} {each}" in read for number, each in rows[1:90])


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_no_text_stops_a_document(any_text: str) -> None:
    blocks: list[Block] = [Paragraph(any_text), Table(("Reden", "Nog eens"), [(any_text, any_text)])]
    assert write(Document(any_text or "-", "en", blocks, footer=(any_text,)), now=NOW).startswith(b"%PDF-")
