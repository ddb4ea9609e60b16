"""Sealing footage: a sealed part is one message of C2SP chunked-encryption, instance Cobblestone-256.

https://c2sp.org/chunked-encryption; byte for byte, with an example: docs/formats.md. The library writes and
reads whole parts. Reading a range has no library, so `PartReader` follows the published formula::

    chunk key (32) || base nonce (12) || commitment (32) = HKDF-Expand-SHA-512(data key,
        "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" || 0x00 || salt (24) || context)
    sealed part = salt || commitment || chunk 0 || chunk 1 || …
    chunk k     = AES-256-GCM(chunk key, base nonce XOR k, 16 KiB of plaintext), no associated data

The last chunk is always shorter than 16 KiB, perhaps empty: that is how a part proves where it ends.
"""

import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.utils import Buffer

CHUNK = 16 * 1024
"""Bytes of plaintext in every chunk but the last."""
PART_MAX = 16 * 1024 * 1024
"""Most bytes of plaintext in one part."""
KEY_LENGTH = 32
HEADER_LENGTH = 24 + 32
"""Bytes of salt and commitment, with which a sealed part begins."""

Fetch = Callable[[int, int], bytes]
"""Gives the sealed object's bytes from the first to the last of these, both included."""

_SALT = 24
_NONCE = 12
_TAG = 16
_SEALED_CHUNK = CHUNK + _TAG
_INFO = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"
_CONTEXT = b"bodycam-vault/part/v1\0"


class SealBroken(Exception):
    """What is stored is not what was sealed: changed, cut short, moved, or under another key."""


class DataKey:
    """The secret of one recording: 32 uniformly random bytes, never shown by accident."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_LENGTH:
            raise ValueError(f"a data key is {KEY_LENGTH} bytes long")
        self._secret = bytes(secret)

    @classmethod
    def generate(cls) -> "DataKey":
        """A fresh key from the system's randomness."""
        return cls(secrets.token_bytes(KEY_LENGTH))

    def reveal(self) -> bytes:
        """The secret bytes; the name is ugly so that every use of it is found."""
        return self._secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DataKey) and hmac.compare_digest(self._secret, other._secret)

    __hash__ = None  # type: ignore[assignment]  # a secret is no dictionary key

    def __repr__(self) -> str:
        return "DataKey(…)"

    def __reduce__(self) -> str:
        raise TypeError("a data key leaves the process wrapped, or not at all")


@dataclass(frozen=True)
class PartContext:
    """What a sealed part is bound to: its recording and its place in it, counted from zero."""

    recording: UUID
    index: int

    def encode(self) -> bytes:
        """The context of the chunked-encryption message: label, recording id, index (big-endian)."""
        return _CONTEXT + self.recording.bytes + self.index.to_bytes(4, "big")


def sealed_length(plain_length: int) -> int:
    """Bytes of a sealed part that holds `plain_length` bytes. There is only one chunking for a length."""
    if not 0 <= plain_length <= PART_MAX:
        raise ValueError(f"a part holds 0 to {PART_MAX} bytes, not {plain_length}")
    chunks = plain_length // CHUNK + 1
    return HEADER_LENGTH + plain_length + chunks * _TAG


class Sealer:
    """Seals one part as its plaintext comes. A torn part is sealed anew, never continued."""

    def __init__(self, key: DataKey, context: PartContext) -> None:
        self._encryptor = Cobblestone256Encryptor(key.reveal(), context.encode())
        self._room = PART_MAX

    def update(self, plaintext: Buffer) -> bytes:
        """The sealed bytes that are complete after `plaintext`. Raises ValueError beyond PART_MAX."""
        self._count(plaintext)
        return self._encryptor.update(plaintext)

    def update_into(self, plaintext: Buffer, sealed: Buffer) -> int:
        """As `update`, written to the start of `sealed`, which has room; returns how many bytes it were."""
        self._count(plaintext)
        return self._encryptor.update_into(plaintext, sealed)

    def finish(self) -> bytes:
        """The last, short chunk. Without it the part does not open."""
        return self._encryptor.finalize()

    def _count(self, plaintext: Buffer) -> None:
        self._room -= memoryview(plaintext).nbytes
        if self._room < 0:
            raise ValueError(f"a part holds at most {PART_MAX} bytes")


def seal(key: DataKey, context: PartContext, plaintext: Iterable[Buffer]) -> Iterator[bytes]:
    """Seal one part, piece by piece. Raises ValueError beyond PART_MAX."""
    sealer = Sealer(key, context)
    for piece in plaintext:
        yield sealer.update(piece)
    yield sealer.finish()


