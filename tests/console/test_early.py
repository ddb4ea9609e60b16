"""`erasure …`: asked by one account, approved by another after typing the recording's id."""

import io
import sys
from typing import Protocol
from uuid import UUID

import pytest
from sqlalchemy import select

from console import early, registering
from console.demo import town
from tests.console.conftest import Command, Said
from tests.installation import Installation
from tests.ruling import ONE, OTHER
from tests.watching import entries, footage, keep, row_of
from vault.audit import Actor, Event
from vault.disposal.tables import EarlyErasure
from vault.tables import State

WHY = "Recorded in the hallway of a dwelling."


class Become(Protocol):
    """Goes on as somebody else, who will type this."""

    def __call__(self, who: Actor, typed: str = "") -> None: ...


@pytest.fixture
def by(monkeypatch: pytest.MonkeyPatch) -> Become:
    """Let the commands be run by another system account."""

    def become(who: Actor, typed: str = "") -> None:
        monkeypatch.setattr(early, "operator", lambda: who)
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))

    return become


def ask(command: Command, small: Installation, recording: object, ground: str = "inside-dwelling") -> Said:
    arguments = ("erasure", "ask", recording, "--ground", ground, "--reason", WHY)
    return command(*arguments, settings=small.environment("vault"))


def decide(command: Command, small: Installation, verb: str, erasure: object) -> Said:
    arguments = ("erasure", verb, erasure, "--reason", "It should not be there.")
    return command(*arguments, settings=small.environment("vault"))


def test_asked_typed_and_gone(small: Installation, command: Command, by: Become) -> None:
    recording = keep(small, footage(1000))
    by(ONE)
    asked = ask(command, small, recording)
    assert asked.code == 0, asked.err
    erasure = UUID(asked.out.strip())
    assert "There is no undo." in asked.err
    assert "Er is geen weg terug." in asked.err
    by(OTHER, typed=str(erasure))
    wrong = decide(command, small, "approve", erasure)
    assert (wrong.code, "nothing was destroyed" in wrong.err) == (2, True)
    assert row_of(small, recording).state == State.KEPT
    by(OTHER, typed=str(recording))
    approved = decide(command, small, "approve", erasure)
    assert approved.code == 0, approved.err
    assert WHY in approved.out
    assert "approved" in approved.out.splitlines()[-1]
    assert row_of(small, recording).state == State.DISPOSING


def test_nobody_approves_their_own_though_they_type_it(
    small: Installation, command: Command, by: Become
) -> None:
    recording = keep(small, footage(1000))
    by(ONE)
    erasure = ask(command, small, recording).out.strip()
    by(ONE, typed=str(recording))
    own = decide(command, small, "approve", erasure)
    assert (own.code, "Nobody decides on an erasure that they asked for" in own.err) == (2, True)
    assert row_of(small, recording).state == State.KEPT


def test_refused_withdrawn_listed(small: Installation, command: Command, by: Become) -> None:
    first, second = (keep(small, footage(1000, seed=seed)) for seed in (1, 2))
    by(ONE)
    mine = [ask(command, small, each, "wrongly-recorded").out.strip() for each in (first, second)]
    settings = small.environment("vault")
    waiting = command("erasure", "list", town.SLUG, settings=settings).out.splitlines()
    assert [line.split()[0] for line in waiting] == mine
    assert all(("waiting" in line, "operator:one" in line) == (True, True) for line in waiting)
    assert "withdrawn" in decide(command, small, "withdraw", mine[0]).out
    by(OTHER)
    assert "refused" in decide(command, small, "refuse", mine[1]).out
    assert command("erasure", "list", town.SLUG, settings=settings).out == ""
    assert len(command("erasure", "list", town.SLUG, "--all", settings=settings).out.splitlines()) == 2
    closed = decide(command, small, "refuse", mine[1])
    assert (closed.code, "before" in closed.err) == (2, True)
    assert len(entries(small, Event.RETENTION_READ)) == 3


def test_a_long_list_goes_on(small: Installation, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "AT_ONCE", 1)
    for seed in range(3):
        assert ask(command, small, keep(small, footage(1000, seed=seed))).code == 0
    listed = command("erasure", "list", town.SLUG, settings=small.environment("vault"))
    with small.vault.database.reading() as session:
        asked = session.scalars(select(EarlyErasure.id).order_by(EarlyErasure.id)).all()
    assert [line.split()[0] for line in listed.out.splitlines()] == [str(each) for each in asked]


def test_a_ground_must_be_one(small: Installation, command: Command) -> None:
    said = ask(command, small, keep(small, footage(1000)), "term-over")
    assert said.code == 2
    assert entries(small, Event.ERASURE_ASKED) == []


def test_it_is_known_who_did_it(small: Installation, command: Command) -> None:
    assert ask(command, small, keep(small, footage(1000))).code == 0
    with small.vault.database.reading() as session:
        [row] = session.scalars(select(EarlyErasure))
    assert row.asked_by == f"operator:{registering.operator().id}"
