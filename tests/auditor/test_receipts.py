"""A receipt, its entry and its proof hold together, or it is said which of them does not."""

import json

import pytest

from auditor.notes import COSIGNATURE, VerifierKey
from auditor.receipts import MOST_BYTES, Flaw, ReceiptBroken, verify
from tests.auditor.signing import Signer, TwoEntries, claims_of, document, leaf_of

SIGNER = Signer()
LEAF = leaf_of()
LOG = TwoEntries(LEAF)
RECEIPT = SIGNER.sign(claims_of(LEAF))
GOOD = document(RECEIPT, LEAF, LOG.proof())


def broken(found: object, **means: object) -> ReceiptBroken:
    given = {"log": LOG.key, "receipt_keys": SIGNER.keys, **means}
    with pytest.raises(ReceiptBroken) as refused:
        verify(json.dumps(found).encode(), **given)  # type: ignore[arg-type]
    return refused.value


def test_it_shows_what_it_says_and_where_it_stands() -> None:
    shown = verify(json.dumps(GOOD).encode(), LOG.key, SIGNER.keys)
    assert shown.claims["wipe"] is True
    assert shown.leaf["type"] == "recording.kept"
    assert (shown.index, shown.checkpoint.checkpoint.size) == (1, 2)


def test_another_key_of_receipts_or_of_the_log() -> None:
    assert broken(GOOD, receipt_keys=Signer().keys).flaw is Flaw.RECEIPT
    assert broken(GOOD, log=TwoEntries(LEAF).key).flaw is Flaw.CHECKPOINT
    witness = VerifierKey.of("or.example", COSIGNATURE, LOG.private)
    assert verify(json.dumps(GOOD).encode(), LOG.key, SIGNER.keys, [witness]).checkpoint.cosigned_at == {}


def test_each_part_of_another() -> None:
    other = leaf_of(t=1)
    assert broken(document(RECEIPT, other, TwoEntries(other, LOG.private).proof())).flaw is Flaw.HASH
    assert broken(document(RECEIPT, LEAF, TwoEntries(other, LOG.private).proof())).flaw is Flaw.PROOF
    assert broken(document(RECEIPT, LEAF, LOG.proof(origin="elders.example/log"))).flaw is Flaw.CHECKPOINT
    assert broken(document(RECEIPT[:-8], LEAF, LOG.proof())).flaw is Flaw.RECEIPT


@pytest.mark.parametrize("member", ["receipt", "leaf", "proof"])
def test_no_changed_letter_goes_unseen(member: str) -> None:
    text = GOOD[member]
    same = json.loads(json.dumps(GOOD))
    for at, letter in enumerate(text):
        same[member] = text[:at] + ("A" if letter != "A" else "B") + text[at + 1 :]
        broken(same)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("auditEntry", "01980000-0000-7000-8000-00000000000c"),
        ("state", "quarantined"),
        ("state", "arriving"),
        ("wipe", False),
        ("wipe", 1.5),
        ("length", 1001),
        ("length", None),
        ("sha256", "cd" * 32),
        ("sha256", None),
        ("reason", "not-footage"),
    ],
)
def test_a_receipt_that_says_something_else_than_its_entry(claim: str, value: object) -> None:
    """Whoever has the receipt's key alone cannot make a dock's proof of what was not entered."""
    found = broken(document(SIGNER.sign(claims_of(LEAF, **{claim: value})), LEAF, LOG.proof()))
    assert (found.flaw, found.detail.partition(":")[0]) == (Flaw.ENTRY, claim)


def test_quarantine_has_a_receipt_too() -> None:
    facts = {"length": 1000, "parts": 1, "sha256": "", "reason": "stored-damaged"}
    leaf = leaf_of(type="recording.quarantined", facts=facts)
    said = claims_of(leaf, state="quarantined", wipe=False, sha256=None, reason="stored-damaged")
    log = TwoEntries(leaf)
    found = document(SIGNER.sign(said), leaf, log.proof())
    assert verify(json.dumps(found).encode(), log.key, SIGNER.keys).claims["wipe"] is False
    lying = document(SIGNER.sign({**said, "wipe": True}), leaf, log.proof())
    assert broken(lying, log=log.key).flaw is Flaw.ENTRY


def test_a_receipt_of_before_it_named_its_entrys_hash() -> None:
    said = {name: value for name, value in claims_of(LEAF).items() if name != "leafHash"}
    assert broken(document(SIGNER.sign(said), LEAF, LOG.proof())).flaw is Flaw.HASH


@pytest.mark.parametrize("leaf", [b"[]", b"null", b'{"facts":1}', b"\xff", b"[" * 50_000])
def test_an_entry_that_is_none(leaf: bytes) -> None:
    found = document(SIGNER.sign(claims_of(leaf)), leaf, TwoEntries(leaf, LOG.private).proof())
    assert broken(found).flaw is Flaw.ENTRY


def test_what_is_no_document() -> None:
    wrong: list[object] = [
        [],
        None,
        {},
        {**GOOD, "leaf": 5},
        {**GOOD, "leaf": "é"},
        {"receipt": RECEIPT},
        "x" * MOST_BYTES,
    ]
    assert {broken(each).flaw for each in wrong} == {Flaw.DOCUMENT}
    for data in (b"", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(ReceiptBroken) as refused:
            verify(data, LOG.key, SIGNER.keys)
        assert refused.value.flaw is Flaw.DOCUMENT


def test_what_is_wrong_is_said_in_two_languages() -> None:
    assert all(flaw.value.nl != flaw.value.en and flaw.value.nl.endswith(".") for flaw in Flaw)
