"""The key ring of one process: what it may wrap, open, name and sign with.

Keys of audit entries, receipts and the log are loaded once, at start. Those that open footage are read when
they are needed: they come and go while a process runs.
`info` binds what is wrapped to its purpose and its place; byte for byte: docs/formats.md.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count
from pathlib import Path
from threading import Timer
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from auditor.notes import VerifierKey
from vault.keys import folder, receipts
from vault.keys.errors import KeyNotHeld, RingRefused, WrappingBroken
from vault.keys.footage import FootageKeys, WrappedKey
from vault.keys.footage_files import FootageFiles
from vault.keys.fresh import FreshKeys
from vault.keys.held import KeySet, PseudonymSecret, SigningKey, WrappingKey
from vault.keys.layout import DISPOSAL, HOLDS, Role, Use
from vault.keys.log_keys import LogKeys, read_log_keys
from vault.keys.reading import read_keys, read_pseudonym_secret, read_signing_key, read_wrapping_key
from vault.keys.wrapping import (
    NONCE,
    WRAPPED,
    data_key_of,
    unwrap_under,
    unwrap_with,
    wrap_current,
)
from vault.sealing import KEY_LENGTH, DataKey

_ARRIVING_KEY = b"bodycam-vault/arriving-key/v1\0"
_PAYLOAD_KEY = b"bodycam-vault/audit-payload-key/v1\0"
_PAYLOAD = b"bodycam-vault/audit-payload/v2\0"
_PAYLOAD_BEFORE = b"bodycam-vault/audit-payload/v1\0"
"""Of payloads that were wrapped themselves, before there were content keys."""
CONTENT_SECONDS = 60.0
"""How long a process seals audit payloads by one content key: so long it could read what it appended."""
CONTENT_ENTRIES = 10_000
"""How many it seals by one: far below the 2**32 that random nonces allow."""
CONTENT_KEYS_REMEMBERED = 256
"""How many content keys who reads keeps unwrapped."""


class SealedPayload(NamedTuple):
    """An audit entry's payload that only the private half of key `key_id` opens."""

    key_id: str
    sealed: bytes


class _PayloadSealer:
    """Seals audit payloads by a content key, whose wrapping is stored with each payload.

    HPKE for each entry would cost more than the database does. Nobody but this process has the content key
    unwrapped, and it forgets it; so it can read what it appended itself a moment ago, and nothing else.
    """

    def __init__(self, keys: KeySet[WrappingKey]) -> None:
        self._keys = keys
        self._content: _Content | None = None

    def seal(self, plaintext: bytes, bound_to: bytes) -> SealedPayload:
        content = self._content
        while content is None or content.worn():
            # Two threads may both come here: both keys are good, and the later one stays.
            self._content = content = _Content(self._keys)
            # Also when nothing more is sealed: whoever takes an idle process over finds no key in it.
            forgetting = Timer(CONTENT_SECONDS, self._forget, [content])
            forgetting.daemon = True
            forgetting.start()
        return content.seal(plaintext, bound_to)

    def _forget(self, content: "_Content") -> None:
        if self._content is content:
            self._content = None


