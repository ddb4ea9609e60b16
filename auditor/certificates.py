"""Certificates of disposal checked offline: that a recording was destroyed, when, by which rule, and that
this stands in the log.

A certificate is one JSON document, `{"certificate": …, "leaf": …, "proof": …, "keyDestroyed": …}`: the
statement, the audit entry that names the statement's digest (base64), and the proof that this entry is in the
log (c2sp.org/tlog-proof). `keyDestroyed`, where it is there, is the entry and the proof that the key went too
under which the recording's own was wrapped, in every backup. To check all of it takes the log's key; no
network, and nobody's cooperation.
"""

import enum
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor import disposals, leaves
from auditor.checkpoints import Signed
from auditor.disposal_forms import StatementBroken, canonical, read
from auditor.disposals import AMSTERDAM, Statement, StatementUntrue, least_due
from auditor.language import Text
from auditor.leaves import LeafBroken
from auditor.logged import NOT_SHOWN, NOT_SIGNED, Broken, NotInLog, in_log
from auditor.notes import NoteBroken, VerifierKey, unarmour

DISPOSED = "recording.disposed"
KEY_DESTROYED = ("disposal-key.destroyed", "sealing-key.destroyed")
"""The second for what went so soon after it came that its key was still that of its arrival."""
MOST_BYTES = 4 * 1024 * 1024
_MEMBERS = frozenset({"certificate", "leaf", "proof"})
_KEY = "keyDestroyed"


class Flaw(enum.Enum):
    """What can be wrong with a certificate of disposal, in words for people."""

    DOCUMENT = Text(
        "Dit is geen verklaring van vernietiging met regel en bewijs.",
        "This is no certificate of disposal with its entry and its proof.",
    )
    STATEMENT = Text(
        "De verklaring heeft niet de vorm die ze moet hebben.", "The statement has not the form it must have."
    )
    HASH = Text(
        "De regel in het log noemt een andere verklaring dan deze: de hash verschilt.",
        "The entry in the log names another statement than this one: the hash differs.",
    )
    ENTRY = Text(
        "De regel in het log zegt iets anders dan de verklaring.",
        "The entry in the log says something else than the statement.",
    )
    CHECKPOINT = NOT_SIGNED
    PROOF = NOT_SHOWN
    UNTRUE = Text(
        "De verklaring spreekt zichzelf tegen: de volgorde van de momenten klopt niet, of er gold nog een "
        "bewaarplicht.",
        "The statement contradicts itself: its moments are out of order, or a hold still stood.",
    )
    KEY = Text(
        "De regel over de vernietigde sleutel hoort niet bij deze verklaring.",
        "The entry on the destroyed key does not belong to this statement.",
    )


class CertificateBroken(Broken):
    """A certificate of disposal, its entry and its proof do not show together what they should."""


@dataclass(frozen=True)
class Entered:
    """An entry that stands in the log: number `index`, under the checkpoint `signed`."""

    leaf: Mapping[str, Any]
    index: int
    signed: Signed

    @property
    def at(self) -> datetime:
        """When it was appended, by the software's clock."""
        return _EPOCH + timedelta(milliseconds=self.leaf["t"])


@dataclass(frozen=True)
class Shown:
    """A certificate that holds: what it says, and the entries that it leads to."""

    statement: Statement
    digest: str
    disposed: Entered
    key_destroyed: Entered | None
    """None when the document does not have it: the key was not destroyed yet when it was made."""

    @property
    def too_early(self) -> bool:
        """Whether the term of the rule set that it names was not over on the day it was due."""
        return self.statement.due.astimezone(AMSTERDAM).date() < least_due(self.statement)

    @property
    def signed(self) -> tuple[Signed, ...]:
        """Each checkpoint that something in it was proven under."""
        return tuple(each.signed for each in (self.disposed, self.key_destroyed) if each)


