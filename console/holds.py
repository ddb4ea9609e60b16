"""``bodycam-vault hold …`` and ``regime``: what makes one recording stay longer, or under another law."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer

from console.registering import operator
from policies.retention import AMSTERDAM, UNTIL_RELEASED
from policies.terms import Release, Trigger
from vault import regimes
from vault.holds import lifting, placing, reading, reviewing
from vault.holds.placing import Why
from vault.holds.reading import Place, Which
from vault.holds.tables import Hold
from vault.ids import RecordingId
from vault.settings import load
from vault.vault import Vault, open_vault

app = typer.Typer(no_args_is_help=True, help="Holds: what makes footage stay longer than its term.")

AT_ONCE = 100
Reason = Annotated[str, typer.Option(help="Why, in a sentence; it is kept.")]


@app.command("place")
def place(
    recording: UUID,
    trigger: Annotated[Trigger, typer.Argument(help="A reason that the municipality's terms know.")],
    reason: Reason,
    basis: Annotated[str, typer.Option(help="The legal basis, such as a law and its article.")],
    case: Annotated[str | None, typer.Option(help="Case number.")] = None,
) -> None:
    """Hold a recording; prints the hold's id, by which it is lifted."""
    why = Why(trigger.value, reason, basis, case)
    outcome = placing.place(_vault(), operator(), RecordingId(recording), why, now=_now())
    if outcome.hold:
        typer.echo(outcome.hold.id)


@app.command("lift")
def lift(
    hold: UUID,
    event: Annotated[Release, typer.Argument(help="What ended it: its own event, or reason-lapsed.")],
    reason: Reason,
) -> None:
    """Lift a hold; prints until when the recording stays. It may be due at once."""
    outcome = lifting.lift(_vault(), operator(), hold, event.value, reason=reason, now=_now())
    typer.echo(until(outcome.recording.dispose_after))


@app.command("review")
def review(
    hold: UUID, reason: Annotated[str, typer.Option(help="Why it must still stand; it is kept.")]
) -> None:
    """Say that a hold must still stand; the next reminder comes later."""
    reviewing.review(_vault(), operator(), hold, reason=reason, now=_now())


@app.command("list")
def listed(
    municipality: Annotated[str | None, typer.Argument(help="Of which municipality.")] = None,
    recording: Annotated[
        UUID | None, typer.Option(help="Of this recording instead; lifted ones too.")
    ] = None,
    which: Annotated[Which, typer.Option(help="Of a municipality's.")] = Which.STANDING,
) -> None:
    """List holds, newest first; the look is an entry in the trail."""
    if (municipality is None) == (recording is None):
        raise typer.BadParameter("name a municipality, or --recording")
    vault = _vault()
    if recording is not None:
        _print(reading.of_recording(vault, operator(), RecordingId(recording), now=_now()).holds)
        return
    after: UUID | None = None
    while True:
        page = reading.listed(
            vault, operator(), municipality or "", which=which, after=after, most=AT_ONCE, now=_now()
        )
        _print(page.holds)
        if not page.more:
            return
        after = page.holds[-1].id


@app.command("reminders")
def reminders(municipality: str) -> None:
    """List holds that nobody looked at for BODYCAM_HOLD_REVIEW_DAYS, the most forgotten first."""
    settings = load()
    vault = open_vault(settings)
    after: Place | None = None
    while True:
        page = reading.reminders(
            vault, operator(), municipality, settings.hold_review, after=after, most=AT_ONCE, now=_now()
        )
        _print(page.holds)
        if not page.more:
            return
        after = Place(page.holds[-1].reviewed_at, page.holds[-1].id)


def change_regime(
    recording: UUID,
    regime: Annotated[str, typer.Argument(help="avg or wpg.")],
    reason: Reason,
) -> None:
    """Put a recording under the other regime, once; prints until when it stays."""
    if regime not in regimes.REGIMES:
        raise typer.BadParameter(f"one of {', '.join(regimes.REGIMES)}")
    outcome = regimes.change(_vault(), operator(), RecordingId(recording), regime, reason=reason, now=_now())
    typer.echo(until(outcome.recording.dispose_after))


def until(moment: datetime | None) -> str:
    """Until when footage stays, for a person at the command line."""
    if moment == UNTIL_RELEASED:
        return "held"
    return f"{moment.astimezone(AMSTERDAM):%d-%m-%Y}" if moment else "-"


def _print(holds: Iterable[Hold]) -> None:
    for hold in holds:
        stands = f"lifted {_day(hold.lifted_at)} ({hold.ended_by})" if hold.lifted_at else "stands"
        typer.echo(
            f"{hold.id}  {hold.recording_id}  {hold.trigger:<24} since {_day(hold.placed_at)}  "
            f"reviewed {_day(hold.reviewed_at)}  {stands}  {hold.case_reference or '-'}"
        )


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(AMSTERDAM):%d-%m-%Y}"


def _vault() -> Vault:
    return open_vault(load())


def _now() -> datetime:
    return datetime.now(UTC)
