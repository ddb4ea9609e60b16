"""What a document is made of: headings, paragraphs, tables and charts, in the order of reading."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Language = Literal["nl", "en"]
"""What a document is written in: a screen reader speaks it so."""


@dataclass(frozen=True)
class Heading:
    """The title of what follows. Level 1 is a chapter; a level is never passed over."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """Running text; a line end in it stays one."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows under a header that is repeated on every page the table goes on to."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    """Each as long as `columns`."""
    widths: Sequence[float] = ()
    """How the width is shared, in parts; empty: in equal ones."""
    numbers: Sequence[int] = ()
    """Which columns hold numbers: they are set to the right."""

    def __post_init__(self) -> None:
        if not self.columns or any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("each row of a table has a cell for each of its columns")
        if self.widths and len(self.widths) != len(self.columns):
            raise ValueError("a table has a width for each of its columns, or none")


@dataclass(frozen=True)
class Series:
    """One line of a chart, or one colour of its bars."""

    name: str
    values: Sequence[int]
    """One for each of the chart's groups; none is below zero."""


@dataclass(frozen=True)
class Chart:
    """A picture of numbers, drawn in lines and not in dots. Whoever cannot see it hears `told`.

    Bars are stacked, one for each group. Say the same in a table too: colours are not for everyone.
    """

    title: str
    told: str
    """What the picture shows, in words."""
    groups: Sequence[str]
    """Along the bottom, such as months."""
    series: Sequence[Series]
    kind: Literal["bars", "lines"] = "bars"

    def __post_init__(self) -> None:
        if not self.groups or not self.series:
            raise ValueError("a chart has groups and series")
        if any(len(each.values) != len(self.groups) or min(each.values) < 0 for each in self.series):
            raise ValueError("a series has a number, zero or more, for each group")


Block = Heading | Paragraph | Table | Chart


@dataclass(frozen=True)
class Document:
    """Everything that stands on the pages."""

    title: str
    language: Language
    blocks: Sequence[Block]
    subtitle: str = ""
    author: str = "bodycam-vault"
    footer: Sequence[str] = field(default=())
    """Lines at the foot of every page, beside its number: under which checkpoint this was made."""
    wide: bool = False
    """Pages lie on their long side, for tables of many columns."""
