"""What somebody who administers the database can do to the trail and its log: with all rights, also to the
triggers, and where it says so with a stolen copy of the log's key."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, text, update

from auditor import merkle, notes
from auditor.checkpoints import Checkpoint
from auditor.merkle import leaf_hash
from auditor.tiles import hashes_in
from vault import audit
from vault.base import table_of
from vault.canonical import canonical
from vault.ids import new_id
from vault.log import reading
from vault.log.growing import TileAt, grow
from vault.log.order import Position
from vault.log.sequencer import sequence
from vault.log.tables import LogCheckpoint, LogCosignature, LogEntry, LogPosition, LogTile, TrailTerm
from vault.tables import AuditEntry, AuditPayload
from vault.trail.indexer import index_all
from vault.vault import Vault

ENTRY, PAYLOAD = table_of(AuditEntry), table_of(AuditPayload)
NUMBER, TILE, TERM = table_of(LogEntry), table_of(LogTile), table_of(TrailTerm)
CHECKPOINT, COSIGNATURE, POSITION = table_of(LogCheckpoint), table_of(LogCosignature), table_of(LogPosition)
VICTIM = 100
"""Number of the entry that somebody would rather not have there."""
LAST = 50
"""How many of the newest entries somebody would rather not have there."""


@dataclass(frozen=True)
class Scene:
    """One database that is tampered with; each act is a transaction of its own."""

    vault: Vault
    """For its database, and for the log's key where that was stolen."""
    before: int
    """Size of an older checkpoint, of which there is a backup."""

    def run(self, act: Callable[[Connection], object]) -> None:
        """Do it as the database's owner, without the triggers that keep us from our own mistakes."""
        with self.vault.database.engine.begin() as connection:
            _drop_triggers(connection)
            act(connection)

    def id_of(self, index: int) -> UUID:
        """The entry with that number."""
        with self.vault.database.reading() as session:
            return session.scalars(select(LogEntry.entry_id).where(LogEntry.index == index)).one()

    def leaf_of(self, index: int) -> bytes:
        """Its leaf."""
        with self.vault.database.reading() as session:
            return reading.entries(session, index, index)[0].leaf

    @property
    def size(self) -> int:
        """How many entries have a number."""
        with self.vault.database.reading() as session:
            return reading.size(session)


def _drop_triggers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
        return
    for operation in ("update", "delete"):
        connection.execute(text(f"DROP TRIGGER IF EXISTS audit_entry_append_only_{operation}"))


# --- entries -----------------------------------------------------------------------------------------------


def change_entry(scene: Scene) -> None:
    """Another purpose in an entry of old."""
    leaf = _said_otherwise(scene.leaf_of(VICTIM))
    scene.run(_set_leaf(scene.id_of(VICTIM), leaf))


def rewrite_entry_and_payload(scene: Scene) -> None:
    """An entry and its payload, so that they fit: the payload key's public half seals."""
    entry_id, payload, salt = scene.id_of(VICTIM), _payload("Somebody else"), bytes(32)
    leaf = canonical(json.loads(scene.leaf_of(VICTIM)) | {"c": audit.commitment(salt, payload)})
    sealed = scene.vault.ring.seal_payload(payload, entry=entry_id)

    def act(connection: Connection) -> None:
        _set_leaf(entry_id, leaf)(connection)
        values = {"salt": salt, **sealed._asdict()}
        connection.execute(update(PAYLOAD).where(PAYLOAD.c.entry_id == entry_id).values(**values))

    scene.run(act)


def delete_entry(scene: Scene) -> None:
    """An entry of old, with its payload."""
    scene.run(_deleting([scene.id_of(VICTIM)]))


def delete_entry_and_close_gap(scene: Scene) -> None:
    """An entry of old, and all after it get the number before theirs."""
    entry_id, size = scene.id_of(VICTIM), scene.size

    def act(connection: Connection) -> None:
        connection.execute(delete(NUMBER).where(NUMBER.c.entry_id == entry_id))
        _deleting([entry_id])(connection)
        _shift(connection, VICTIM, -1)
        connection.execute(update(POSITION).values(size=size - 1))

    scene.run(act)


