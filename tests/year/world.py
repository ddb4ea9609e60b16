"""One installation whose clock is ours: SQLite, a directory, real rings, five municipalities."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ingest.app import open_intake
from ingest.intake import Intake
from tests.installation import MAKER, rule_sets
from tests.year import places
from tests.year.ledger import Expected
from tests.year.places import HABITS, Place
from vault.audit import Actor
from vault.keys import Role, create_rings
from vault.objects.directory import DirectoryStore
from vault.registry import Registrar
from vault.rule_records import record
from vault.rulesets import load_rule_sets
from vault.schema import migrate
from vault.settings import Settings
from vault.vault import Vault, database_of, ring_of

_NUMBERS = count()
KEEPER = Actor("process", "keeper", "keeper")
OPERATOR = Actor("operator", "anna", "anna", ("functional-administrator",))
OTHER_OPERATOR = Actor("operator", "bram", "bram", ("functional-administrator",))


class Clock:
    """The time of the year that is played."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """The installation, what is known of each recording, and what was counted on the way."""

    home: Path
    clock: Clock
    dice: random.Random
    vault: Vault
    intake: Intake
    places: tuple[Place, ...]
    expected: dict[UUID, Expected] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    _plan: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The moment that is played."""
        return self.clock.now

    def plan(self, at: datetime, act: Callable[[], None]) -> None:
        """Let this be done at that moment."""
        heappush(self._plan, (at, next(_NUMBERS), act))

    def play(self, until: datetime) -> None:
        """Do everything that is planned before a moment, also what is planned meanwhile, each at its own."""
        while self._plan and self._plan[0][0] < until:
            at, _, act = heappop(self._plan)
            self.clock.now = max(at, self.now)
            act()
        self.clock.now = max(until, self.now)

    def count(self, what: str, number: int = 1) -> None:
        """Remember that something happened so often."""
        self.counts[what] = self.counts.get(what, 0) + number

    def reopen(self) -> None:
        """As after a start of every process: nothing that was in memory is."""
        self.vault.database.close()
        self.intake.database.close()
        self.vault = open_vault(self.home, self.clock)
        self.intake = _open_intake(self.home, self.clock)


def build(home: Path, begins: datetime, seed: int) -> World:
    """Make the installation and everyone in it."""
    clock = Clock(begins)
    names = sorted(HABITS)
    create_rings(home / "keys-vault", home / "keys-ingest", names, origin="year.example/log")
    rule_sets(home / "rule-sets", names)
    (home / "objects").parent.mkdir(parents=True, exist_ok=True)
    DirectoryStore(home / "objects").create()
    database = database_of(settings_of(home, Role.VAULT))
    migrate(database)
    database.close()
    vault = open_vault(home, clock)
    record(vault, now=begins)
    registrar = Registrar(vault.database, vault.ring, MAKER)
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    built = tuple(places.build(registrar, name, pem.decode(), now=begins) for name in names)
    return World(home, clock, random.Random(seed), vault, _open_intake(home, clock), built)


def settings_of(home: Path, role: Role) -> Settings:
    """The settings of one process of the installation in `home`."""
    given: Mapping[str, object] = {
        "keys": home / f"keys-{role}",
        "rule_sets": home / "rule-sets",
        "database_url": f"sqlite:///{home / 'vault.db'}",
        "objects_url": (home / "objects").as_uri(),
        "oidc_issuer": places.ISSUER,
        "oidc_audience": "bodycam-vault",
        "ingest_url": "http://127.0.0.1:8001",
        **({"ingest_keys": home / "keys-ingest"} if role is Role.VAULT else {}),
    }
    return Settings.model_validate(given)


def open_vault(home: Path, clock: Callable[[], datetime]) -> Vault:
    """The means of the vault, with a store whose locks go by this clock."""
    settings = settings_of(home, Role.VAULT)
    database = database_of(settings)
    return Vault(
        database=database,
        ring=ring_of(settings, Role.VAULT),
        store=DirectoryStore(home / "objects", clock),
        rule_sets=load_rule_sets(settings.rule_sets, database),
    )


def _open_intake(home: Path, clock: Callable[[], datetime]) -> Intake:
    found = open_intake(settings_of(home, Role.INGEST))
    return Intake(
        found.database, found.ring, DirectoryStore(home / "objects", clock), found.rule_sets, found.settings
    )


def today(world: World) -> str:
    """The day that is played, for a person to read."""
    return f"{world.now.astimezone(UTC):%Y-%m-%d}"
