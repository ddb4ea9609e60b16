"""A witness: remembers what a log showed, and vouches only for what continues it (c2sp.org/tlog-cosignature).

Its folder:

    key.pem                            private key, readable by its owner alone
    key.pub                            the vkey, to hand out
    <SHA-256 of the origin>/checkpoint what was cosigned last, with the cosignature
    forks/<digest>/                    two checkpoints that contradict each other, and what to do

The order of one step, so that dying anywhere vouches for less, never for two things: (1) alone in the folder,
(2) compare, (3) cosign, (4) the new checkpoint is durable, (5) the cosignature leaves.
"""

import base64
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from auditor import merkle, notes, reading, tiles
from auditor.checkpoints import Checkpoint, Signed, open_checkpoint
from auditor.findings import Kind
from auditor.language import Language
from auditor.merkle import EMPTY_ROOT
from auditor.notes import COSIGNATURE, NoteBroken, VerifierKey
from auditor.reading import Absent, Place, Unreadable
from auditor.telling import what_to_do

Continuation = Callable[[Checkpoint, Checkpoint], tuple[bytes, Sequence[bytes]]]
"""`continuation(seen, offered)`: the root that the offered tree has over its first `seen.size` leaves, and
the consistency proof from there. An older root that is shown to belong to the offered tree, and is not the
one that was seen, proves a fork; a proof that leads nowhere proves nothing."""


class WitnessRefused(Exception):
    """The witness's folder cannot be used as it is."""


class Forked(Exception):
    """The log signed two checkpoints that contradict each other. Both are kept in `evidence`."""

    def __init__(self, kind: Kind, evidence: Path) -> None:
        super().__init__(f"{kind.name}: {evidence}")
        self.kind = kind
        self.evidence = evidence


@dataclass(frozen=True)
class Witness:
    """A name, a key, and a folder in which is remembered what was seen."""

    folder: Path
    name: str
    private: Ed25519PrivateKey

    @property
    def key(self) -> VerifierKey:
        """What others check the cosignatures with."""
        return VerifierKey.of(self.name, COSIGNATURE, self.private)

    def state_of(self, log: VerifierKey) -> Path:
        """Where the last cosigned checkpoint of `log` stands."""
        return self.folder / hashlib.sha256(log.name.encode()).hexdigest() / "checkpoint"

    def seen(self, log: VerifierKey) -> Signed | None:
        """What was cosigned last. Raises NoteBroken when the file is damaged: then start from its backup.

        By our own cosignature: the log's signature was verified then, by a key that it may have replaced.
        """
        state = self.state_of(log)
        if not state.exists():
            return None
        opened = notes.open_note(state.read_bytes(), [self.key])
        checkpoint = Checkpoint.parse(opened.text)
        if checkpoint.origin != log.name:
            raise NoteBroken(f"{state} is of another log")
        return Signed(checkpoint, state.read_bytes(), opened.cosigned_at)

    def cosign(
        self, log: VerifierKey, offer: Callable[[], bytes], continuation: Continuation, *, now: int
    ) -> bytes:
        """The checkpoint that `offer` gives, with a cosignature, when it continues what was seen.

        It is asked for only when we are alone: one that was fetched before another look ended would seem
        rolled back. It is remembered before it is given. `now`: seconds since 1970. Raises NoteBroken;
        Forked; ProofBroken when nothing is shown either way; what `continuation` raises.
        """
        with self._alone():
            note = offer()
            offered = open_checkpoint(note, log)
            seen = self.seen(log)
            before = seen.checkpoint if seen else Checkpoint(log.name, 0, EMPTY_ROOT)
            kind, proof = _compare(before, offered.checkpoint, continuation)
            if kind and seen:
                raise Forked(kind, self._keep_evidence(kind, seen, offered, proof))
            line = notes.cosign(offered.checkpoint.text, self.name, self.private, at=now)
            cosigned = notes.append(note, line)
            write_durably(self.state_of(log), cosigned)
        return cosigned

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Compare and remember as one act: two at once could else roll the state back (tlog-witness)."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _keep_evidence(self, kind: Kind, seen: Signed, offered: Signed, proof: Sequence[bytes]) -> Path:
        both = seen.checkpoint.text + offered.checkpoint.text
        folder = self.folder / "forks" / hashlib.sha256(both.encode()).hexdigest()[:16]
        write_durably(folder / "seen.checkpoint", seen.note)
        write_durably(folder / "offered.checkpoint", offered.note)
        if proof:
            lines = [f"old {seen.checkpoint.size}", *(base64.b64encode(hashed).decode() for hashed in proof)]
            request = "\n".join([*lines, "", ""]).encode() + offered.note
            write_durably(folder / "offered.add-checkpoint", request)
        told = "\n\n".join(what_to_do(kind, str(folder)).in_language(language) for language in Language)
        write_durably(folder / "README.txt", f"{told}\n".encode())
        return folder


