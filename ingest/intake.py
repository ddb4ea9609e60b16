"""What a process of ingest holds. It can seal and it can open what is arriving; never what is kept."""

from dataclasses import dataclass

from vault.audit import Actor
from vault.db import Database
from vault.keys import KeyRing, WrappedKey
from vault.objects import ObjectStore
from vault.rulesets import RuleSets
from vault.sealing import DataKey
from vault.settings import Settings
from vault.tables import Arrival

INGEST = Actor("process", "ingest", "ingest")


@dataclass(frozen=True)
class Intake:
    """The means of ingest, given to each of its verbs."""

    database: Database
    ring: KeyRing
    store: ObjectStore
    rule_sets: RuleSets
    settings: Settings

    def arriving_key(self, arrival: Arrival, municipality: str) -> DataKey:
        """The data key of a recording that is arriving. There is none after the commit point."""
        if arrival.key_id is None or arrival.sealed is None:
            raise NoArrivingKey
        wrapped = WrappedKey(arrival.key_id, arrival.sealed)
        return self.ring.unwrap_arriving(wrapped, recording=arrival.recording_id, municipality=municipality)


class NoArrivingKey(Exception):
    """The recording does not arrive any more: its arrival key is gone, by design."""