def verify(document: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Shown:
    """What `document`, a certificate with its entry and its proof, shows. Raises CertificateBroken.

    1. the statement has its form; 2. the entry names it, and says the same; 3. the entry is in the log;
    4. the statement can be true; 5. so can what is said of the key, and that is in the log too.
    """
    found = _read(document)
    told = found["certificate"]
    try:
        # 1.
        statement = read(told)
        digest = hashlib.sha256(canonical(told)).hexdigest()
    except (StatementBroken, ValueError) as broken:
        raise CertificateBroken(Flaw.STATEMENT, str(broken)) from None
    # 2. and 3.
    leaf = _leaf(found["leaf"], Flaw.ENTRY)
    if _fact(leaf, "certificate") != digest:
        raise CertificateBroken(Flaw.HASH, f"its SHA-256 is {digest}")
    _agree(leaf, Flaw.ENTRY, type=DISPOSED, org=statement.municipality, regime=statement.regime)
    if leaf.get("pol", statement.rule_set) != statement.rule_set:
        raise CertificateBroken(Flaw.ENTRY, f"it is under rule set {leaf['pol']}, not {statement.rule_set}")
    if leaf.get("prev", statement.begun_in) != statement.begun_in:
        raise CertificateBroken(Flaw.ENTRY, f"it follows entry {leaf['prev']}, not {statement.begun_in}")
    disposed = _entered(found, leaf, log, witnesses)
    # 4.
    try:
        disposals.check(statement)
    except StatementUntrue as untrue:
        raise CertificateBroken(Flaw.UNTRUE, str(untrue)) from None
    if disposed.at < statement.objects_discarded:
        raise CertificateBroken(Flaw.UNTRUE, f"entered {disposed.at}, before the objects were discarded")
    # 5.
    destroyed = _key_destroyed(found[_KEY], statement, log, witnesses) if _KEY in found else None
    if destroyed:
        _one_log(disposed.signed, destroyed.signed)
    return Shown(statement, digest, disposed, destroyed)


def _key_destroyed(
    found: object, statement: Statement, log: VerifierKey, witnesses: Sequence[VerifierKey]
) -> Entered:
    """The entry of the key under which the recording's own was wrapped; after nothing was, any more."""
    if not isinstance(found, dict) or found.keys() != {"leaf", "proof"}:
        raise CertificateBroken(Flaw.DOCUMENT, f"{_KEY} has a leaf and a proof")
    leaf = _leaf(found["leaf"], Flaw.KEY)
    _agree(leaf, Flaw.KEY, org=statement.municipality)
    if leaf["type"] not in KEY_DESTROYED:
        raise CertificateBroken(Flaw.KEY, f"it is of type {leaf['type']}")
    if statement.key_id is None or _fact(leaf, "keyId") != statement.key_id:
        raise CertificateBroken(Flaw.KEY, f"it is of key {_fact(leaf, 'keyId')}, not {statement.key_id}")
    entered = _entered(found, leaf, log, witnesses)
    if entered.at < statement.key_destroyed:
        raise CertificateBroken(Flaw.KEY, f"entered {entered.at}, while the recording's key was under it")
    return entered


def _one_log(first: Signed, second: Signed) -> None:
    """Two signed logs of one size and with different entries: a log contradicts itself."""
    if first.checkpoint.size == second.checkpoint.size and first.checkpoint.root != second.checkpoint.root:
        raise CertificateBroken(Flaw.CHECKPOINT, f"two different logs of {first.checkpoint.size} entries")


def _entered(
    found: Mapping[str, Any], leaf: Mapping[str, Any], log: VerifierKey, witnesses: Sequence[VerifierKey]
) -> Entered:
    if not isinstance(found["proof"], str):
        raise CertificateBroken(Flaw.DOCUMENT, "the proof is no text")
    proof_text = found["proof"].encode("utf-8", "surrogatepass")
    try:
        proof, signed = in_log(unarmour(found["leaf"]), proof_text, log, witnesses)
    except NotInLog as broken:
        raise CertificateBroken(Flaw(broken.text), broken.detail) from None
    return Entered(leaf, proof.index, signed)


def _read(document: bytes) -> dict[str, Any]:
    """The members of the document: each once, and only those that are known, so that none is lost unseen."""
    if len(document) > MOST_BYTES:
        raise CertificateBroken(Flaw.DOCUMENT, f"longer than {MOST_BYTES} bytes")
    try:
        found = json.loads(
            document.decode(), object_pairs_hook=_once, parse_float=_refuse, parse_constant=_refuse
        )
    except (ValueError, RecursionError) as error:
        raise CertificateBroken(Flaw.DOCUMENT, type(error).__name__) from None
    if not isinstance(found, dict) or found.keys() - {_KEY} != _MEMBERS:
        raise CertificateBroken(Flaw.DOCUMENT, f"it has {', '.join(sorted(_MEMBERS))}, and may have {_KEY}")
    return found


def _leaf(text: object, flaw: Flaw) -> dict[str, Any]:
    """The entry that a document has, in the form that every entry of the log has."""
    try:
        if not isinstance(text, str):
            raise NoteBroken("not base64")
        leaf = unarmour(text)
        leaves.read(leaf)
    except (NoteBroken, LeafBroken) as broken:
        raise CertificateBroken(flaw, str(broken)) from None
    found: dict[str, Any] = json.loads(leaf)
    return found


def _agree(leaf: Mapping[str, Any], flaw: Flaw, **said: str) -> None:
    for name, value in said.items():
        if leaf.get(name) != value:
            raise CertificateBroken(flaw, f"{name} is entered as {str(leaf.get(name))[:80]}, not {value}")


def _fact(leaf: Mapping[str, Any], name: str) -> object:
    return leaf.get("facts", {}).get(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name that comes twice")
    return found


def _refuse(text: str) -> None:
    raise ValueError(f"{text[:40]} is no whole number")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
