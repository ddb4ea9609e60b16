"""Signed notes (c2sp.org/signed-note): a text, and below it who signed it, in Ed25519.

Two kinds of signature: a log's own, over the text (type 0x01), and a witness's cosignature, over the text and
a moment (type 0x04, c2sp.org/tlog-cosignature).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
MOST_BYTES = 256 * 1024
"""Longest note that is read: sixteen post-quantum signatures of 5 kB (signed-note, Format), with room."""
MOST_SIGNATURES = 100
_MARK = "\u2014 "
_KIND_NAMES = {ED25519: "Ed25519", COSIGNATURE: "cosignature/v1"}


class NoteBroken(Exception):
    """Not a signed note, not a verifier key, or a signature that does not hold."""


@dataclass(frozen=True)
class VerifierKey:
    """A name and a public key that signatures are checked with; as text, a *vkey*."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that say in a signature line which key it is of (signed-note, Signatures)."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The key that a vkey tells of. Raises NoteBroken, also when its id is not of this key."""
        name, _, rest = text.strip().partition("+")
        key_id, _, material = rest.partition("+")
        decoded = unarmour(material)
        if not _fit_name(name) or len(decoded) != 33 or decoded[0] not in _KIND_NAMES:
            raise NoteBroken("not a verifier key: name+id+base64 of an Ed25519 key, type 1 or 4")
        key = cls(name, decoded[0], decoded[1:])
        if key.id.hex() != key_id:
            raise NoteBroken(f"the verifier key of {name} has an id that is not its own: a typing error?")
        return key

    @classmethod
    def of(cls, name: str, kind: int, private: Ed25519PrivateKey) -> "VerifierKey":
        """The public side of `private`, under `name`. Raises NoteBroken for a name that cannot be one."""
        if not _fit_name(name):
            raise NoteBroken("a key's name has no spaces and no +, and is not empty")
        return cls(name, kind, private.public_key().public_bytes_raw())


@dataclass(frozen=True)
class Opened:
    """A note of which every signature by a known key holds, and at least one."""

    text: str
    signed: frozenset[VerifierKey]
    cosigned_at: dict[VerifierKey, int] = field(default_factory=dict)
    """When each witness says that it cosigned: seconds since 1970, the latest one."""


def sign(text: str, name: str, private: Ed25519PrivateKey) -> str:
    """The signature line of a log under `text` (signed-note, Ed25519 signatures). Raises NoteBroken."""
    key = VerifierKey.of(name, ED25519, private)
    return _line(key, private.sign(_checked(text).encode()))


def cosign(text: str, name: str, private: Ed25519PrivateKey, *, at: int) -> str:
    """The cosignature line of a witness under `text`, at `at` seconds since 1970 (tlog-cosignature)."""
    key = VerifierKey.of(name, COSIGNATURE, private)
    signature = private.sign(_cosigned(_checked(text), at))
    return _line(key, at.to_bytes(8, "big") + signature)


def join(text: str, lines: Iterable[str]) -> bytes:
    """The signed note of `text` and signature `lines`."""
    return (_checked(text) + "\n" + "".join(lines)).encode()


def append(note: bytes, line: str) -> bytes:
    """`note` with one more signature line; what an earlier one of the same key said is dropped."""
    text, lines = split(note)
    author, _ = _parsed(line)
    return join(text, [*(kept for kept in lines if _parsed(kept)[0] != author), line])


def split(note: bytes) -> tuple[str, list[str]]:
    """Text and signature lines; nothing is verified. Raises NoteBroken when it is no signed note."""
    if len(note) > MOST_BYTES:
        raise NoteBroken(f"a note of more than {MOST_BYTES} bytes")
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteBroken("not UTF-8") from None
    if re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise NoteBroken("control characters")
    # The last empty line: the text may have some of its own (signed-note, Format).
    at = whole.rfind("\n\n")
    if at < 0 or not whole.endswith("\n"):
        raise NoteBroken("not a signed note: no empty line between text and signatures")
    # By LF alone: `splitlines` knows other separators, which a text or a name could hold.
    lines = [line + "\n" for line in whole[at + 2 :].removesuffix("\n").split("\n")]
    if not 1 <= len(lines) <= MOST_SIGNATURES:
        raise NoteBroken(f"a note has 1 to {MOST_SIGNATURES} signatures")
    for line in lines:
        _parsed(line)
    return whole[: at + 1], lines


def is_by(line: str, key: VerifierKey) -> bool:
    """Whether a signature line says that it is of `key`; whether it holds is for `open_note`."""
    return _parsed(line)[0] == (key.name, key.id)


def open_note(note: bytes, keys: Sequence[VerifierKey]) -> Opened:
    """The text of a note, as far as `keys` vouch for it.

    Signatures of other keys are ignored; one of a known key that does not hold spoils the note, and so does
    the absence of any (signed-note, Signatures). Raises NoteBroken.
    """
    text, lines = split(note)
    known = {(key.name, key.id): key for key in keys}
    signed, times = set(), dict[VerifierKey, int]()
    for line in lines:
        author, signature = _parsed(line)
        key = known.get(author)
        if key is None:
            continue
        if key.kind == COSIGNATURE:
            times[key] = max(times.get(key, 0), _verify_cosignature(key, text, signature))
        else:
            _verify(key, text.encode(), signature)
        signed.add(key)
    if not signed:
        raise NoteBroken("no signature of a known key")
    return Opened(text, frozenset(signed), times)


def unarmour(text: str) -> bytes:
    """Base64 (RFC 4648, section 4) in its one form: unused bits are zero. Raises NoteBroken."""
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteBroken("not base64") from None
    # Else a flipped bit in the last character would go unseen.
    if base64.b64encode(decoded).decode() != text:
        raise NoteBroken("base64 that is not in its one form")
    return decoded


def _verify(key: VerifierKey, message: bytes, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature:
        raise NoteBroken(f"the signature of {key.name} does not hold") from None


def _verify_cosignature(key: VerifierKey, text: str, blob: bytes) -> int:
    at = int.from_bytes(blob[:8], "big")
    if at >= 1 << 63:
        raise NoteBroken(f"the cosignature of {key.name} has a time beyond 2^63")
    _verify(key, _cosigned(text, at), blob[8:])
    return at


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _line(key: VerifierKey, blob: bytes) -> str:
    return f"{_MARK}{key.name} {base64.b64encode(key.id + blob).decode()}\n"


def _parsed(line: str) -> tuple[tuple[str, bytes], bytes]:
    """Whose a signature line is, name and key id, and its signature. Raises NoteBroken."""
    name, space, encoded = line.removeprefix(_MARK).removesuffix("\n").partition(" ")
    if not line.startswith(_MARK) or not line.endswith("\n") or not space or not _fit_name(name):
        raise NoteBroken("a line below the text is no signature line")
    decoded = unarmour(encoded)
    if len(decoded) < 5:
        raise NoteBroken("a signature line without a signature")
    return (name, decoded[:4]), decoded[4:]


def _fit_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def _checked(text: str) -> str:
    if not text.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", text):
        raise NoteBroken("a note's text ends in a newline and has no other control characters")
    return text
