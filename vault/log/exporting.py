"""The log as static files, for whoever checks it without us: what the doors show, and how to verify it.

An export can be broken off and gone on with, and the next one into the same folder adds what is new. Each
file is there as a whole or not at all. The order: (1) whose log it is, (2) tiles and bundles, (3) what is to
be read beside them, (4) the checkpoints that they are of, (5) what an earlier one needed and these do not
need goes.

The checkpoint is the newest; beside it stands what each witness cosigned last. Were it a cosigned one, the
log would seem to end where its witness fell silent.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from auditor import notes, tiles
from auditor.checkpoints import Checkpoint
from auditor.merkle import HASH_SIZE
from auditor.notes import NoteBroken, VerifierKey
from auditor.tiles import WIDTH
from vault import audit
from vault.audit import Actor, Entry, Event
from vault.log import reading
from vault.log.export_texts import policy, readme
from vault.log.tables import LogCheckpoint
from vault.vault import Vault

VKEYS = "vkeys"
UNFINISHED = ".new"
"""How the name of a file ends that is being written; one that stays is of a run that died."""
BATCH = 32
"""Bundles that are read at once: some megabytes."""
Progress = Callable[[int, int], None]
"""`progress(done, of)`: entries written, or there already."""


class ExportRefused(Exception):
    """The folder holds something else, or the log has nothing to export; name another folder."""


def export(
    vault: Vault,
    folder: Path,
    by: Actor,
    witnesses: Sequence[VerifierKey],
    *,
    now: datetime,
    progress: Progress = lambda _done, _of: None,
) -> Checkpoint:
    """Write the log to `folder`, up to the checkpoint that it returns; the export is an entry by then.

    That is the newest; what each of `witnesses` cosigned last stands beside it. Raises ExportRefused.
    """
    there = _size_there(folder, vault.ring.origin)
    with vault.database.reading() as session:
        signed = reading.checkpoint(session)
        if signed is None:
            raise ExportRefused("the log is empty")
        note, minimum = reading.cosigned(session, signed), reading.minimum(session)
        cosigned: dict[str, bytes] = {}
        for witness in witnesses:
            if seen := reading.cosigned_checkpoint(session, witness.name):
                cosigned[tiles.cosigned_path(witness.id)] = reading.cosigned(session, seen)
    head = Checkpoint.parse(notes.split(note)[0])
    if head.size < there:
        raise ExportRefused(f"{folder} holds {there} entries, this log {head.size}: was a backup restored?")
    with vault.database.transaction() as session:
        exported = Entry(event=Event.LOG_EXPORTED, at=now, actor=by, facts={"entries": head.size})
        audit.append(session, vault.ring, exported)
    _write(folder / VKEYS, "".join(f"{key}\n" for key in vault.ring.log_keys).encode())
    kept = _write_tiles(vault, folder, signed)
    kept |= _write_bundles(vault, folder, signed, minimum, progress)
    texts = {
        tiles.MINIMUM: f"{minimum}\n",
        "policy": policy(vault.ring.log_keys, witnesses),
        "README.txt": readme(vault.ring.log_keys[0], witnesses, head),
    }
    for path, text in texts.items():
        _write(folder / path, text.encode())
    for path, by_witness in cosigned.items():
        _write(folder / path, by_witness)
    _write(folder / tiles.CHECKPOINT, note)
    _remove_outgrown(folder, kept)
    return head


def _size_there(folder: Path, origin: str) -> int:
    """How many entries an earlier export of this log has in `folder`; 0 where there is nothing yet."""
    if not folder.exists() or all(path.name.endswith(UNFINISHED) for path in folder.iterdir()):
        return 0
    try:
        named = VerifierKey.parse((folder / VKEYS).read_text().partition("\n")[0]).name
        checkpoint = folder / tiles.CHECKPOINT
        size = Checkpoint.parse(notes.split(checkpoint.read_bytes())[0]).size if checkpoint.exists() else 0
    except (OSError, NoteBroken) as error:
        raise ExportRefused(f"{folder} holds something that is no export of a log: {error}") from None
    if named != origin:
        raise ExportRefused(f"{folder} holds another log: {named}")
    return size


def _write_tiles(vault: Vault, folder: Path, signed: LogCheckpoint) -> set[str]:
    """Write every tile of the tree that is not there yet; the paths of all."""
    paths: set[str] = set()
    level = 0
    while signed.size >> tiles.HEIGHT * level:
        for n in range(tiles.tiles_at(level, signed.size)):
            width = tiles.width_of(level, n, signed.size)
            path = tiles.tile_path(level, n, width)
            paths.add(path)
            if _is_there(folder / path):
                continue
            with vault.database.reading() as session:
                hashes = reading.tile(session, level, n)[: width * HASH_SIZE]
            if len(hashes) != width * HASH_SIZE:
                raise ExportRefused(f"{path} is not in the database: look at the nightly check")
            _write(folder / path, hashes)
        level += 1
    return paths


def _write_bundles(
    vault: Vault, folder: Path, signed: LogCheckpoint, minimum: int, progress: Progress
) -> set[str]:
    """Write every bundle that is shown and not there yet; the paths of all."""
    paths: set[str] = set()
    for first in range(0, tiles.tiles_at(0, signed.size), BATCH):
        batch = range(first, min(first + BATCH, tiles.tiles_at(0, signed.size)))
        widths = {n: tiles.width_of(0, n, signed.size) for n in batch}
        shown = {
            n: tiles.bundle_path(n, width) for n, width in widths.items() if tiles.end_of(0, n) > minimum
        }
        paths |= set(shown.values())
        wanted = [n for n, path in shown.items() if not _is_there(folder / path)]
        if wanted:
            begin, end = wanted[0] * WIDTH, wanted[-1] * WIDTH + widths[wanted[-1]]
            with vault.database.reading() as session:
                leaves = {row.number: row.leaf for row in reading.entries(session, begin, end - 1)}
            for n in wanted:
                numbers = range(n * WIDTH, n * WIDTH + widths[n])
                if any(number not in leaves for number in numbers):
                    raise ExportRefused(f"{shown[n]} is not whole: was it pruned meanwhile? Export again")
                _write(folder / shown[n], tiles.bundle(leaves[number] for number in numbers))
        progress(min(signed.size, batch.stop * WIDTH), signed.size)
    return paths


def _remove_outgrown(folder: Path, kept: set[str]) -> None:
    """Remove partial tiles that are fuller now, and bundles that are no longer shown."""
    for path in sorted((folder / "tile").rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(folder).as_posix() not in kept:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _is_there(path: Path) -> bool:
    """A file that was written is whole, and what is in it never changes."""
    return path.is_file()


def _write(path: Path, data: bytes) -> None:
    """Write a file as a whole, for others to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}{UNFINISHED}")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
