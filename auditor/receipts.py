"""Receipts checked offline: that a dock was told truly, and that what it was told stands in the log.

A dock keeps three things in one JSON document, `{"receipt": …, "leaf": …, "proof": …}`: the receipt it wiped
the camera on (a JWS), the audit entry that the receipt names (base64), and the proof that this entry is in
the log (c2sp.org/tlog-proof). They are tied together by the entry's hash, which stands in the receipt and
which the proof leads from. To check them takes the log's key and the receipt keys; no network, and nobody's
cooperation.
"""

import base64
import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.checkpoints import Signed
from auditor.jws import StatementBroken, open_statement
from auditor.language import Text
from auditor.logged import NOT_SHOWN, NOT_SIGNED, Broken, NotInLog, in_log
from auditor.merkle import leaf_hash
from auditor.notes import VerifierKey

TYPE = "bodycam-receipt+jws"
EVENTS = {"kept": "recording.kept", "quarantined": "recording.quarantined"}
"""Which entry goes with which state of a receipt."""
MOST_BYTES = 1024 * 1024
_MEMBERS = ("receipt", "leaf", "proof")


class Flaw(enum.Enum):
    """What can be wrong with a receipt and its proof, in words for people."""

    DOCUMENT = Text(
        "Dit is geen ontvangstbewijs met regel en bewijs.", "This is no receipt with its entry and its proof."
    )
    RECEIPT = Text(
        "Het ontvangstbewijs is niet geldig ondertekend met een van deze sleutels.",
        "The receipt is not validly signed by one of these keys.",
    )
    HASH = Text(
        "Het ontvangstbewijs noemt een andere regel dan deze: de hash verschilt.",
        "The receipt names another entry than this one: the hash differs.",
    )
    ENTRY = Text(
        "De regel in het log zegt iets anders dan het ontvangstbewijs.",
        "The entry in the log says something else than the receipt.",
    )
    CHECKPOINT = NOT_SIGNED
    PROOF = NOT_SHOWN


class ReceiptBroken(Broken):
    """A receipt, its entry and its proof do not show together what they should."""


@dataclass(frozen=True)
class Shown:
    """A receipt that holds: what it says, the entry it names, and where that stands in the log."""

    claims: Mapping[str, Any]
    leaf: Mapping[str, Any]
    index: int
    checkpoint: Signed


def verify(
    document: bytes, log: VerifierKey, receipt_keys: Mapping[str, Any], witnesses: Sequence[VerifierKey] = ()
) -> Shown:
    """What `document`, a receipt with its entry and its proof, shows. Raises ReceiptBroken.

    1. the receipt is signed; 2. it names this entry; 3. they say the same; 4. the entry is in the log.
    """
    token, leaf, proof_text = _parts(document)
    try:
        claims = open_statement(token, receipt_keys, TYPE)
    except StatementBroken as broken:
        raise ReceiptBroken(Flaw.RECEIPT, str(broken)) from None
    if claims.get("leafHash") != leaf_hash(leaf).hex():
        raise ReceiptBroken(Flaw.HASH, f"leafHash is {str(claims.get('leafHash'))[:64]}")
    told = _told(leaf)
    for name, (said, entered) in _said_twice(claims, told).items():
        if said != entered or said is None:
            raise ReceiptBroken(Flaw.ENTRY, f"{name}: {str(said)[:80]} is entered as {str(entered)[:80]}")
    try:
        proof, checkpoint = in_log(leaf, proof_text, log, witnesses)
    except NotInLog as broken:
        raise ReceiptBroken(Flaw(broken.text), broken.detail) from None
    return Shown(claims, told, proof.index, checkpoint)


def _parts(document: bytes) -> tuple[str, bytes, bytes]:
    if len(document) > MOST_BYTES:
        raise ReceiptBroken(Flaw.DOCUMENT, f"longer than {MOST_BYTES} bytes")
    try:
        found = json.loads(document)
        token, leaf, proof = (found[name] for name in _MEMBERS)
        return str(token), base64.b64decode(leaf, validate=True), str(proof).encode()
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise ReceiptBroken(Flaw.DOCUMENT, f"{type(error).__name__}: {', '.join(_MEMBERS)}") from None


def _told(leaf: bytes) -> dict[str, Any]:
    try:
        found = json.loads(leaf)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("facts", {}), dict):
        raise ReceiptBroken(Flaw.ENTRY, "the entry is no JSON object")
    return found


def _said_twice(claims: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    """What stands in both, by its name in the receipt: as the receipt has it, and as the entry has it."""
    facts = told.get("facts", {})
    return {
        "auditEntry": (claims.get("auditEntry"), told.get("id")),
        "state": (EVENTS.get(str(claims.get("state"))), told.get("type")),
        "wipe": (claims.get("wipe"), told.get("type") == EVENTS["kept"]),
        "length": (claims.get("length"), facts.get("length")),
        # Of what could not be read there is no digest: null in a receipt, an empty text in an entry.
        "sha256": (claims.get("sha256") or "", facts.get("sha256")),
        "reason": (claims.get("reason") or "", facts.get("reason", "")),
    }
