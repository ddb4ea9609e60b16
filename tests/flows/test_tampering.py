"""Whoever administers the database can change all that stands in it: who finds out is said here, and tried.

Each attack is done to a copy of one installation, on both databases. Then the night's check looks, the keeper
goes on, and an auditor and a witness come by, who were there before: they hold nothing of ours but the log's
public key and what they saw. docs/threats.md says the same, for people.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import make_url

from auditor import notes, witness
from auditor.checkpoints import Signed, open_checkpoint
from auditor.merkle import ProofBroken
from auditor.notes import NoteBroken
from auditor.reading import Folder, Unreadable
from auditor.verify import verify
from auditor.witness import Forked, Witness
from tests import attacks
from tests.attacks import Scene
from tests.exported import export
from tests.installation import Installation, build
from tests.servers.postgres import Postgres
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.db import Database
from vault.invariants import check_all
from vault.log import reading
from vault.log.sequencer import LogBroken, sequence
from vault.log.tables import LogCosignature
from vault.rulesets import load_rule_sets
from vault.vault import Vault

BEFORE, AFTER = 300, 400
"""Entries when the backup was made, and when the auditor and the witness came by: more than one tile."""
CHECK, KEEPER, VERIFIER, KEPT, WITNESS = "check", "keeper", "verifier", "kept checkpoint", "witness"
OUTSIDE = {VERIFIER, KEPT}
"""Any verifier finds it; so does one with a checkpoint that was kept."""
THREATS = Path(__file__).parents[2] / "docs" / "threats.md"
ROW = re.compile(r"\| ([^|]+?) \| ([^|]+?) \|")


@dataclass(frozen=True)
class Attack:
    """What is done, in the words of docs/threats.md, and who finds it."""

    what: str
    do: Callable[[Scene], None]
    found_by: frozenset[str]


def _attack(what: str, do: Callable[[Scene], None], *found_by: str) -> Attack:
    return Attack(what, do, frozenset(found_by))


ATTACKS = [
    _attack("change an entry", attacks.change_entry, CHECK, *OUTSIDE),
    _attack("rewrite an entry with its payload", attacks.rewrite_entry_and_payload, CHECK, *OUTSIDE),
    _attack("delete an entry", attacks.delete_entry, CHECK, *OUTSIDE),
    _attack("delete an entry, close the gap", attacks.delete_entry_and_close_gap, CHECK, KEEPER, *OUTSIDE),
    _attack("insert an entry in the past", attacks.insert_entry_of_old, CHECK),
    _attack("insert an entry, make room", attacks.insert_entry_and_make_room, CHECK, KEEPER, *OUTSIDE),
    _attack("reorder entries", attacks.reorder_entries, CHECK, *OUTSIDE),
    _attack("truncate the newest entries", attacks.truncate_entries, CHECK, KEEPER, *OUTSIDE),
    _attack("swap two payloads", attacks.swap_payloads, CHECK),
    _attack("delete a payload", attacks.delete_payload, CHECK),
    _attack("date an entry back", attacks.date_back, CHECK),
    _attack("take away what an entry is found by", attacks.hide_entry, CHECK),
    _attack("edit a full tile", attacks.edit_full_tile, CHECK, *OUTSIDE),
    _attack("edit the growing tile", attacks.edit_growing_tile, CHECK, KEEPER, *OUTSIDE),
    _attack("leave a gap in the numbers", attacks.leave_gap_in_numbers, CHECK, KEEPER, *OUTSIDE),
    _attack("take an entry's number away", attacks.delete_number, CHECK, *OUTSIDE),
    _attack("move the position back", attacks.move_position_back, CHECK, KEEPER),
    _attack("move the position ahead", attacks.move_position_ahead, CHECK),
    _attack("delete the newest checkpoint", attacks.delete_checkpoint, CHECK, KEEPER, KEPT, WITNESS),
    _attack("forge the newest checkpoint", attacks.forge_checkpoint, CHECK, KEEPER, *OUTSIDE, WITNESS),
    _attack("delete an older checkpoint, cosigned", attacks.delete_cosigned_checkpoint),
    _attack("roll back to an older checkpoint", attacks.roll_back, KEPT, WITNESS),
    _attack("sign a smaller tree with the log's key", attacks.sign_smaller_tree, KEPT, WITNESS),
    _attack("sign another history with the log's key", attacks.sign_other_history, KEPT, WITNESS),
    _attack("delete an entry before it has a number", attacks.delete_entry_without_number),
    _attack("invent an entry, as the newest", attacks.invent_entry),
]
RESTORED = _attack("restore last week's backup", lambda _scene: None, KEPT, WITNESS)


@dataclass(frozen=True)
class World:
    """An installation at rest, a backup of its database, and what outsiders saw of its log."""

    made: Installation
    backup: str
    """URLs are of databases that nobody is connected to."""
    database: str
    before: int
    kept: Signed
    witness: Path
    copied: Callable[[str, Path], str]

    def scene(self, home: Path, *, restored: bool = False) -> Scene:
        """A copy to tamper with."""
        database = Database(self.copied(self.backup if restored else self.database, home))
        # Rule sets look into a database of their own accord: else it would be the one that is copied.
        rule_sets = load_rule_sets(self.made.settings.rule_sets, database)
        return Scene(replace(self.made.vault, database=database, rule_sets=rule_sets), self.before)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    home = tmp_path_factory.mktemp("world")
    server: Postgres | None = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
    made = build(
        home,
        server.fresh() if server else f"sqlite:///{home / 'vault.db'}",
        {"objects_url": (home / "objects").as_uri()},
    )

    def copied(url: str, to: Path) -> str:
        known = make_url(url)
        if server:
            return server.fresh(str(known.database))
        return f"sqlite:///{shutil.copy(str(known.database), to / 'vault.db')}"

    url = made.vault.database.engine.url.render_as_string(hide_password=False)
    _append_until(made, BEFORE)
    key = made.vault.ring.log_keys[0]
    watching = witness.create(home / "witness", "works-council.example")
    _look(made.vault, watching, home / "first")
    _rest(made)
    (home / "backup").mkdir()
    backup = copied(url, home / "backup")
    _append_until(made, AFTER)
    cosigned = _look(made.vault, watching, home / "second")
    _rest(made)
    return World(made, backup, url, BEFORE, open_checkpoint(cosigned, key), home / "witness", copied)


def _append_until(made: Installation, size: int) -> None:
    vault = made.vault
    made.settle()
    with vault.database.reading() as session:
        missing = size - reading.size(session)
    for number in range(missing):
        with vault.database.transaction() as session:
            audit.append(session, vault.ring, _entry(number))
    made.settle()


def _entry(number: int) -> Entry:
    about = ("recording", str(UUID(int=abs(number))))
    return Entry(event=Event.TRAIL_READ, at=datetime.now(UTC), actor=Actor("operator", "x", "X"), thing=about)


def _look(vault: Vault, watching: Witness, folder: Path) -> bytes:
    """The witness comes by, and the log keeps its cosignature; the checkpoint that it cosigned."""
    export(vault, folder)
    held: list[bytes] = []
    seen = witness.look(watching, Folder(folder), vault.ring.log_keys[0], held.append, now=_seconds())
    _, (_, line) = notes.split(held[0])
    with vault.database.transaction() as session:
        session.add(
            LogCosignature(
                size=seen.checkpoint.size, witness=watching.name, line=line, received_at=datetime.now(UTC)
            )
        )
    return held[0]


def _seconds() -> int:
    return int(datetime.now(UTC).timestamp())


def _rest(made: Installation) -> None:
    for each in (made.vault.database, made.intake.database):
        each.close()


def found_by(world: World, scene: Scene, home: Path) -> set[str]:
    """Who notices, of all who look: first the night's check, then the keeper at work, then those outside."""
    vault, found = scene.vault, set[str]()
    now = datetime.now(UTC)
    if check_all(vault, now=now + timedelta(hours=1)):
        found.add(CHECK)
    # More than were ever taken away: SQLite gives the places of deleted rows out again.
    with vault.database.transaction() as session:
        for number in range(attacks.LAST + 10):
            audit.append(session, vault.ring, _entry(number))
    try:
        sequence(vault, now=now)
    except LogBroken:
        found.add(KEEPER)
    export(vault, home / "export")
    place, key = Folder(home / "export"), vault.ring.log_keys[0]
    if verify(place, key).findings:
        found.add(VERIFIER)
    if verify(place, key, since=world.kept).findings:
        found.add(KEPT)
    shutil.copytree(world.witness, home / "witness")
    try:
        witness.look(witness.load(home / "witness"), place, key, lambda _cosigned: None, now=_seconds())
    except (Forked, NoteBroken, ProofBroken, Unreadable):
        # Loudly, with evidence, or by cosigning nothing from now on.
        found.add(WITNESS)
    return found


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.what)
def test_who_finds_it(world: World, attack: Attack, tmp_path: Path) -> None:
    scene = world.scene(tmp_path)
    try:
        attack.do(scene)
        assert found_by(world, scene, tmp_path) == attack.found_by
    finally:
        scene.vault.database.close()


def test_who_finds_a_backup_that_was_restored(world: World, tmp_path: Path) -> None:
    """Work goes on after it, so that the log is longer than ever when somebody comes by."""
    scene = world.scene(tmp_path, restored=True)
    for number in range(2 * (AFTER - BEFORE)):
        with scene.vault.database.transaction() as session:
            audit.append(session, scene.vault.ring, _entry(-number))
    try:
        sequence(scene.vault, now=datetime.now(UTC))
        assert found_by(world, scene, tmp_path) == RESTORED.found_by
    finally:
        scene.vault.database.close()


def test_nobody_finds_anything_where_nothing_was_done(world: World, tmp_path: Path) -> None:
    scene = world.scene(tmp_path)
    try:
        assert found_by(world, scene, tmp_path) == set()
    finally:
        scene.vault.database.close()


def test_the_page_says_the_same() -> None:
    _, _, section = THREATS.read_text("utf-8").partition("### Who finds what\n")
    rows = dict(ROW.findall(section.partition("\n#")[0]))
    assert rows.pop("what is done") == "who finds it"
    said = {what: set() if by == "**nobody**" else set(by.split(", ")) for what, by in rows.items()}
    assert said == {attack.what: attack.found_by for attack in (*ATTACKS, RESTORED)}
