"""Logs made for a test or a figure: entries as the vault writes them, and the files that a log of them is.

Made without the code that is tested: the tree here is built level by level from whole lists of hashes.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditor import notes, tiles
from auditor.notes import ED25519, VerifierKey

ORIGIN = "voorbeeldstad.example/log"
TYPES = ("viewing.served", "request.submitted", "request.allowed", "recording.kept", "trail.read")
_BEGIN = 1_767_225_600_000


def entry(index: int) -> bytes:
    """A leaf like those of the vault, the same for the same `index`: some 600 bytes, as most are."""
    digest = sha256(b"%d" % index).hexdigest()
    kind = TYPES[index % len(TYPES)]
    moment = _BEGIN + index * 37
    name = f"{moment:012x}7{digest[:3]}8{digest[3:18]}"
    leaf: dict[str, Any] = {
        "v": 1,
        "id": f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}",
        "t": moment,
        "type": kind,
        "op": "consult",
        "org": "voorbeeldstad",
        "epoch": "2026",
        "actor": digest[:32],
        "obj": digest[32:],
        "subj": digest[16:48],
        "dec": "allow",
        "pol": sha256(b"rules").hexdigest(),
        "why": ["complaint-watched-by-handler"],
        "regime": "avg",
        "purpose": "klacht",
        "corr": f"{digest[:32]}/{digest[:16]}",
        "facts": {"first": index % 9, "last": index % 9 + 3, "bytes": index},
        "c": sha256(digest.encode()).hexdigest(),
    }
    return rfc8785.dumps(leaf)


@dataclass
class Log:
    """A log that its author can make say anything."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    origin: str = ORIGIN

    @property
    def key(self) -> VerifierKey:
        """What its checkpoints are verified with."""
        return VerifierKey.of(self.origin, ED25519, self.private)

    def signed(self, size: int, root: bytes) -> bytes:
        """A checkpoint that says so."""
        text = f"{self.origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        return notes.join(text, [notes.sign(text, self.origin, self.private)])

    def write(self, folder: Path, size: int, make: Callable[[int], bytes] = entry) -> bytes:
        """Write the first `size` entries as a log into `folder`, and give its checkpoint."""
        hashes: list[bytes] = []
        for n in range(-(-size // tiles.WIDTH)):
            entries = [make(index) for index in range(n * 256, min(size, n * 256 + 256))]
            framed = b"".join(len(each).to_bytes(2, "big") + each for each in entries)
            put(folder, tiles.bundle_path(n, len(entries)), framed)
            hashes += [sha256(b"\x00" + each).digest() for each in entries]
        note = self.signed(size, whole_root(hashes))
        level = 0
        while hashes:
            for at in range(0, len(hashes), tiles.WIDTH):
                some = hashes[at : at + tiles.WIDTH]
                put(folder, tiles.tile_path(level, at // tiles.WIDTH, len(some)), b"".join(some))
            full = len(hashes) // tiles.WIDTH
            hashes = [whole_root(hashes[n * 256 : n * 256 + 256]) for n in range(full)]
            level += 1
        put(folder, tiles.CHECKPOINT, note)
        return note


def whole_root(hashes: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, pairing neighbours and leaving an odd one for the next round."""
    layer = list(hashes)
    while len(layer) > 1:
        paired = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(layer[::2], layer[1::2], strict=False)
        ]
        layer = [*paired, *layer[len(paired) * 2 :]]
    return layer[0] if layer else sha256(b"").digest()


def put(folder: Path, path: str, data: bytes) -> None:
    """Write one file of a log."""
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
