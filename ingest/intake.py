"""What a process of ingest holds. It can seal and it can open what is arriving; never what is kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import select

from vault.audit import Actor
from vault.db import Database
from vault.keys import KeyRing, WrappedKey
from vault.objects import ObjectStore
from vault.rulesets import RuleSetMissing, RuleSets
from vault.sealing import DataKey
from vault.settings import Settings
from vault.tables import Arrival, Municipality

log = structlog.get_logger()

INGEST = Actor("process", "ingest", "ingest")


@dataclass(frozen=True)
class Intake:
    """The means of ingest, given to each of its verbs."""

    database: Database
    ring: KeyRing
    store: ObjectStore
    rule_sets: RuleSets
    settings: Settings

    def missing_records(self, municipality: str) -> tuple[str, ...]:
        """The legal records, by their names in terms.toml, for want of which no footage of this municipality
        is taken in. Raises RuleSetMissing."""
        return self.rule_sets.of(municipality).terms.records.missing()

    def closed(self) -> Mapping[str, tuple[str, ...]]:
        """The registered municipalities of which no footage is taken in, each with the records it lacks; none
        are named where the rule set itself is missing."""
        with self.database.reading() as session:
            registered = session.scalars(select(Municipality.id).order_by(Municipality.id)).all()
        found: dict[str, tuple[str, ...]] = {}
        for municipality in registered:
            try:
                missing = self.missing_records(municipality)
            except RuleSetMissing:
                found[municipality] = ()
            else:
                if missing:
                    found[municipality] = missing
        return found

    def tell_closed(self) -> None:
        """A line of the log for each municipality of which no footage is taken in."""
        for municipality, missing in self.closed().items():
            log.warning("intake.closed", why=f"{municipality}: {', '.join(missing) or 'rules'}")

    def arriving_key(self, arrival: Arrival, municipality: str) -> DataKey:
        """The data key of a recording that is arriving. There is none after the commit point."""
        if arrival.key_id is None or arrival.sealed is None:
            raise NoArrivingKey
        wrapped = WrappedKey(arrival.key_id, arrival.sealed)
        return self.ring.unwrap_arriving(wrapped, recording=arrival.recording_id, municipality=municipality)


class NoArrivingKey(Exception):
    """The recording does not arrive any more: its arrival key is gone, by design."""
