"""Everybody at once: whoever asks, decides, holds, lifts, erases, changes rules or regime, and the keepers.

By dice, with several threads on the same recordings, and two keepers. Whatever came of it, nobody meets an
error that they could not do anything about, each recording is due when its holds, regime and terms say, and
the look at the world after every test finds its keys, locks, entries and disposals in place.
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from console.demo import town
from tests.installation import MAKER, Installation
from tests.ruling import put_in_force
from tests.vault.holds.holding import BEGUN_BY_VIEWING, WHY
from tests.vault.holds.test_races import due_at
from tests.watching import wish
from vault import grants, regimes, requests, rule_changes
from vault.disposal import early
from vault.disposal.beginning import NotThere, is_there
from vault.disposal.expiring import expire
from vault.disposal.sweeping import sweep
from vault.disposal.tables import EarlyErasure, Ground
from vault.holds import lifting, placing, releasing
from vault.holds.rows import TooLate
from vault.holds.tables import Hold
from vault.ids import GrantId, RecordingId, RequestId
from vault.retention import due_of
from vault.signals.raising import KEEPER
from vault.tables import Grant, Recording, Request

SECONDS = 8
THREADS = 5
RECORDINGS = 8
REFUSALS = (
    TooLate,
    NotThere,
    requests.RequestClosed,
    requests.GrantTooLong,
    lifting.AlreadyLifted,
    regimes.RegimeFixed,
    regimes.RegimeUnchanged,
    early.HeldFirst,
    early.ErasureWaiting,
    early.ErasureClosed,
    rule_changes.RulesUnchanged,
    rule_changes.ProposalClosed,
)
"""What somebody is told who comes too late: said before, and undone by nobody."""
TERMS = tuple(
    {"term_days = 28": f"term_days = {days}\nwpg_term_days = {police}"}
    for days, police in ((28, 365), (29, 29), (28, 27))
)
Verb = Callable[[random.Random], object]


def now() -> datetime:
    return datetime.now(UTC)


def _one(made: Installation, dice: random.Random, column: Any, *where: ColumnElement[bool]) -> UUID | None:
    with made.vault.database.reading() as session:
        found: Sequence[UUID] = session.scalars(select(column).where(*where)).all()
    return dice.choice(found) if found else None


def _verbs(made: Installation, recordings: Sequence[RecordingId]) -> list[tuple[int, Verb]]:
    """What each thread does by turns, and how often."""
    vault = made.vault
    supervisor, officer = made.caller(town.SUPERVISOR), made.caller(town.PRIVACY_OFFICER)

    def decide(dice: random.Random) -> None:
        if found := _one(made, dice, Request.id, Request.state == requests.RequestState.WAITING):
            ends = now() + timedelta(seconds=1)
            approve = dice.random() < 0.5
            requests.decide(
                vault, officer, RequestId(found), approve=approve, reason="Weighed.", until=ends, now=now()
            )

    def lift(dice: random.Random) -> None:
        if found := _one(made, dice, Hold.id, Hold.lifted_at.is_(None)):
            lifting.lift(vault, officer, found, "reason-lapsed", reason="It lapsed.", now=now())

    def approve(dice: random.Random) -> None:
        if found := _one(made, dice, EarlyErasure.id, EarlyErasure.decided_at.is_(None)):
            early.approve(vault, officer, found, reason="It is so.", now=now())

    def revoke(dice: random.Random) -> None:
        if found := _one(made, dice, Grant.id, Grant.revoked_at.is_(None)):
            grants.revoke(vault, officer, GrantId(found), reason="It was watched.", now=now())

    def ask_erasure(dice: random.Random) -> None:
        about = dice.choice(recordings)
        early.ask(vault, supervisor, about, ground=Ground.INSIDE_DWELLING, reason="Inside.", now=now())

    def change_regime(dice: random.Random) -> None:
        regime = dice.choice(regimes.REGIMES)
        regimes.change(vault, officer, dice.choice(recordings), regime, reason="An offence.", now=now())

    return [
        (20, lambda dice: requests.ask(vault, supervisor, wish(dice.choice(recordings)), now=now())),
        (10, decide),
        (10, lambda dice: placing.place(vault, MAKER, dice.choice(recordings), WHY, now=now())),
        (25, lift),
        (5, change_regime),
        (2, ask_erasure),
        (2, approve),
        (2, lambda dice: put_in_force(made, BEGUN_BY_VIEWING, dice.choice(TERMS))),
        (8, lambda _: sweep(vault, KEEPER, now=now())),
        (7, lambda _: releasing.release(vault, KEEPER, now=now())),
        (3, revoke),
        (8, lambda _: made.place()),
        (4, lambda _: expire(vault, KEEPER, now=now())),
    ]


def test_everybody_at_once(installation: Installation) -> None:
    put_in_force(installation, BEGUN_BY_VIEWING)
    begins, dice = now() + timedelta(seconds=5), random.Random(5)
    ends = [begins + timedelta(seconds=dice.uniform(0, SECONDS + 4)) for _ in range(RECORDINGS)]
    recordings = [due_at(installation, moment, seed) for seed, moment in enumerate(ends)]
    weights, verbs = zip(*_verbs(installation, recordings), strict=True)
    until = time.monotonic() + SECONDS

    def act(seed: int) -> int:
        own, refused = random.Random(seed), 0
        while time.monotonic() < until:
            [verb] = own.choices(verbs, weights)
            try:
                verb(own)
            except REFUSALS:
                refused += 1
        return refused

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(act, range(THREADS)))
    vault = installation.vault
    terms = vault.rule_sets.of(town.SLUG).terms
    with vault.database.transaction() as session:
        for row in session.scalars(select(Recording).where(is_there(), Recording.dispose_after > now())):
            assert row.dispose_after == due_of(session, row, terms)
