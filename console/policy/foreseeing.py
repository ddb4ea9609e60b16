"""What the rules in a folder would change, before anybody proposes them: a table, or a line of JSON each."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic.alias_generators import to_camel

from console.policy import shifting
from console.policy.changing import Folder, Municipality, of_folder, opened, told
from console.policy.explaining import Language
from console.registering import operator
from policies.rules import Rule
from vault import what_if as foresight
from vault.disposal.shifts import Shift
from vault.replays import Ending, Flip
from vault.term_changes import Move
from vault.what_if import Batch, Examination, ExaminationDenied

MOST_SHOWN = 20
"""Lines of each part in the table; how many there are more is told, and `--json` gives all."""
WORDS = {
    "nl": {
        "title": "Wat de regels {proposed} voor {name} zouden veranderen (nu van kracht: {current})",
        "decisions": "Besluiten die anders zouden uitvallen",
        "recordings": "Beelden waarvan de bewaartermijn verschuift",
        "grants": "Toestemmingen die eindigen, of niet meer gegeven zouden worden",
        "looked": "{found} van {looked} bekeken",
        "unreadable": "; van {unreadable} zijn de feiten niet bewaard of niet leesbaar",
        "more": "… en nog {more}; met --json staan ze er allemaal",
        "sums": "{earlier} eerder, {later} later; {due} meteen bij het ingaan",
        "stay": "{held} worden vastgehouden en blijven; van {locked} duurt het slot op de opslag langer dan "
        "de nieuwe termijn: hun sleutel gaat op tijd",
        "days": "Te vernietigen per dag, nu → met deze regels",
        "refused": "geweigerd",
        "waiting": "wacht op beslisser",
        "allowed": "toegestaan",
        "ends": "eindigt bij het volgende fragment",
        "ends-with-footage": "eindigt met de beelden",
        "stays-though-refused": "blijft tot het einde; het verzoek zou nu worden geweigerd",
        "stays-though-too-long": "blijft tot het einde; zou nu eerder eindigen",
        "nothing": "Er verandert niets zolang niemand deze regels voorstelt en een ander ze laat ingaan.",
    },
    "en": {
        "title": "What the rules {proposed} for {name} would change (in force now: {current})",
        "decisions": "Decisions that would be others",
        "recordings": "Footage whose term would move",
        "grants": "Grants that would end, or would not be given any more",
        "looked": "{found} of {looked} looked at",
        "unreadable": "; of {unreadable} the facts were not kept or cannot be read",
        "more": "… and {more} more; --json gives them all",
        "sums": "{earlier} earlier, {later} later; {due} at once on activation",
        "stay": "{held} are held and stay; of {locked} the lock on the store lasts longer than the new term: "
        "their key goes in time",
        "days": "Due each day, now → by these rules",
        "refused": "refused",
        "waiting": "waits for a decider",
        "allowed": "allowed",
        "ends": "ends at the next range",
        "ends-with-footage": "ends with the footage",
        "stays-though-refused": "stays until its end; its request would be refused now",
        "stays-though-too-long": "stays until its end; would end sooner now",
        "nothing": "Nothing changes until somebody proposes these rules and another activates them.",
    },
}
Words = dict[str, str]
AsJson = Annotated[bool, typer.Option("--json", help="A line of JSON for each thing that changes.")]


def what_if(
    folder: Folder,
    municipality: Municipality = None,
    language: Language = Language.NL,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON for each thing that changes.")
    ] = False,
) -> None:
    """See what the rules in a folder would change: past decisions, terms of footage, grants that live."""
    slug, own = of_folder(folder, municipality)
    found = foresight.examine(opened(), operator(), slug, own, now=datetime.now(UTC))
    if isinstance(found, ExaminationDenied):
        # The rules speak of persons, never of operators.
        raise typer.Exit(1)
    if as_json:
        for line in _json_lines(found):
            typer.echo(json.dumps(line, default=_plain, ensure_ascii=False))
        return
    words = WORDS[language]
    for text in _table(found, words, language):
        typer.echo(text)


def _json_lines(found: Examination) -> Iterator[dict[str, Any]]:
    sums, shift = {}, Shift()
    for part, batches, _ in _parts(found):
        looked = changed = unreadable = 0
        for batch in batches:
            for each in batch.found:
                yield {"part": part, **_members(each)}
            looked, changed = looked + batch.looked, changed + len(batch.found)
            unreadable += batch.unreadable
            if part == "recordings":
                shift += found.shift(batch.found)
        sums[part] = {"looked": looked, "changed": changed, "unreadable": unreadable}
    due = found.due()
    for day, before, after in shifting.by_day(due, shift):
        yield {"part": "days", "day": day, "before": before, "after": after}
    moved = {"earlier": shift.earlier, "later": shift.later, "dueAtOnce": shift.at_once}
    sums["recordings"] |= {**moved, "lockedLonger": shift.locked, "held": due.held}
    yield {"part": "sums", "ruleSet": found.proposed.digest, "inForce": found.current.digest, **sums}


def _members(each: Any) -> dict[str, Any]:
    """As over the API: camelCase, a rule by its id."""
    members = {to_camel(member.name): getattr(each, member.name) for member in fields(each)}
    if "rules" in members:
        members["rules"] = [rule.id for rule in members["rules"]]
    return members


def _table(found: Examination, words: Words, language: str) -> Iterator[str]:
    proposed, current = found.proposed, found.current
    yield words["title"].format(
        proposed=proposed.digest[:16], name=current.terms.name, current=current.digest[:16]
    )
    for part, batches, line in _parts(found):
        shown: list[str] = []
        looked = count = unreadable = 0
        shift = Shift()
        for batch in batches:
            looked, unreadable = looked + batch.looked, unreadable + batch.unreadable
            for each in batch.found:
                count += 1
                if len(shown) < MOST_SHOWN:
                    shown.append(line(each, words, language))
            if part == "recordings":
                shift += found.shift(batch.found)
        yield ""
        amount = words["looked"].format(found=count, looked=looked)
        rest = words["unreadable"].format(unreadable=unreadable) if unreadable else ""
        yield f"{words[part]}: {amount}{rest}"
        yield from (f"  {text}" for text in shown)
        if count > len(shown):
            yield f"  {words['more'].format(more=count - len(shown))}"
        if part == "recordings" and count:
            yield from (f"  {text}" for text in _shifted(found, shift, words))
    yield f"\n{words['nothing']}"


def _shifted(found: Examination, shift: Shift, words: Words) -> Iterator[str]:
    due = found.due()
    yield words["sums"].format(earlier=shift.earlier, later=shift.later, due=shift.at_once)
    yield words["stay"].format(held=due.held, locked=shift.locked)
    yield f"{words['days']}:"
    yield from (f"  {text}" for text in shifting.lines(due, shift, found.now))


Line = Callable[[Any, Words, str], str]


def _parts(found: Examination) -> Iterator[tuple[str, Iterable[Batch[Any]], Line]]:
    totals = found.totals
    yield "decisions", _all(found.flips, "decisions", totals.decisions), _flip
    yield "recordings", _all(found.moves, "recordings", totals.recordings), _move
    yield "grants", _all(found.endings, "grants", totals.grants), _ending


def _all(batch_after: Callable[[UUID | None], Batch[Any]], part: str, total: int) -> Iterator[Batch[Any]]:
    """Every batch, one after the other; how far it is, for whoever waits at a terminal."""
    after, looked = None, 0
    while True:
        batch = batch_after(after)
        looked, after = looked + batch.looked, batch.after
        if sys.stderr.isatty():
            typer.echo(f"\r{part} {looked}/{total} ", err=True, nl=after is None)
        yield batch
        if after is None:
            return


def _flip(flip: Flip, words: Words, language: str) -> str:
    before, after = words[flip.before], words[flip.after]
    if flip.before is flip.after:
        before, after = (
            f"{words[flip.before]} ({', '.join(sorted(demanded)) or '-'})"
            for demanded in (flip.demanded_before, flip.demanded_after)
        )
    said = f"{flip.decision}  {told(flip.decided_at)}  {flip.purpose}: {before} → {after}"
    return said + _because(flip.rules, language)


def _move(move: Move, _words: Words, _language: str) -> str:
    return f"{move.recording}  {told(move.before)} → {told(move.after)}"


def _ending(ending: Ending, words: Words, language: str) -> str:
    said = f"{ending.grant}  {ending.purpose}, {told(ending.valid_until)}: {words[ending.fate]}"
    when = f" ({told(ending.until)})" if ending.until != ending.valid_until else ""
    return said + when + _because(ending.rules, language)


def _because(rules: Iterable[Rule], language: str) -> str:
    return "".join(
        f"\n      {rule.title_en if language == 'en' else rule.title_nl} [{rule.id}; {rule.basis}]"
        for rule in rules
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return sorted(value) if isinstance(value, frozenset) else str(value)
