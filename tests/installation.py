"""A whole installation for a test: rings, schema, store and Voorbeeldstad, on either pair of real parts.

`embedded` is SQLite and a directory; `at_scale` is PostgreSQL and a Ceph object gateway. A test that takes
the `installation` fixture runs on both, and after it the invariants are checked: whatever it did, the world
must be whole.
"""

import secrets
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from pydantic import SecretStr
from sqlalchemy import make_url, select

import policies
from console.demo import town
from console.demo.town import Resident, Town
from ingest.app import open_intake
from ingest.intake import Intake
from tests.servers.postgres import INGEST_ROLE
from tests.servers.radosgw import Gateway
from tests.servers.softhsm import Token
from vault.audit import Actor
from vault.disposal.placing import place
from vault.finding import Finding
from vault.ids import PersonId
from vault.invariants import check_all
from vault.keys import create_rings
from vault.keys.token import TokenKeys
from vault.log.order import waiting_since
from vault.log.sequencer import sequence
from vault.registry import Registrar
from vault.schema import migrate
from vault.settings import Settings
from vault.tables import AuditEntry
from vault.trail.indexer import index_all
from vault.vault import Caller, Vault, database_of, open_vault, store_of

ISSUER = "http://localhost:9"
AUDIENCE = "bodycam-vault"
INGEST_URL = "http://127.0.0.1:8001"
NOT_AS_TOLD = ("recording-not-as-told", "recording-taken-away", "hold-not-as-told")
MAKER = Actor("operator", "test", "test", ("functional-administrator",))


MUNICIPALITIES = ["noordwijk", "den-helder", town.SLUG]
RULE_SETS = Path(policies.__file__).parent / "rulesets"
RECORDS = "".join(
    f'\n[records.{name}]\ntitle = "Of the tests"\ndate = 2026-01-12\n'
    for name in ("dpia", "works-council", "citizen-notice")
)


@dataclass(frozen=True)
class Installation:
    """One installation: what each process would hold, and who lives in its municipality."""

    vault: Vault
    intake: Intake
    settings: Settings
    """The vault's."""
    ingest_settings: Settings
    town: Town
    home: Path
    by_hand: set[UUID] = field(default_factory=set)
    """Recordings that a test wrote about itself, or on which it wrote holds: the trail tells otherwise."""

    def caller(self, resident: Resident) -> Caller:
        """Someone of Voorbeeldstad, as the guard hands them to a verb."""
        return Caller(PersonId(self.town.people[resident.subject]), resident.name)

    def settle(self, *, within: float = 20.0) -> None:
        """Let the keeper's work on the trail be done: every entry that stands now gets its number in the log,
        and can be found.

        Raises TimeoutError when some transaction keeps entries waiting for longer than `within` seconds.
        """
        deadline = time.monotonic() + within
        while True:
            sequence(self.vault, now=datetime.now(UTC))
            with self.vault.database.reading() as session:
                if waiting_since(session) is None:
                    break
            if time.monotonic() > deadline:
                raise TimeoutError("entries wait for their number in the log")
            time.sleep(0.01)
        index_all(self.vault)

    def place(self, *, now: datetime | None = None) -> None:
        """Let the keeper's work on keys be done: everything is under the key of its day."""
        place(self.vault, now=now or datetime.now(UTC))

    def amiss(self) -> list[Finding]:
        """What the check finds, but for what a test wrote by hand: there the trail tells otherwise."""
        found, played = check_all(self.vault, now=datetime.now(UTC)), self._played()
        return [each for each in found if not (each.check in NOT_AS_TOLD and each.about in played)]

    def _played(self) -> set[str]:
        """What was written by hand, and the entries that tell of it."""
        ring = self.vault.ring
        names = [
            ring.pseudonym("recording", str(each), epoch=of) for each in self.by_hand for of in ring.epochs
        ]
        with self.vault.database.reading() as session:
            told = session.scalars(select(AuditEntry.id).where(AuditEntry.object.in_(names))).all()
        return {str(each) for each in (*self.by_hand, *told)}

    def environment(self, process: str) -> dict[str, str]:
        """The environment in which a real process of this installation would be started."""
        settings = self.ingest_settings if process == "ingest" else self.settings
        given = settings.model_dump(exclude_unset=True)
        return {
            f"BODYCAM_{name.upper()}": str(
                value.get_secret_value() if isinstance(value, SecretStr) else value
            )
            for name, value in given.items()
        }


