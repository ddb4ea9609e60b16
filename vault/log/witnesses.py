"""Witnesses (getuigen): others who vouch that they see the log we show to everybody, and that it only grows.

What they hand in is verified and kept beside the checkpoint it is of. It is no entry in the trail: it says
nothing of footage, is signed by itself, and an entry would need a checkpoint that asks to be cosigned again.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from auditor import merkle, notes
from auditor.checkpoints import Checkpoint
from auditor.notes import COSIGNATURE, NoteBroken, VerifierKey
from vault.log import reading
from vault.log.tables import LogCheckpoint, LogCosignature
from vault.settings import SettingsRefused
from vault.vault import Vault


class CosignatureRefused(Exception):
    """No checkpoint of this log, or no valid cosignature by a witness that is known here."""


def known_witnesses(keys: str) -> tuple[VerifierKey, ...]:
    """The witnesses of the setting. Raises SettingsRefused."""
    try:
        witnesses = tuple(VerifierKey.parse(key) for key in keys.split())
    except NoteBroken as broken:
        raise SettingsRefused(f"BODYCAM_WITNESSES: {broken}") from None
    if any(witness.kind != COSIGNATURE for witness in witnesses):
        raise SettingsRefused("BODYCAM_WITNESSES: a witness has a cosignature key, of type 4")
    if len({witness.name for witness in witnesses}) < len(witnesses):
        raise SettingsRefused("BODYCAM_WITNESSES: two keys of one name")
    return witnesses


def accept(vault: Vault, note: bytes, witnesses: Sequence[VerifierKey], *, now: datetime) -> int:
    """Keep the cosignatures in `note`, a checkpoint as a witness hands it in; how many there were.

    Of each witness the latest by its own clock: an earlier one, played again by whoever saw it, changes
    nothing.
    Raises CosignatureRefused when one that is known does not hold, or none is.
    """
    try:
        text, lines = notes.split(note)
        size = Checkpoint.parse(text).size
        found = _cosigned(text, lines, witnesses)
    except NoteBroken as broken:
        raise CosignatureRefused(str(broken)) from None
    if not found:
        raise CosignatureRefused("no witness of ours")
    with vault.database.transaction() as session:
        # Locked: it is not thinned out meanwhile, and two that come at once see each other's cosignature.
        signed = session.get(LogCheckpoint, size, with_for_update=True) or _again(vault, session, note, now)
        if signed is None or notes.split(signed.note.encode())[0] != text:
            raise CosignatureRefused("not a checkpoint of this log")
        for witness, (at, line) in found.items():
            kept = session.get(LogCosignature, (size, witness.name))
            if kept is None or _time_of(text, kept.line, witness) <= at:
                row = LogCosignature(size=size, witness=witness.name, line=line, received_at=now)
                session.merge(row)
    return len(found)


def _again(vault: Vault, session: Session, note: bytes, now: datetime) -> LogCheckpoint | None:
    """The checkpoint of a note that we signed and have no longer (`vault.log.thinning`), kept once more.

    None when we never signed it, or when it is not of the tree that stands.
    """
    try:
        opened = notes.open_note(note, vault.ring.log_keys)
        said = Checkpoint.parse(opened.text)
        of_this_tree = said.size <= reading.size(session) and said.root == merkle.root(
            reading.tree(session), said.size
        )
    except (NoteBroken, LookupError):
        return None
    if said.origin != vault.ring.origin or not of_this_tree:
        return None
    ours = [
        line for line in notes.split(note)[1] if any(notes.is_by(line, key) for key in vault.ring.log_keys)
    ]
    again = LogCheckpoint(
        size=said.size, root=said.root, note=notes.join(opened.text, ours).decode(), signed_at=now
    )
    session.add(again)
    session.flush()
    return again


def _cosigned(
    text: str, lines: Sequence[str], witnesses: Sequence[VerifierKey]
) -> dict[VerifierKey, tuple[int, str]]:
    """The latest line of each known witness, and its time; all of them verified. Raises NoteBroken."""
    found: dict[VerifierKey, tuple[int, str]] = {}
    for line in lines:
        for witness in witnesses:
            if notes.is_by(line, witness):
                opened = notes.open_note(notes.join(text, [line]), [witness])
                found[witness] = max(found.get(witness, (0, "")), (opened.cosigned_at[witness], line))
    return found


def _time_of(text: str, line: str, witness: VerifierKey) -> int:
    """When `witness` cosigned, as `line` says; before all when it was with a key that it has no more."""
    if not notes.is_by(line, witness):
        return -1
    return notes.open_note(notes.join(text, [line]), [witness]).cosigned_at[witness]
