"""CSV that other programs read back as it was, and that no spreadsheet calculates."""

import csv
import re
from collections.abc import Iterator
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.trail.spreadsheet import rows, safe, told
from vault.trail.telling import COLUMNS, headings


def read_back(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


@given(
    st.lists(
        st.dictionaries(st.sampled_from(list(COLUMNS)), st.text(st.characters(exclude_categories=["Cs"])))
    )
)
def test_it_is_read_back_as_it_was(lines: list[dict[str, str]]) -> None:
    head, *body = read_back(b"".join(rows("nl", lines)))
    assert head == headings("nl")
    assert body == [[told(name, line.get(name, "")) for name in COLUMNS] for line in lines]


def test_lines_end_as_the_standard_says() -> None:
    data = b"".join(rows("en", [{"reason": 'one\ntwo, "three"'}]))
    assert data.endswith(b"\r\n")
    assert b'"one\ntwo, ""three"""' in data
    assert data.count(b"\r\n") == 2


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_what_would_be_calculated_is_text(begin: str) -> None:
    assert safe(f"{begin}1+1") == f"'{begin}1+1"
    assert safe(f"1{begin}1") == f"1{begin}1"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("sign", [";", "\t", "\r", "\n", "|", ";;", "; ", ';"', "\r\n", ";'"])
def test_what_other_signs_would_part_is_text_too(sign: str, begin: str) -> None:
    """Who clicks on the file in Dutch Excel has it parted by semicolons, whatever stands within quotes."""
    cell = safe(f"Er werd geduwd{sign}{begin}cmd|' /C calc'!A0;")
    for part in re.split(r"[;\t\r\n|]", cell):
        assert not part.strip(' "').startswith(begin)
    assert safe(cell) == cell


def test_a_checkpoint_stays_as_it_was_signed() -> None:
    note = "log.example\n3\n+abc=\n\n— log.example AAAA\n"
    [_, row] = read_back(b"".join(rows("nl", [{"checkpoint": note}])))
    assert row[list(COLUMNS).index("checkpoint")] == note


def test_it_comes_row_by_row() -> None:
    asked = []

    def lines() -> Iterator[dict[str, str]]:
        for number in range(3):
            asked.append(number)
            yield {"index": str(number)}

    pieces = rows("nl", lines())
    next(pieces)
    assert asked == []
    next(pieces)
    assert asked == [0]
