"""``bodycam-vault signals …``: what a week brought, for a report or the works council."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from console.policy.explaining import Language
from console.registering import operator
from policies.retention import AMSTERDAM
from policies.signals.explaining import in_language, length
from vault.settings import load
from vault.signals import digests
from vault.signals.digests import Count, Digest, Week
from vault.vault import open_vault

app = typer.Typer(no_args_is_help=True, help="Signals out of the audit trail.")

DAY = timedelta(days=1)

WORDS = {
    "nl": {
        "digest": "Signalen van {municipality}, week {week} ({since} t/m {until})",
        "kind": "soort",
        "raised": "nieuw",
        "settled": "afgedaan",
        "open": "open",
        "settling": "afgedaan na",
        "total": "alles samen",
        "note": "Geteld zijn signalen, geen mensen. Een signaal is een vraag, en zegt wat het niet betekent.",
    },
    "en": {
        "digest": "Signals of {municipality}, week {week} ({since} to {until})",
        "kind": "kind",
        "raised": "new",
        "settled": "settled",
        "open": "open",
        "settling": "settled after",
        "total": "all together",
        "note": "Signals are counted, not people. A signal is a question, and says what it does not mean.",
    },
}


@app.command("digest")
def digest(
    municipality: str,
    week: Annotated[str, typer.Argument(help="ISO 8601, such as 2026-W48; the last one when left out.")] = "",
    language: Annotated[Language | None, typer.Option(help="Both when left out.")] = None,
) -> None:
    """Print a week's digest of a municipality's signals; the look is an entry in the trail."""
    now = datetime.now(UTC)
    wanted = Week.parse(week) if week else Week.before(now)
    made = digests.digest(open_vault(load()), operator(), municipality, wanted, now=now)
    for each in [language] if language else Language:
        typer.echo("\n".join([*lines(made, each), ""]))


def lines(made: Digest, language: str) -> Iterator[str]:
    """The digest as a table, in "nl" or "en"."""
    words = WORDS[language]
    since, until = (each.astimezone(AMSTERDAM) for each in (made.week.since, made.week.until))
    yield words["digest"].format(
        municipality=made.municipality,
        week=made.week,
        since=f"{since:%d-%m-%Y}",
        # The day before the Monday after.
        until=f"{until.date() - DAY:%d-%m-%Y}",
    )
    yield _row(words["kind"], *(words[name] for name in ("raised", "settled", "open", "settling")))
    for kind, count in made.kinds.items():
        title = in_language(made.known[kind].title, language) if kind in made.known else kind
        yield _row(title, *_told(count, language))
    yield _row(words["total"], *_told(made.total, language))
    yield words["note"]


def _told(count: Count, language: str) -> tuple[str, str, str, str]:
    after = "-" if count.settling_seconds is None else length(count.settling_seconds, language)
    return str(count.raised), str(count.settled), str(count.open), after


def _row(title: str, raised: str, settled: str, unsettled: str, after: str) -> str:
    return f"{title:<46} {raised:>7} {settled:>9} {unsettled:>6}   {after}".rstrip()