def insert_entry_of_old(scene: Scene) -> None:
    """An entry that seems to have stood there before all others."""
    scene.run(_inserting(scene, new_id(), seq=-1))


def insert_entry_and_make_room(scene: Scene) -> None:
    """An entry with a number in the middle; all after it get the number after theirs."""
    entry_id, size = new_id(), scene.size

    def act(connection: Connection) -> None:
        _inserting(scene, entry_id, seq=-1)(connection)
        _shift(connection, VICTIM - 1, 1)
        connection.execute(insert(NUMBER).values(index=VICTIM, entry_id=entry_id))
        connection.execute(update(POSITION).values(size=size + 1))

    scene.run(act)


def reorder_entries(scene: Scene) -> None:
    """Two neighbours change places."""
    one, other = scene.id_of(VICTIM), scene.id_of(VICTIM + 1)

    def act(connection: Connection) -> None:
        connection.execute(delete(NUMBER).where(NUMBER.c.entry_id.in_([one, other])))
        rows = [{"index": VICTIM, "entry_id": other}, {"index": VICTIM + 1, "entry_id": one}]
        connection.execute(insert(NUMBER), rows)

    scene.run(act)


def truncate_entries(scene: Scene) -> None:
    """The newest entries and their numbers."""
    scene.run(_truncating(scene.size - LAST))


def swap_payloads(scene: Scene) -> None:
    """What one entry says of people stands with another."""
    one, other = scene.id_of(VICTIM), scene.id_of(VICTIM + 1)

    def act(connection: Connection) -> None:
        held = {row.entry_id: row for row in connection.execute(select(PAYLOAD))}
        for entry_id, source in ((one, held[other]), (other, held[one])):
            values = {"salt": source.salt, "key_id": source.key_id, "sealed": source.sealed}
            connection.execute(update(PAYLOAD).where(PAYLOAD.c.entry_id == entry_id).values(**values))

    scene.run(act)


def delete_payload(scene: Scene) -> None:
    """What an entry of old says of people."""
    entry_id = scene.id_of(VICTIM)
    scene.run(lambda connection: connection.execute(delete(PAYLOAD).where(PAYLOAD.c.entry_id == entry_id)))


def date_back(scene: Scene) -> None:
    """An entry's row says another moment than its leaf: it is to be erased as if its term were over."""
    entry_id, long_ago = scene.id_of(VICTIM), datetime.now(UTC) - timedelta(days=9 * 366)
    scene.run(
        lambda connection: connection.execute(update(ENTRY).where(ENTRY.c.id == entry_id).values(at=long_ago))
    )


def hide_entry(scene: Scene) -> None:
    """By what an entry is found: a filter is to pass over it."""

    def act(connection: Connection) -> None:
        hidden = connection.scalar(select(func.min(TERM.c.index)))
        assert hidden is not None
        connection.execute(delete(TERM).where(TERM.c.index == hidden))

    scene.run(act)


def delete_entry_without_number(scene: Scene) -> None:
    """An entry that was committed a moment ago, before it is in the log."""
    entry_id = new_id()
    with scene.vault.database.engine.begin() as connection:
        _inserting(scene, entry_id)(connection)
    scene.run(_deleting([entry_id]))


def invent_entry(scene: Scene) -> None:
    """An entry of something that never happened, as the newest; a second later it has a number."""
    scene.run(_inserting(scene, new_id()))
    sequence(scene.vault, now=datetime.now(UTC))


# --- the log's own tables ----------------------------------------------------------------------------------


def edit_full_tile(scene: Scene) -> None:
    """A hash in a tile that is long full."""
    scene.run(_edit_tile(0, 0))