def build(
    home: Path,
    database_url: str,
    objects: dict[str, str],
    *,
    ingest_role: str | None = None,
    token: Token | None = None,
    **changed: Any,
) -> Installation:
    """Make an installation from nothing; `changed` overrides settings of both processes.

    With `ingest_role` ingest comes to the database as that user of it; with `token` the keys that open
    footage are there.
    """
    hardware, pin = _in_token(token) if token else ({}, {})
    create_rings(home / "keys-vault", home / "keys-ingest", MUNICIPALITIES)
    given = {
        "rule_sets": rule_sets(home / "rule-sets", MUNICIPALITIES),
        "database_url": database_url,
        "oidc_issuer": ISSUER,
        "oidc_audience": AUDIENCE,
        "ingest_url": INGEST_URL,
        **objects,
        **hardware,
        **changed,
    }
    settings = Settings(keys=home / "keys-vault", **given, **pin)
    if ingest_role:
        given["database_url"] = str(make_url(database_url).set(username=ingest_role))
    ingest_settings = Settings(keys=home / "keys-ingest", **given)
    database = database_of(settings)
    migrate(database, ingest_role=ingest_role)
    database.close()
    store_of(settings, create=True)
    vault = open_vault(settings)
    registrar = Registrar(vault.database, vault.ring, MAKER)
    built = town.build(registrar, str(settings.oidc_issuer), now=datetime.now(UTC))
    return Installation(vault, open_intake(ingest_settings), settings, ingest_settings, built, home)


def _in_token(token: Token) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of both processes and of the vault's alone, for keys in a token; the keys are made in it."""
    keys = TokenKeys(token.module, token.label, token.pin)
    for municipality in MUNICIPALITIES:
        keys.add(municipality)
    return (
        {"keys_pkcs11_module": token.module, "keys_pkcs11_token": token.label},
        {"keys_pkcs11_pin": SecretStr(token.pin)},
    )


def rule_sets(folder: Path, municipalities: Iterable[str]) -> Path:
    """Those of the software for these, with legal records for those that published none."""
    for municipality in municipalities:
        made = folder / municipality
        made.mkdir(parents=True)
        for path in (RULE_SETS / municipality).iterdir():
            if path.suffix in (".toml", ".cedar"):
                text = path.read_text("utf-8")
                lacking = path.suffix == ".toml" and "[records." not in text
                (made / path.name).write_text(text + RECORDS * lacking, "utf-8")
    return folder


def embedded(home: Path, **changed: Any) -> Installation:
    """On SQLite and a directory, in `home`."""
    objects = {"objects_url": (home / "objects").as_uri()}
    return build(home, f"sqlite:///{home / 'vault.db'}", objects, **changed)


def at_scale(home: Path, postgres_url: str, gateway: Gateway, **changed: Any) -> Installation:
    """On a fresh PostgreSQL database and a fresh bucket."""
    objects = {
        "objects_url": f"s3+{gateway.endpoint}/bodycam-{secrets.token_hex(6)}",
        "objects_access_key": gateway.access_key,
        "objects_secret_key": gateway.secret_key,
    }
    return build(home, postgres_url, objects, ingest_role=INGEST_ROLE, **changed)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
        return port


@contextmanager
def listening(app: Any, port: int) -> Iterator[str]:
    """`app` behind a real server in a thread; its URL, until the block ends."""
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, loop="asyncio", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the server did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
