"""``bodycam-vault retention overview``: how much is due when, held, overdue; as text, picture or data."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.policy.changing import opened
from console.policy.explaining import Language
from console.registering import operator
from console.retention.data import as_json, told
from console.retention.groups import bars, grouped
from console.retention.pages import document
from console.retention.words import day, moment, triggers_in
from policies.engine import Decision
from policies.words import Words
from vault.disposal import foresight
from vault.disposal.foresight import Overview
from vault.disposal.timetable import day_of
from vault.documents import write

WORDS = {
    "title": Words("Bewaartermijnen van {name}, {at}", "Terms of {name}, {at}"),
    "terms": Words(
        "{avg} dagen; onder de Wpg {wpg} dagen (regels {rules})",
        "{avg} days; under the Wpg {wpg} days (rules {rules})",
    ),
    "overdue": Words("te laat: {number} (moet nul zijn)", "overdue: {number} (must be zero)"),
    "days": Words("te vernietigen tot en met {last}:", "due up to and including {last}:"),
    "nothing": Words("niets", "nothing"),
    "later": Words(
        "later, omdat iets het langer vasthield: {number}", "later, because something held it: {number}"
    ),
    "held": Words("vastgehouden: {number} opnamen", "held: {number} recordings"),
    "for": Words(
        "{trigger}: {recordings}, sinds {since}; langst niet bekeken: {reviewed}",
        "{trigger}: {recordings}, since {since}; longest without a look: {reviewed}",
    ),
    "unfinished": Words(
        "sleutel vernietigd en nog niet afgerond: {number}; daarvan houdt de opslag er {locked} vast{until}",
        "key destroyed and not finished: {number}; of those the store keeps {locked} locked{until}",
    ),
    "until": Words(" tot {until}", " until {until}"),
    "erasures": Words(
        "vroegtijdige vernietigingen die op een besluit wachten: {number}",
        "early erasures that wait for a decision: {number}",
    ),
}


def overview(
    municipality: str,
    language: Language = Language.NL,
    as_data: Annotated[bool, typer.Option("--json", help="As data.")] = False,
    pdf: Annotated[Path | None, typer.Option(help="Write it there, as a document with a picture.")] = None,
) -> None:
    """Show what is due each day of the coming term, held and why; exits with 1 when anything is overdue."""
    found = foresight.overview(opened(), operator(), municipality, now=datetime.now(UTC))
    if isinstance(found, Decision):
        # The rules speak of persons, never of operators.
        raise typer.Exit(1)
    if pdf:
        pdf.write_bytes(write(document(found, "en" if language is Language.EN else "nl"), now=found.at))
    if as_data:
        typer.echo(as_json(told(found)))
    elif not pdf:
        typer.echo("\n".join(lines(found, language)))
    raise typer.Exit(1 if found.due.overdue else 0)


def lines(found: Overview, language: str) -> Iterator[str]:
    """The overview as text, with a bar for each day or month."""
    words = {name: each.in_language(language) for name, each in WORDS.items()}
    counts, unfinished = found.due, found.unfinished
    yield words["title"].format(name=found.name, at=moment(found.at))
    yield words["terms"].format(avg=found.term_days, wpg=found.wpg_term_days, rules=found.rule_set[:16])
    yield words["overdue"].format(number=counts.overdue)
    yield words["days"].format(last=day(found.last))
    pictured = bars(grouped(counts.days, day_of(found.at), found.last))
    yield from (f"  {line}" for line in pictured or [words["nothing"]])
    yield words["later"].format(number=counts.later)
    yield words["held"].format(number=counts.held)
    for each in found.held:
        said = words["for"].format(
            trigger=triggers_in([each.trigger], language),
            recordings=each.recordings,
            since=moment(each.since),
            reviewed=moment(each.reviewed_at),
        )
        yield f"  {said}"
    until = words["until"].format(until=moment(unfinished.locked_until)) if unfinished.locked_until else ""
    yield words["unfinished"].format(number=unfinished.number, locked=unfinished.locked, until=until)
    yield words["erasures"].format(number=found.erasures_waiting)