def edit_growing_tile(scene: Scene) -> None:
    """A hash in the tile that the next entries go into."""
    scene.run(_edit_tile(0, scene.size // 256))


def leave_gap_in_numbers(scene: Scene) -> None:
    """The newest entry gets a number further on."""
    last = scene.size - 1
    scene.run(
        lambda connection: connection.execute(
            update(NUMBER).where(NUMBER.c.index == last).values(index=last + 7)
        )
    )


def delete_number(scene: Scene) -> None:
    """An entry of old stays, and has no number any more."""
    scene.run(lambda connection: connection.execute(delete(NUMBER).where(NUMBER.c.index == VICTIM)))


def move_position_back(scene: Scene) -> None:
    """The sequencer is to give numbers a second time."""
    size = scene.size
    scene.run(lambda connection: connection.execute(update(POSITION).values(size=size - 7)))


def move_position_ahead(scene: Scene) -> None:
    """The sequencer is to pass by what comes next: two entries never get a number."""
    for _ in range(2):
        with scene.vault.database.engine.begin() as connection:
            _inserting(scene, new_id())(connection)

    def act(connection: Connection) -> None:
        last = connection.execute(select(ENTRY.c.xid, ENTRY.c.seq).order_by(ENTRY.c.seq.desc())).first()
        assert last is not None
        connection.execute(update(POSITION).values(xid=last.xid or 0, seq=last.seq))

    scene.run(act)


def delete_checkpoint(scene: Scene) -> None:
    """What was signed last, with what witnesses said of it."""
    scene.run(_without_checkpoint(scene.size))


def forge_checkpoint(scene: Scene) -> None:
    """Another root in it, which nobody signed."""
    size = scene.size

    def act(connection: Connection) -> None:
        note = connection.scalar(select(CHECKPOINT.c.note).where(CHECKPOINT.c.size == size))
        assert note is not None
        head, signatures = notes.split(note.encode())
        forged = Checkpoint(Checkpoint.parse(head).origin, size, bytes(32))
        values = {"root": forged.root, "note": notes.join(forged.text, signatures).decode()}
        connection.execute(update(CHECKPOINT).where(CHECKPOINT.c.size == size).values(**values))

    scene.run(act)


def delete_cosigned_checkpoint(scene: Scene) -> None:
    """An older checkpoint, with the cosignature of the witness who saw it."""
    scene.run(_without_checkpoint(scene.before))


# --- the whole log -----------------------------------------------------------------------------------------


def roll_back(scene: Scene) -> None:
    """To an older checkpoint, with all that belongs to it: its signature is genuine."""

    def act(connection: Connection) -> None:
        connection.execute(delete(COSIGNATURE).where(COSIGNATURE.c.size > scene.before))
        connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.size > scene.before))
        _truncating(scene.before)(connection)

    scene.run(act)
    _rebuild(scene)


def sign_smaller_tree(scene: Scene) -> None:
    """With the log's key: the newest entries never were."""
    size = scene.size - LAST
    scene.run(_truncating(size))
    _rebuild(scene, sign=True)


def sign_other_history(scene: Scene) -> None:
    """With the log's key: an entry of old says something else, its row and what it is found by too."""
    change_entry(scene)
    told = update(ENTRY).where(ENTRY.c.id == scene.id_of(VICTIM))
    told = told.values(event=json.loads(scene.leaf_of(VICTIM))["type"])
    scene.run(lambda connection: connection.execute(told))
    _rebuild(scene, sign=True)
    index_all(scene.vault, again=True)


def _rebuild(scene: Scene, *, sign: bool = False) -> None:
    """Derive tiles and position anew from the entries that have a number; `sign` them, alone."""
    with scene.vault.database.reading() as session:
        rows = reading.entries(session, 0, 1 << 40)
        last = session.get_one(AuditEntry, session.scalar(_seq_of(rows[-1].entry_id)))
    tiles = grow(lambda _level, _n: b"", 0, [leaf_hash(row.leaf) for row in rows])
    position = Position(len(rows), last.xid or 0, last.seq)

    def act(connection: Connection) -> None:
        connection.execute(delete(TILE))
        values = [{"level": at.level, "n": at.n, "hashes": hashes} for at, hashes in tiles.items()]
        connection.execute(insert(TILE), values)
        connection.execute(update(POSITION).values(**vars(position)))
        if sign:
            connection.execute(delete(COSIGNATURE))
            connection.execute(delete(CHECKPOINT))
            connection.execute(insert(CHECKPOINT).values(**_signed(scene.vault, tiles, len(rows))))

    scene.run(act)


