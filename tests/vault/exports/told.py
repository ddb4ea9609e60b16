"""What the log of an installation tells, read as the streams read it."""

from collections.abc import Sequence

from tests.installation import Installation
from vault.exports import entries
from vault.exports.decisions import Record, records
from vault.exports.entries import Told
from vault.exports.processings import Draft, Line, is_processing, lines, subjects

ACTIVITY = "https://register.voorbeeldstad.example/verwerkingen/bodycams"


def activity(_municipality: str, regime: str | None) -> str | None:
    """A municipality that has one for each law."""
    return f"{ACTIVITY}/{regime}" if regime else ACTIVITY


def all_told(made: Installation) -> list[Told]:
    """Every entry, once all have their numbers."""
    made.settle()
    with made.vault.database.reading() as session:
        return entries.read(session, made.vault.ring, 0, 10_000)


def told_of(made: Installation, event: str) -> list[Told]:
    """The entries of one event."""
    return [told for told in all_told(made) if told.leaf["type"] == event]


def records_of(made: Installation, event: str) -> list[Record]:
    """The decision records of one event."""
    questions = entries.questions(told_of(made, event))
    return [each for question in questions for each in records(question, made.vault.ring, activity)]


def lines_of(made: Installation, event: str, draft: Draft = "0.8") -> list[list[Line]]:
    """The lines of each entry of one event."""
    return lines_from(made, told_of(made, event), draft)


def lines_from(made: Installation, told: Sequence[Told], draft: Draft = "0.8") -> list[list[Line]]:
    """The lines of each of these entries, of those that are processings."""
    chosen = [each for each in told if is_processing(each)]
    with made.vault.database.reading() as session:
        about = subjects(session, chosen)
    return [lines(each, about.get(each.index, ()), made.vault.ring, activity, draft) for each in chosen]
