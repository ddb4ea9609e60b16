"""``bodycam-vault retention coming``: a dry run of the sweep, each recording with its reason."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from console.policy.changing import opened
from console.policy.explaining import Language
from console.registering import operator
from console.retention.data import as_json
from console.retention.words import BECAUSE, ground_in, moment, triggers_in
from policies.engine import Decision
from policies.words import Words
from vault.disposal import coming as foresight
from vault.disposal.coming import Awaited, Because, Begun, Page, Part, Question
from vault.disposal.timetable import day_of, midnight
from vault.vault import Vault

AT_ONCE = 500
WORDS = {
    "due": Words("Wat tot {until} wordt vernietigd:", "What will be disposed of by {until}:"),
    "held": Words("Wat niet, omdat iets het vasthoudt:", "What will not, because something holds it:"),
    "unfinished": Words(
        "Wat niemand meer kan openen en nog wordt afgerond:", "What nobody can open any more, to be finished:"
    ),
    "began": Words("begon {began}", "began {began}"),
    "locked": Words(", opslag op slot tot {until}", ", store locked until {until}"),
    "quarantine": Words(" (quarantaine)", " (quarantine)"),
    "nothing": Words("niets", "nothing"),
    "dry": Words("Regels: {rules}. Er is niets gewijzigd.", "Rules: {rules}. Nothing was changed."),
}
Until = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Up to and including this day; tomorrow when left out."),
]


def coming(
    municipality: str,
    until: Until = None,
    language: Language = Language.NL,
    as_data: Annotated[bool, typer.Option("--json", help="A line of JSON for each recording.")] = False,
) -> None:
    """List what the sweep will take, with the reason of each, and what it will not; nothing changes by it."""
    now, vault = datetime.now(UTC), opened()
    day = until.date() if until else day_of(now) + timedelta(days=1)
    ends = midnight(day + timedelta(days=1)) - timedelta.resolution
    for part in Part:
        pages = _pages(vault, municipality, part, ends, now)
        for line in _data(pages, part) if as_data else _lines(pages, part, ends, language):
            typer.echo(line)
    if not as_data:
        rules = vault.rule_sets.of(municipality).digest[:16]
        typer.echo(WORDS["dry"].in_language(language).format(rules=rules))


def _pages(vault: Vault, municipality: str, part: Part, until: datetime, now: datetime) -> Iterator[Page]:
    after = None
    while True:
        page = foresight.coming(
            vault, operator(), Question(municipality, part, until, after, AT_ONCE), now=now
        )
        if isinstance(page, Decision):
            # The rules speak of persons, never of operators.
            raise typer.Exit(1)
        yield page
        after = page.next_after
        if after is None:
            return


def _data(pages: Iterator[Page], part: Part) -> Iterator[str]:
    for page in pages:
        for row in page.rows:
            more: dict[str, Any] = {"taken": row.taken} if isinstance(row, Awaited) else {}
            yield as_json({"part": part.value, "rule_set": page.rule_set, **asdict(row), **more})


def _lines(pages: Iterator[Page], part: Part, until: datetime, language: str) -> Iterator[str]:
    yield WORDS[part].in_language(language).format(until=moment(until))
    empty = True
    for page in pages:
        for row in page.rows:
            empty = False
            yield f"  {_begun(row, language) if isinstance(row, Begun) else _awaited(row, language)}"
    if empty:
        yield f"  {WORDS['nothing'].in_language(language)}"


def _awaited(row: Awaited, language: str) -> str:
    """One line: which recording, when it is due, why."""
    named = [
        hold.trigger
        for hold in row.holds
        if hold.released_at is None or (row.because is not Because.HELD and hold.until == row.due)
    ]
    why = BECAUSE[row.because].in_language(language)
    said = why.format(days=row.term_days, holds=triggers_in(named, language))
    apart = WORDS["quarantine"].in_language(language) if row.quarantined else ""
    return f"{row.recording}  {moment(row.due) if row.due else '-':<16}  {row.regime}{apart}: {said}"


def _begun(row: Begun, language: str) -> str:
    began = WORDS["began"].in_language(language).format(began=moment(row.begun_at))
    locked = WORDS["locked"].in_language(language)
    until = locked.format(until=moment(row.locked_until)) if row.locked_until else ""
    return f"{row.recording}  {ground_in(row.ground, language)}, {began}{until}"
