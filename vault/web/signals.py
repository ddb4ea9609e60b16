"""The API of signals. What is asked, and what for, stands in a body and never in a URL."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request

from policies.signals.explaining import explained, in_language
from vault.signals import digests, reading, settling
from vault.signals.digests import Digest, Week
from vault.signals.reading import About, Question, SignalState, Told
from vault.vault import Caller, Vault
from vault.web import problems
from vault.web import signal_shapes as shapes
from vault.web.guard import caller_of
from vault.web.problem import language_of

By = Annotated[Caller, Depends(caller_of)]
Clock = Callable[[], datetime]


def routes(vault: Vault, clock: Clock) -> APIRouter:
    """Signals listed, read in full, settled; and a week's digest of them."""
    router = APIRouter(tags=["signals"])

    @router.post("/signals/_search", operation_id="listSignals")
    def listed(body: shapes.SignalQuestion, caller: By, http: Request) -> shapes.SignalPage:
        """Read a page of a municipality's signals, for a purpose; the reading is an entry itself."""
        state = None if body.state == "all" else SignalState(body.state)
        question = Question(body.municipality, body.purpose, state, body.after, body.limit)
        page = reading.listed(vault, caller, question, now=clock())
        if not page.decision.permitted:
            raise problems.denied(page.decision.reasons)
        return shapes.SignalPage(
            signals=[shapes.SignalLine(**_told(told, language_of(http))) for told in page.signals],
            next_after=page.next_after,
        )

    @router.post("/signals/{signalId}/_read", operation_id="readSignal")
    def read(
        signalId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.SignalReading,
        caller: By,
        http: Request,
    ) -> shapes.SignalDetail:
        """Read one signal with the entries it is about; the reading is an entry itself."""
        found = reading.look(vault, caller, signalId, body.purpose, now=clock())
        if found.told is None:
            raise problems.denied(found.decision.reasons)
        return shapes.SignalDetail(
            **_told(found.told, language_of(http)),
            entries=[_entry(each) for each in found.about],
            settled_by=found.settlement.by if found.settlement else None,
            note=found.settlement.note if found.settlement else None,
        )

    @router.post("/signals/{signalId}/settlements", status_code=204, operation_id="settleSignal")
    def settle(
        signalId: UUID,  # noqa: N803  # camelCase on the wire
        body: shapes.NewSettlement,
        caller: By,
    ) -> None:
        """Settle a signal with a note; never one that is about yourself."""
        decision = settling.settle(vault, caller, signalId, body.purpose, note=body.note, now=clock())
        if not decision.permitted:
            raise problems.denied(decision.reasons)

    @router.post("/signal-digests/_read", operation_id="readSignalDigest")
    def digest(body: shapes.DigestQuestion, caller: By, http: Request) -> shapes.SignalDigest:
        """Read a week's digest: counts by kind, of nobody in particular."""
        week = Week.parse(body.week)
        made = digests.digest(vault, caller, body.municipality, week, body.purpose, now=clock())
        if made.decision is not None and not made.decision.permitted:
            raise problems.denied(made.decision.reasons)
        return _digest(made, language_of(http))

    return router


def _told(told: Told, language: str) -> dict[str, Any]:
    """The members that a signal has in a list and in full."""
    row, signal = told.row, told.signal
    return {
        "id": row.id,
        "kind": row.kind,
        "title": in_language(signal.title, language) if signal else row.kind,
        "explanation": explained(signal, row.figures, language) if signal else None,
        "does_not_mean": in_language(signal.does_not_mean, language) if signal else None,
        "happened_at": row.happened_at,
        "raised_at": row.raised_at,
        "state": "open" if row.settled_at is None else "settled",
        "settled_at": row.settled_at,
    }


def _entry(about: About) -> shapes.SignalEntry:
    return shapes.SignalEntry(
        id=about.entry, index=about.index, leaf=about.leaf, payload=about.payload, damaged=about.damaged
    )


def _digest(made: Digest, language: str) -> shapes.SignalDigest:
    kinds = [
        shapes.KindCount(
            kind=kind,
            title=in_language(made.known[kind].title, language) if kind in made.known else kind,
            **asdict(count),
        )
        for kind, count in made.kinds.items()
    ]
    return shapes.SignalDigest(
        municipality=made.municipality,
        week=str(made.week),
        since=made.week.since,
        until=made.week.until,
        total=shapes.SignalCount(**asdict(made.total)),
        kinds=kinds,
    )
