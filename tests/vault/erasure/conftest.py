"""An installation whose trail goes back for years, and what the keeper and an operator do to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from console.demo import town
from tests.installation import Installation, at_scale, embedded
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.erasure import epochs, payloads, pruning
from vault.ids import EntryId
from vault.invariants import check_all
from vault.keys import destroy_epoch, rotate_audit
from vault.tables import AuditEntry, AuditPayload
from vault.vault import Vault, open_vault

NOW = datetime.now(UTC)
KEEPER = Actor("process", "keeper", "keeper")
OPERATOR = Actor("operator", "beheer", "beheer")
SOMEBODY = Actor("person", "01980000-0000-7000-8000-000000000001", "Sam de Vries")
DUE = ("epoch-to-begin", "epoch-to-destroy")
"""No faults, but work: there is some wherever entries are old."""
YEAR = timedelta(days=366)


@dataclass
class Aged:
    """An installation, and its vault as processes that start now would hold it."""

    installation: Installation
    vault: Vault
    opened: list[Vault] = field(default_factory=list)

    def append(self, count: int, years: float, *, municipality: str | None = town.SLUG) -> list[EntryId]:
        """Entries of so many years ago, each telling of somebody."""
        at = NOW - years * YEAR
        entry = Entry(
            event=Event.REQUEST_SUBMITTED,
            at=at,
            actor=SOMEBODY,
            municipality=municipality,
            details={"reason": "Er was een vechtpartij op de markt."},
        )
        with self.vault.database.statements() as within:
            return [audit.append(within, self.vault.ring, entry) for _ in range(count)]

    def tell_pruned(self, below: int) -> None:
        """What goes with a minimum that a test raised by hand."""
        with self.vault.database.transaction() as session:
            told = Entry(event=Event.LOG_PRUNED, at=NOW, actor=KEEPER, facts={"first": 0, "below": below})
            audit.append(session, self.vault.ring, told)

    def number(self) -> None:
        """Let every entry have its number; by a keeper that holds the epochs there are now."""
        replace(self.installation, vault=self.vault).settle()

    def tell_destroyed(self, municipality: str | None, below: int) -> None:
        """What goes with payloads that a test destroyed by hand."""
        facts: dict[str, str | int | bool] = {"count": below, "first": 0, "last": below - 1}
        event = Event.PAYLOADS_DESTROYED
        with self.vault.database.transaction() as session:
            told = Entry(event=event, at=NOW, actor=KEEPER, municipality=municipality, facts=facts)
            audit.append(session, self.vault.ring, told)

    def restart(self) -> None:
        """As a process that starts anew: with the ring as it stands on disk."""
        self.vault = open_vault(self.installation.settings)
        self.opened.append(self.vault)

    def next_epoch(self) -> str:
        """Begin another epoch; its name."""
        rotate_audit(*self.rings)
        self.restart()
        return self.vault.ring.epoch

    @property
    def rings(self) -> tuple[Path, Path]:
        """The folders of the vault's ring and of ingest's."""
        return self.installation.settings.keys, self.installation.ingest_settings.keys

    def erase(self, *, now: datetime = NOW) -> tuple[int, int]:
        """What the keeper does in a night: payloads destroyed, leaves pruned."""
        epochs.follow(self.vault)
        return payloads.destroy(self.vault, KEEPER, now=now), pruning.prune(self.vault, KEEPER, now=now)

    def destroy(self, epoch: str, *, now: datetime = NOW) -> None:
        """What an operator does to an epoch."""
        gone = epochs.doomed(self.vault, epoch, now=now)
        payloads.destroy(self.vault, OPERATOR, now=now)
        destroy_epoch(*self.rings, epoch, gone.payload_keys)
        epochs.enter_destroyed(self.vault, gone, OPERATOR, now=now)

    def payloads_of(self, entries: list[EntryId]) -> set[UUID]:
        """Which of these entries still have their payload."""
        with self.vault.database.reading() as session:
            return set(
                session.scalars(select(AuditPayload.entry_id).where(AuditPayload.entry_id.in_(entries)))
            )

    def told(self, event: Event) -> list[AuditEntry]:
        """The entries of one event, in order."""
        with self.vault.database.reading() as session:
            return list(
                session.scalars(select(AuditEntry).where(AuditEntry.event == event).order_by(AuditEntry.seq))
            )


@pytest.fixture(params=["embedded", "at-scale"])
def aged(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Aged]:
    """On each pair of real parts; afterwards a process that starts anew finds nothing wrong."""
    if request.param == "embedded":
        made = embedded(tmp_path)
    else:
        made = at_scale(tmp_path, request.getfixturevalue("postgres_url"), request.getfixturevalue("radosgw"))
    world = Aged(made, made.vault)
    yield world
    world.restart()
    world.number()
    findings = check_all(world.vault, now=datetime.now(UTC))
    for vault in (made.vault, *world.opened):
        vault.database.close()
    made.intake.database.close()
    assert [found for found in findings if found.check not in DUE] == []