def _signed(vault: Vault, tiles: dict[TileAt, bytes], size: int) -> dict[str, Any]:
    root = merkle.root(hashes_in(lambda level, n: tiles[TileAt(level, n)]), size)
    head = Checkpoint(vault.ring.origin, size, root).text
    note = notes.join(head, [vault.ring.sign_checkpoint(head)]).decode()
    return {"size": size, "root": root, "note": note, "signed_at": datetime.now(UTC)}


# --- by hand -----------------------------------------------------------------------------------------------


def _said_otherwise(leaf: bytes) -> bytes:
    return canonical(json.loads(leaf) | {"type": "trail.denied"})


def _set_leaf(entry_id: UUID, leaf: bytes) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(
        update(ENTRY).where(ENTRY.c.id == entry_id).values(leaf=leaf)
    )


def _deleting(ids: Sequence[UUID]) -> Callable[[Connection], None]:
    def act(connection: Connection) -> None:
        connection.execute(delete(PAYLOAD).where(PAYLOAD.c.entry_id.in_(ids)))
        connection.execute(delete(ENTRY).where(ENTRY.c.id.in_(ids)))

    return act


def _truncating(size: int) -> Callable[[Connection], None]:
    def act(connection: Connection) -> None:
        gone = connection.scalars(select(NUMBER.c.entry_id).where(NUMBER.c.index >= size)).all()
        connection.execute(delete(NUMBER).where(NUMBER.c.index >= size))
        _deleting(gone)(connection)

    return act


def _inserting(scene: Scene, entry_id: UUID, *, seq: int | None = None) -> Callable[[Connection], None]:
    """An invented entry, with a payload that fits; `seq`: long ago."""
    payload, salt = _payload("Somebody"), bytes(32)
    leaf = json.loads(scene.leaf_of(VICTIM)) | {"id": str(entry_id), "c": audit.commitment(salt, payload)}
    sealed = scene.vault.ring.seal_payload(payload, entry=entry_id)

    def act(connection: Connection) -> None:
        like = connection.execute(select(ENTRY).order_by(ENTRY.c.seq).limit(1)).one()
        row = {"id": entry_id, "at": like.at, "event": like.event, "municipality_id": like.municipality_id}
        row |= {"actor": like.actor, "object": like.object, "leaf": canonical(leaf)}
        if seq is not None:
            row |= {"seq": seq, **({"xid": like.xid} if like.xid is not None else {})}
        connection.execute(insert(ENTRY).values(**row))
        connection.execute(insert(PAYLOAD).values(entry_id=entry_id, salt=salt, **sealed._asdict()))

    return act


def _payload(name: str) -> bytes:
    """One that has the form of a payload, and says that `name` did it."""
    return canonical(
        {
            "actor": {"kind": "operator", "id": "x", "name": name, "roles": []},
            "object": None,
            "details": {},
        }
    )


def _without_checkpoint(size: int) -> Callable[[Connection], None]:
    def act(connection: Connection) -> None:
        connection.execute(delete(COSIGNATURE).where(COSIGNATURE.c.size == size))
        connection.execute(delete(CHECKPOINT).where(CHECKPOINT.c.size == size))

    return act


def _shift(connection: Connection, after: int, by: int) -> None:
    """Move numbers beyond `after`; by way of negative ones, since each must stay the only one."""
    connection.execute(update(NUMBER).where(NUMBER.c.index > after).values(index=-NUMBER.c.index - by))
    connection.execute(update(NUMBER).where(NUMBER.c.index < 0).values(index=-NUMBER.c.index))


def _edit_tile(level: int, n: int) -> Callable[[Connection], None]:
    def act(connection: Connection) -> None:
        where = (TILE.c.level == level, TILE.c.n == n)
        hashes = connection.scalars(select(TILE.c.hashes).where(*where)).one()
        connection.execute(update(TILE).where(*where).values(hashes=bytes([hashes[0] ^ 1]) + hashes[1:]))

    return act


def _seq_of(entry_id: UUID) -> Any:
    return select(AuditEntry.seq).where(AuditEntry.id == entry_id)
