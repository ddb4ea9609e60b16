"""``bodycam-vault erasure …``: footage that goes before its term is over, asked by one, approved by another.

An operator is known by their system account; another one, or a person over the API, approves.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from console.policy.changing import opened
from console.policy.explaining import Language
from console.registering import operator
from console.retention.words import ground_in, moment
from policies.engine import Decision
from vault.disposal import asked, early
from vault.disposal.early import Answer
from vault.disposal.tables import EarlyErasure, Ground
from vault.ids import RecordingId

app = typer.Typer(no_args_is_help=True, help="Early erasure: asked by one, approved by another. No undo.")

AT_ONCE = 100
NOTICE = """\
Er is geen weg terug. Goedkeuren vernietigt meteen de sleutel van opname {recording}:
vanaf dan opent hier niets deze beelden nog, en kort daarna ook geen back-up.
There is no undo. Approving destroys the key of recording {recording} at once:
from then on nothing here opens this footage any more, and soon after no backup either."""
TYPE_IT = "Typ het kenmerk van de opname / Type the id of the recording"
NOTHING_DONE = """\
Dat is een andere opname; er is niets vernietigd.
That is another recording; nothing was destroyed."""
Reason = Annotated[str, typer.Option(help="Why, for whoever reads it years later.")]


class EarlyGround(StrEnum):
    """Why footage can go before its term is over."""

    WRONGLY_RECORDED = Ground.WRONGLY_RECORDED.value
    INSIDE_DWELLING = Ground.INSIDE_DWELLING.value
    OBJECTION_GRANTED = Ground.OBJECTION_GRANTED.value


@app.command("ask")
def ask(
    recording: UUID, ground: Annotated[EarlyGround, typer.Option(help="On what ground.")], reason: Reason
) -> None:
    """Ask that a recording goes before its term is over; prints the id to decide on it by."""
    answer = early.ask(
        opened(), operator(), RecordingId(recording), ground=Ground(ground), reason=reason, now=_now()
    )
    typer.echo(_row(answer).id)
    typer.echo(NOTICE.format(recording=recording), err=True)


@app.command("approve")
def approve(erasure: UUID, reason: Reason) -> None:
    """Approve what another asked for, after typing the recording's id. There is no undo."""
    vault, by = opened(), operator()
    row = _row(asked.look(vault, by, erasure, now=_now()))
    typer.echo(NOTICE.format(recording=row.recording_id))
    typer.echo(f"{ground_in(row.ground, Language.NL)} / {ground_in(row.ground, Language.EN)}: {row.reason}")
    if typer.prompt(TYPE_IT).strip() != str(row.recording_id):
        typer.echo(NOTHING_DONE, err=True)
        raise typer.Exit(2)
    typer.echo(_line(_row(early.approve(vault, by, erasure, reason=reason, now=_now()))))


@app.command("refuse")
def refuse(erasure: UUID, reason: Reason) -> None:
    """Refuse what another asked for: the recording stays for its term."""
    typer.echo(_line(_row(early.refuse(opened(), operator(), erasure, reason=reason, now=_now()))))


@app.command("withdraw")
def withdraw(erasure: UUID, reason: Reason) -> None:
    """Take back what you asked for."""
    typer.echo(_line(_row(early.withdraw(opened(), operator(), erasure, reason=reason, now=_now()))))


@app.command("list")
def listed(
    municipality: str,
    everything: Annotated[bool, typer.Option("--all", help="Those that were decided on, too.")] = False,
) -> None:
    """List a municipality's early erasures that wait for a decision; the look is an entry in the trail."""
    vault, after = opened(), None
    while True:
        page = asked.listed(
            vault,
            operator(),
            municipality,
            waiting=not everything,
            after=after,
            most=AT_ONCE,
            now=_now(),
        )
        if isinstance(page, Decision):
            # The rules speak of persons, never of operators.
            raise typer.Exit(1)
        for row in page.rows:
            typer.echo(_line(row))
        after = page.next_after
        if after is None:
            return


def _row(answer: Answer) -> EarlyErasure:
    if answer.erasure is None:
        raise typer.Exit(1)
    return answer.erasure


def _line(row: EarlyErasure) -> str:
    steps = f"{moment(row.asked_at)} {row.asked_by}"
    if row.decided_at:
        steps += f" → {moment(row.decided_at)} {row.decided_by or row.asked_by}"
    return f"{row.id}  {row.recording_id}  {row.outcome or 'waiting':<10} {row.ground:<18} {steps}"


def _now() -> datetime:
    return datetime.now(UTC)