def open_part(key: DataKey, context: PartContext, sealed: Iterable[Buffer]) -> Iterator[bytes]:
    """Open one whole part, piece by piece.

    Every byte yielded is authentic and in its place. That none is missing is known only at the end, so
    whoever needs the whole part reads on until the iterator stops. Raises SealBroken.
    """
    decryptor = Cobblestone256Decryptor(key.reveal(), context.encode())
    try:
        for piece in sealed:
            yield decryptor.update(piece)
        yield decryptor.finalize()
    except InvalidTag:
        raise SealBroken from None


def open_all(
    key: DataKey, context: PartContext, plain_length: int, header: bytes, fetch: Fetch, *, most: int
) -> Iterator[memoryview]:
    """All of one part, as `open_part`, in pieces of at most `most` bytes but at least one chunk.

    For who reads on and on: the library opens many chunks at a time. `header` is the one of its row, as for
    `PartReader`: what was sealed by the same key for the same place, but is not this part, is SealBroken too.
    """
    step = max(1, most // CHUNK) * _SEALED_CHUNK
    end = sealed_length(plain_length)
    marks = [0, *range(HEADER_LENGTH + step, end, step), end]
    sealed = (fetch(start, stop - 1) for start, stop in pairwise(marks))
    for piece in open_part(key, context, _under(header, sealed)):
        if piece:
            yield memoryview(piece)


def _under(header: bytes, sealed: Iterator[bytes]) -> Iterator[bytes]:
    """`sealed`, when it begins with all of `header`. Raises SealBroken."""
    begin = next(sealed)
    if begin[:HEADER_LENGTH] != header:
        raise SealBroken
    yield begin
    yield from sealed


class PartReader:
    """Reads ranges of one sealed part: derives the chunk key once, opens only the chunks it needs.

    `header` is the part's first HEADER_LENGTH bytes, kept with its row so that a range takes one fetch.
    Raises SealBroken at once when key, context and header do not belong together. Safe to share by threads.
    """

    def __init__(self, key: DataKey, context: PartContext, plain_length: int, header: bytes) -> None:
        self._plain_length = plain_length
        self._sealed_length = sealed_length(plain_length)
        salt, commitment = header[:_SALT], header[_SALT:]
        info = _INFO + salt + context.encode()
        derived = HKDFExpand(SHA512(), KEY_LENGTH + _NONCE + 32, info).derive(key.reveal())
        # Before any chunk is decrypted, as the specification asks: AES-GCM alone commits to no key.
        if not hmac.compare_digest(derived[KEY_LENGTH + _NONCE :], commitment):
            raise SealBroken
        self._aead = AESGCM(derived[:KEY_LENGTH])
        self._base_nonce = int.from_bytes(derived[KEY_LENGTH : KEY_LENGTH + _NONCE], "big")

    def read(self, first: int, last: int, fetch: Fetch) -> memoryview:
        """The plaintext bytes `first` to `last`, both included; an empty part has the one range (0, -1).

        `fetch(first, last)` gives the sealed object's bytes, both included, and is called once. A range up
        to the end of the part also opens its last chunk, even an empty one: so the end is proven, whatever
        length we were told. Raises SealBroken, ValueError for a range outside the part, what `fetch` raises.
        """
        length = self._plain_length
        if not (0 <= first <= last < length or first == last + 1 == length == 0):
            raise ValueError(f"bytes {first} to {last} are not within a part of {length}")
        begin = first // CHUNK
        end = (last + 1 if last + 1 == length else last) // CHUNK
        start = HEADER_LENGTH + begin * _SEALED_CHUNK
        stop = min(HEADER_LENGTH + (end + 1) * _SEALED_CHUNK, self._sealed_length)
        sealed = fetch(start, stop - 1)
        if len(sealed) != stop - start:
            raise SealBroken
        plain = self._open_chunks(begin, end - begin + 1, sealed)
        return plain[first - begin * CHUNK : last + 1 - begin * CHUNK]

    def _open_chunks(self, begin: int, count: int, sealed: bytes) -> memoryview:
        plain = memoryview(bytearray(len(sealed) - count * _TAG))
        source = memoryview(sealed)
        try:
            for k in range(count):
                nonce = (self._base_nonce ^ (begin + k)).to_bytes(_NONCE, "big")
                chunk = source[k * _SEALED_CHUNK : (k + 1) * _SEALED_CHUNK]
                self._aead.decrypt_into(nonce, chunk, None, plain[k * CHUNK : (k + 1) * CHUNK])
        except InvalidTag:
            raise SealBroken from None
        return plain


def open_range(
    key: DataKey,
    context: PartContext,
    plain_length: int,
    first: int,
    last: int,
    header: bytes,
    fetch: Fetch,
) -> bytes:
    """One range of one part; several of the same part are cheaper by one `PartReader`."""
    return bytes(PartReader(key, context, plain_length, header).read(first, last, fetch))
