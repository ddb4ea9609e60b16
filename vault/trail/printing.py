"""A table of lines as a document to print, sign and file: the same rows as a spreadsheet, fewer columns.

Who made it, for which purpose, with which filters and under which checkpoint stands before the rows, and the
checkpoint at the foot of every page. The number of a line leads to all the rest of it.
"""

import base64
from collections.abc import Iterator, Mapping

from policies.words import Words
from vault.documents import Block, Document, Heading, Paragraph, Table
from vault.documents.blocks import Language
from vault.trail.exporting import Export
from vault.trail.telling import COLUMNS, cells, moment_told

_SHOWN: Mapping[str, float] = {
    "index": 1.2,
    "at": 2.2,
    "what": 3.0,
    "who": 2.4,
    "decision": 1.2,
    "rules": 2.6,
    "purpose": 2.2,
    "thing-id": 2.6,
    "case": 1.8,
    "reason": 4.6,
}
"""The columns that fit on a page, and how wide each is."""
_TITLE = Words("Inzagelog van {}", "Audit trail of {}")
_BY = Words(
    "Geëxporteerd door {who} op {at}, voor het doel {purpose}.",
    "Exported by {who} on {at}, for the purpose {purpose}.",
)
_FILTERS = Words("Gevraagd: {}.", "Asked for: {}.")
_EVERYTHING = Words("alles", "everything")
_COUNT = Words("{} regels, elk met zijn volgnummer in het log.", "{} lines, each with its number in the log.")
_ENTRY = Words("Deze export staat zelf in het log als {}.", "This export is itself in the log, as {}.")
_LINES = Words("Regels", "Lines")
_UNDER = Words("Onder dit checkpoint", "Under this checkpoint")
_PROOF = Words(
    "Met het checkpoint en de tegels van het log kan ieder nagaan dat deze regels erin staan, en dat er "
    "sindsdien niets uit is gehaald. Het zegt niet dat er niets gebeurde buiten het systeem om.",
    "With the checkpoint and the tiles of the log anyone can check that these lines are in it, and that "
    "nothing was taken out since. It does not say that nothing happened outside the system.",
)
_NEVER = Words("Er is nog geen checkpoint.", "There is no checkpoint yet.")
_FOOT = Words("Checkpoint: {size} regels, wortel {root}", "Checkpoint: {size} entries, root {root}")


def document(made: Export, name: str, language: Language) -> Document:
    """The document of an export of the trail of the municipality called `name`."""
    return Document(
        title=_TITLE.in_language(language).format(name),
        language=language,
        blocks=[*_before(made, language), _table(made, language), *_behind(made, language)],
        footer=(_foot(made, language),),
        wide=True,
    )


def _foot(made: Export, language: Language) -> str:
    signed = made.under.checkpoint if made.under else None
    if signed is None:
        return _NEVER.in_language(language)
    root = base64.b64encode(signed.root).decode()
    return _FOOT.in_language(language).format(size=signed.size, root=root)


def _before(made: Export, language: Language) -> Iterator[Block]:
    asked = "; ".join(f"{name}: {value}" for name, value in made.question.filters().items())
    by = {"who": made.exported_by, "at": moment_told(made.at), "purpose": made.question.purpose}
    yield Paragraph(_BY.in_language(language).format_map(by))
    yield Paragraph(_FILTERS.in_language(language).format(asked or _EVERYTHING.in_language(language)))
    yield Paragraph(_COUNT.in_language(language).format(made.count))
    yield Paragraph(_ENTRY.in_language(language).format(made.entry))
    yield Heading(_LINES.in_language(language))


def _table(made: Export, language: Language) -> Table:
    rows = []
    for line in made.lines():
        told = cells(line, language)
        # A person who cannot be named any more goes by their pseudonym; what is gone or damaged says so.
        told["who"] = told.get("who", told["who-id"])
        told["reason"] = told.get("reason", told.get("payload", ""))
        rows.append([told.get(column, "") for column in _SHOWN])
    return Table(
        columns=[COLUMNS[column].in_language(language) for column in _SHOWN],
        rows=rows,
        widths=list(_SHOWN.values()),
        numbers=[0],
    )


def _behind(made: Export, language: Language) -> Iterator[Block]:
    yield Heading(_UNDER.in_language(language))
    note = made.under.note if made.under else None
    if note is None:
        yield Paragraph(_NEVER.in_language(language))
        return
    yield Paragraph(_PROOF.in_language(language))
    yield Paragraph(note)