def create(folder: Path, name: str) -> Witness:
    """A new witness with a new key. Raises WitnessRefused, NoteBroken."""
    private = Ed25519PrivateKey.generate()
    key = VerifierKey.of(name, COSIGNATURE, private)
    if (folder / "key.pem").exists():
        raise WitnessRefused(f"{folder} has a key already; a witness that starts anew has seen nothing")
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_durably(folder / "key.pub", f"{key}\n".encode())
    write_durably(folder / "key.pem", pem)
    return Witness(folder, name, private)


def load(folder: Path) -> Witness:
    """The witness that lives in `folder`. Raises WitnessRefused, also when others can read its key."""
    try:
        if (folder / "key.pem").stat().st_mode & 0o077:
            raise WitnessRefused(f"others can read {folder / 'key.pem'}: chmod 600")
        private = load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
        public = VerifierKey.parse((folder / "key.pub").read_text())
    except (OSError, ValueError, NoteBroken) as error:
        raise WitnessRefused(f"no witness in {folder}: {error}") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise WitnessRefused("the witness's key is not an Ed25519 key")
    witness = Witness(folder, public.name, private)
    if witness.key != public:
        raise WitnessRefused("key.pub is not of key.pem")
    return witness


def look(
    witness: Witness, place: Place, log: VerifierKey, submit: Callable[[bytes], None], *, now: int
) -> Signed:
    """One round: read the log's checkpoint, compare, cosign, remember, and only then hand out.

    Raises as `Witness.cosign`, and Unreadable when the log gave no answer that anything follows from.
    """

    def continuation(seen: Checkpoint, offered: Checkpoint) -> tuple[bytes, Sequence[bytes]]:
        hash_at = reading.published(place, offered.size)
        was = merkle.root(hash_at, seen.size)
        return was, merkle.consistency_proof(hash_at, seen.size, offered.size)

    try:
        cosigned = witness.cosign(log, lambda: reading.checkpoint(place), continuation, now=now)
    except (Absent, LookupError) as missing:
        raise Unreadable(f"the log does not show what it signed for: {missing}") from None
    submit(cosigned)
    return open_checkpoint(cosigned, log, [witness.key])


def submit_to(place: Place) -> Callable[[bytes], None]:
    """Hands a cosigned checkpoint to the log it is of: POST to its ``cosignatures``. A folder takes none."""

    def submit(cosigned: bytes) -> None:
        if isinstance(place, reading.Web):
            try:
                place.post(tiles.COSIGNATURES, cosigned, notes.MOST_BYTES)
            except Absent:
                raise Unreadable("the log takes no cosignatures at this address") from None

    return submit


def _compare(
    seen: Checkpoint, offered: Checkpoint, continuation: Continuation
) -> tuple[Kind | None, Sequence[bytes]]:
    """What kind of fork it is, if it is one, and the proof of it. Raises ProofBroken."""
    if offered.size < seen.size:
        return Kind.ROLLED_BACK, ()
    if offered.size == seen.size:
        return (Kind.REWRITTEN if offered.root != seen.root else None), ()
    if seen.size == 0:
        return None, ()
    was, proof = continuation(seen, offered)
    merkle.verify_consistency(seen.size, offered.size, was, offered.root, proof)
    return (Kind.REWRITTEN if was != seen.root else None), proof


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file at `path` as a whole; when this returns, it survives a power cut. Owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    for folder in (path.parent, path.parent.parent):
        entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
