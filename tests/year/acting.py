"""What people do in a day: ask, decide, watch, hold, lift, change a regime, have something erased early."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from policies.terms import Trigger
from tests.year.ledger import WPG_DAYS
from tests.year.places import Place, Want
from tests.year.world import World
from vault import regimes
from vault.disposal import early
from vault.disposal.beginning import NotThere
from vault.disposal.tables import Ground
from vault.holds import lifting, placing
from vault.holds.placing import TriggerTooLate, Why
from vault.holds.rows import TooLate
from vault.holds.tables import Hold
from vault.ids import RecordingId, RequestId
from vault.requests import RequestClosed, RequestState, Wish, ask, decide
from vault.tables import Recording, State
from vault.vault import Caller
from vault.viewing import Denied, Watching

REASON = "Een voorbijganger werd geduwd op het plein."
CASE = "2026-0117"
GROUNDS = (Ground.WRONGLY_RECORDED, Ground.INSIDE_DWELLING, Ground.OBJECTION_GRANTED)


class _Kept(NamedTuple):
    id: UUID
    maker: UUID


def ask_for_something(world: World, place: Place) -> None:
    """Somebody asks to see a recording of the last weeks; a decider decides; who may, watches a bit."""
    want = world.dice.choice(place.habits.wants)
    found = _one(world, place, newest=world.dice.random() < 0.5)
    if found:
        _ask(world, place, want, found)


def ask_at_the_last_moment(world: World, place: Place) -> None:
    """Somebody asks on the last day of the term: what the rules say must stay, stays."""
    found = _due_soon(world, place)
    if found:
        _ask(world, place, world.dice.choice(place.habits.wants), found)
        world.count("requests on the last day")


def _ask(world: World, place: Place, want: Want, found: _Kept) -> None:
    caller = place.of_role(want.role, found.maker)
    wish = Wish(RecordingId(found.id), want.purpose, REASON, CASE, want.prerequisites, want.recipient)
    answer = ask(world.vault, caller, wish, now=world.now)
    world.count(f"requests {answer.state}")
    if answer.state is not RequestState.WAITING:
        return
    at = world.now + timedelta(minutes=world.dice.uniform(5, 600))
    world.plan(at, partial(_decide, world, place, want, caller, answer.request))


def _decide(world: World, place: Place, want: Want, caller: Caller, request: RequestId) -> None:
    decider = place.people["privacy-officer" if want.role == "decider" else "decider"]
    approve = world.dice.random() < 0.7
    try:
        answer = decide(world.vault, decider, request, approve=approve, reason="Afgewogen.", now=world.now)
    except RequestClosed:
        world.count("requests closed, for the footage is gone")
        return
    world.count(f"requests {answer.state} by a decider")
    if answer.grant:
        watched = Watching(world.vault).watch(
            caller, answer.grant, lambda length: (0, min(length - 1, 99)), now=world.now
        )
        if not isinstance(watched, Denied):
            world.count("bytes watched", len(b"".join(watched.pieces())))


def hold_something(world: World, place: Place) -> None:
    """The privacy officer holds a recording, for a reason that the terms know."""
    found = _one(world, place)
    if not found:
        return
    trigger, _ = world.dice.choice(place.habits.holds)
    why = Why(trigger, REASON, "Awb hoofdstuk 9", CASE)
    try:
        placing.place(world.vault, place.people["privacy-officer"], RecordingId(found.id), why, now=world.now)
    except (TriggerTooLate, TooLate):
        return
    world.count("holds placed by hand")


def lift_something(world: World, place: Place) -> None:
    """The event came that ends a hold that people must lift."""
    by_people = Hold.request_id.is_(None) | (Hold.trigger != Trigger.VIEWING_REQUEST.value)
    with world.vault.database.reading() as session:
        standing = session.execute(
            select(Hold.id, Hold.released_by)
            .where(Hold.municipality_id == place.slug, Hold.lifted_at.is_(None), by_people)
            .order_by(Hold.placed_at)
        ).all()
    if standing:
        hold = world.dice.choice(standing)
        lifting.lift(
            world.vault,
            place.people["privacy-officer"],
            hold.id,
            hold.released_by,
            reason="Afgehandeld.",
            now=world.now,
        )
        world.count("holds lifted by hand")


def change_a_regime(world: World, place: Place) -> None:
    """A recording turns out to be police data."""
    found = _one(world, place)
    if not found or place.slug not in WPG_DAYS:
        return
    try:
        regimes.change(
            world.vault,
            place.people["privacy-officer"],
            RecordingId(found.id),
            "wpg",
            reason="Een strafbaar feit.",
            now=world.now,
        )
    except (regimes.RegimeFixed, regimes.RegimeUnchanged):
        return
    world.expected[found.id].days = WPG_DAYS[place.slug]
    world.count("regimes changed")


def erase_something(world: World, place: Place) -> None:
    """What should not have been recorded goes at once: asked by one, approved by another."""
    found = _one(world, place, newest=True)
    if not found:
        return
    try:
        asked = early.ask(
            world.vault,
            place.people["supervisor"],
            RecordingId(found.id),
            ground=world.dice.choice(GROUNDS),
            reason="In een woning opgenomen.",
            now=world.now,
        )
    except (early.HeldFirst, early.ErasureWaiting):
        world.count("early erasures refused: held, or asked before")
        return
    if asked.erasure is None:
        return
    at = world.now + timedelta(minutes=world.dice.uniform(5, 2000))
    world.plan(at, partial(_approve, world, place, found.id, asked.erasure.id))


def _approve(world: World, place: Place, recording: UUID, erasure: UUID) -> None:
    officer = place.people["privacy-officer"]
    try:
        done = early.approve(world.vault, officer, erasure, reason="Terecht.", now=world.now)
    except (early.HeldFirst, early.ErasureClosed, NotThere):
        world.count("early erasures that something came before")
        return
    if done.erasure is not None and (done.decision is None or done.decision.permitted):
        world.expected[recording].erased_at = world.now
        world.count("early erasures")


def _one(world: World, place: Place, *, newest: bool = False) -> _Kept | None:
    with world.vault.database.reading() as session:
        rows = _kept(session, place, world.now)
    if not rows:
        return None
    return world.dice.choice(rows[-20:] if newest else rows)


def _due_soon(world: World, place: Place) -> _Kept | None:
    with world.vault.database.reading() as session:
        query = select(Recording.id, Recording.officer_id).where(
            Recording.municipality_id == place.slug,
            Recording.state == State.KEPT,
            Recording.dispose_after > world.now,
            Recording.dispose_after <= world.now + timedelta(days=1),
        )
        rows = [_Kept(*row) for row in session.execute(query.order_by(Recording.id))]
    return world.dice.choice(rows) if rows else None


def _kept(session: Session, place: Place, now: datetime) -> Sequence[_Kept]:
    query = select(Recording.id, Recording.officer_id).where(
        Recording.municipality_id == place.slug, Recording.state == State.KEPT, Recording.dispose_after > now
    )
    return [_Kept(*row) for row in session.execute(query.order_by(Recording.id))]
