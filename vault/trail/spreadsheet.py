"""A table of lines as CSV (RFC 4180), for spreadsheets: streamed, in UTF-8 with a mark that Excel needs.

Every row has the same columns. The first is of the export itself: who made it, when, what for and with which
filters; and, in its last column, the signed checkpoint under which every other row can be proven.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from vault.trail.telling import COLUMNS, headings

MARK = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the machine, and every é for two signs."""
_BEGINS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""A cell that begins so is calculated by spreadsheets: a reason could fetch or send what nobody asked for.
The wide forms too, where Chinese or Japanese is written."""
_FORMULA = re.compile(rf'((?:^|[;\t\r\n|])[ "]*)(?=[{_BEGINS}])')
"""At the begin of the cell, and where another sign would part it. Dutch Excel opens a file that is clicked on
by semicolons, takes what stands within quotes apart too, and begins a row at each line end."""
_BLANK = re.compile(r"^[\t\r\n]")


def rows(language: str, lines: Iterable[Mapping[str, str]]) -> Iterator[bytes]:
    """The file, piece by piece: headings, then a row for each of `lines`, which are cells by column."""
    yield (MARK + _row(headings(language))).encode()
    for line in lines:
        yield _row([told(name, line.get(name, "")) for name in COLUMNS]).encode()


def told(name: str, cell: str) -> str:
    """The cell of a column. A checkpoint stays as it was signed: the log wrote it, and nobody else."""
    return cell if name == "checkpoint" else safe(cell)


def safe(cell: str) -> str:
    """`cell` with an apostrophe before what a spreadsheet would calculate (OWASP, CSV Injection)."""
    return _BLANK.sub(lambda found: f"'{found[0]}", _FORMULA.sub(lambda found: f"{found[1]}'", cell))


def _row(row: list[str]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)
    return text.getvalue()