class _Content:
    def __init__(self, keys: KeySet[WrappingKey]) -> None:
        secret = secrets.token_bytes(KEY_LENGTH)
        self._key_id, self._wrapped = wrap_current(keys, secret, _PAYLOAD_KEY)
        self._aead = AESGCM(secret)
        self._until = time.monotonic() + CONTENT_SECONDS
        self._entries = count()

    def worn(self) -> bool:
        """Whether it has been in use for long enough; asked before each use, and counts them."""
        return next(self._entries) >= CONTENT_ENTRIES or time.monotonic() >= self._until

    def seal(self, plaintext: bytes, bound_to: bytes) -> SealedPayload:
        nonce = secrets.token_bytes(NONCE)
        sealed = self._wrapped + nonce + self._aead.encrypt(nonce, plaintext, bound_to)
        return SealedPayload(self._key_id, sealed)


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class KeyRing:
    """Every operation raises KeyNotHeld when this ring has not the key for it."""

    role: Role
    footage: FootageKeys
    arrival: FreshKeys | None
    payload: KeySet[WrappingKey]
    pseudonyms: KeySet[PseudonymSecret]
    receipt: KeySet[SigningKey]
    log: LogKeys | None = None

    @classmethod
    def load(cls, path: Path, *, role: Role | None = None, footage: FootageKeys | None = None) -> "KeyRing":
        """The ring in folder `path`; `role`, when given, is whose it must be.

        `footage`: where the keys are that open footage, when they are not files of this ring.
        Raises RingRefused, naming the file and what to do, for anything that leaves doubt.
        """
        ring = folder.standing(path)
        ours = _role(ring, role)
        holds = HOLDS[ours]
        found = folder.entries(ring)
        if Use.LOG in holds and Use.LOG not in found:
            raise RingRefused(
                ring / Use.LOG,
                "is missing: this ring is of before there was a log",
                "give it a key with: bodycam-vault keys add-log",
            )
        footage = footage or FootageFiles(path, ours)
        # Of day keys there may be none yet; of a ring whose keys moved into hardware some files may be left.
        optional = {DISPOSAL} if ours is Role.VAULT else set()
        optional |= set() if isinstance(footage, FootageFiles) else {Use.SEALING}
        folder.expect_only(ring, found - optional, {"role", *holds} - optional, ours)
        footage.check()
        arrival = None
        if Use.ARRIVAL in holds:
            arrival = FreshKeys(ring / Use.ARRIVAL, ours, holds[Use.ARRIVAL])
            arrival.check()
        return cls(
            role=ours,
            footage=footage,
            arrival=arrival,
            payload=read_keys(ring / Use.PAYLOAD, ours, holds[Use.PAYLOAD], read_wrapping_key),
            pseudonyms=read_keys(ring / Use.PSEUDONYM, ours, holds[Use.PSEUDONYM], read_pseudonym_secret),
            receipt=read_keys(ring / Use.RECEIPT, ours, holds[Use.RECEIPT], read_signing_key),
            log=read_log_keys(ring) if Use.LOG in holds else None,
        )

    def __repr__(self) -> str:
        return f"KeyRing({self.role}, {', '.join(sorted(self.footage.municipalities()))})"

    def wrap(self, key: DataKey, *, recording: UUID, municipality: str) -> WrappedKey:
        """Wrap a recording's data key for its municipality: from then on only the vault opens it."""
        return self.footage.wrap(key, recording=recording, municipality=municipality)

    def unwrap(self, wrapped: WrappedKey, *, recording: UUID, municipality: str) -> DataKey:
        """Open a data key that was wrapped for its municipality. Raises WrappingBroken."""
        return self.footage.unwrap(wrapped, recording=recording, municipality=municipality)

    def wrap_arriving(self, key: DataKey, *, recording: UUID, municipality: str) -> WrappedKey:
        """Wrap the data key of a recording that arrives, for ingest itself; destroyed at the commit point."""
        info = _ARRIVING_KEY + recording.bytes + municipality.encode()
        return WrappedKey(*self._arrival().wrap(key.reveal(), info))

    def unwrap_arriving(self, wrapped: WrappedKey, *, recording: UUID, municipality: str) -> DataKey:
        """Open the data key of a recording that arrives. Raises WrappingBroken."""
        info = _ARRIVING_KEY + recording.bytes + municipality.encode()
        return data_key_of(self._arrival().unwrap(wrapped.key_id, wrapped.sealed, info))

    def seal_payload(self, plaintext: bytes, *, entry: UUID) -> SealedPayload:
        """Seal what an audit entry says of people: what was appended can be read by the vault only.

        This process could still read its own of the last CONTENT_SECONDS.
        """
        return self._payload_sealer.seal(plaintext, _PAYLOAD + entry.bytes)

    def open_payload(self, payload: SealedPayload, *, entry: UUID) -> bytes:
        """Open an audit entry's payload, also one of before content keys. Raises WrappingBroken."""
        wrapped, rest = payload.sealed[:WRAPPED], payload.sealed[WRAPPED:]
        try:
            secret = self._content_key(payload.key_id, wrapped)
        except WrappingBroken:
            return _unwrap(self.payload, payload.key_id, payload.sealed, _PAYLOAD_BEFORE + entry.bytes)
        return unwrap_under(secret, rest, _PAYLOAD + entry.bytes)

    @cached_property
    def _content_key(self) -> Callable[[str, bytes], bytes]:
        """The content key in a wrapping. The last ones are remembered: whoever reads many entries after each
        other meets the same one thousands of times, and who holds the ring can open them all anyhow."""

        @lru_cache(CONTENT_KEYS_REMEMBERED)
        def unwrap(key_id: str, wrapped: bytes) -> bytes:
            return data_key_of(_unwrap(self.payload, key_id, wrapped, _PAYLOAD_KEY)).reveal()

        return unwrap

    @cached_property
    def _payload_sealer(self) -> _PayloadSealer:
        return _PayloadSealer(self.payload)

    @property
    def epoch(self) -> str:
        """The epoch under which pseudonyms are made now."""
        return self.pseudonyms.current

    @property
    def epochs(self) -> tuple[str, ...]:
        """Every epoch whose pseudonyms this ring can still make, the current one first."""
        return (self.epoch, *(name for name in self.pseudonyms.keys if name != self.epoch))

    def pseudonym(self, kind: str, value: str, *, epoch: str | None = None) -> str:
        """What stands in the audit trail for `value` of `kind`: 16 bytes in hex, the same all epoch long."""
        if "\0" in kind:
            raise ValueError("a kind has no NUL in it")
        return self.pseudonyms.get(epoch or self.epoch).mac(f"{kind}\0{value}".encode())[:16].hex()

    def sign_receipt(self, claims: Mapping[str, object]) -> str:
        """A compact JWS over `claims`, on which a dock may act."""
        return receipts.sign(self.receipt, claims)

    def receipt_jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys that receipts are checked with, as a JWK set (RFC 7517)."""
        return receipts.jwks(self.receipt)

    @property
    def origin(self) -> str:
        """The name of the log that this installation keeps."""
        return self._log().origin

    @property
    def log_keys(self) -> tuple[VerifierKey, ...]:
        """What the log's checkpoints are checked with, as others take it (*vkey*); the current one first."""
        return self._log().verifiers

    def sign_checkpoint(self, text: str) -> str:
        """The log's signature line under `text`: a promise about the log that cannot be taken back."""
        return self._log().sign(text)

    def _arrival(self) -> FreshKeys:
        if self.arrival is None:
            raise KeyNotHeld("only ingest's ring holds the arrival key")
        return self.arrival

    def _log(self) -> LogKeys:
        if self.log is None:
            raise KeyNotHeld("only the vault's ring signs for the log")
        return self.log


def _role(ring: Path, wanted: Role | None) -> Role:
    text = folder.read_line(ring / "role")
    if text not in list(Role):
        raise RingRefused(ring / "role", "names no role", "write 'vault' or 'ingest' into it, as it was")
    if wanted is not None and text != wanted:
        raise RingRefused(ring / "role", f"is {text}'s ring", f"give this process {wanted}'s")
    return Role(text)


def _unwrap(keys: KeySet[WrappingKey], key_id: str, sealed: bytes, info: bytes) -> bytes:
    return unwrap_with(keys.get(key_id), sealed, info)
