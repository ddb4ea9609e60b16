"""A table of lines as CSV (RFC 4180), for spreadsheets: streamed, in UTF-8 with a mark that Excel needs.

Every row has the same columns. The first is of the export itself: who made it, when, what for and with which
filters; and, in its last column, the signed checkpoint under which every other row can be proven.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from vault.trail.telling import COLUMNS, headings

MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the machine, and every é for two signs."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so is calculated by spreadsheets: a reason could fetch or send what nobody asked for."""


def rows(language: str, lines: Iterable[Mapping[str, str]]) -> Iterator[bytes]:
    """The file, piece by piece: headings, then a row for each of `lines`, which are cells by column."""
    yield (MARK + _row(headings(language))).encode()
    for line in lines:
        yield _row([safe(line.get(name, "")) for name in COLUMNS]).encode()


def safe(cell: str) -> str:
    """`cell` behind an apostrophe where a spreadsheet would calculate it (OWASP, CSV Injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(row: list[str]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)
    return text.getvalue()
