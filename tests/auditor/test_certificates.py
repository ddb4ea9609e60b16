"""A certificate, its entry and its proof hold together, or it is said which of them does not."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from auditor import certificates
from auditor.certificates import CertificateBroken, Flaw, verify
from auditor.notes import COSIGNATURE, VerifierKey
from tests.disposed import (
    DISPOSED_AT,
    FourEntries,
    armoured,
    destroyed_leaf,
    disposed_leaf,
    document_of,
    statement_of,
)

STATEMENT = statement_of()
LOG = FourEntries(disposed_leaf(STATEMENT))
GOOD, KEY = document_of(STATEMENT, LOG)
BYTES = rfc8785.dumps(GOOD)


def broken(found: Any, log: VerifierKey = KEY) -> CertificateBroken:
    data = found if isinstance(found, bytes) else json.dumps(found).encode()
    with pytest.raises(CertificateBroken) as refused:
        verify(data, log)
    return refused.value


def entered(statement: dict[str, Any], **changed: Any) -> CertificateBroken:
    """What is said of a statement whose entry is in the log, with that entry changed."""
    return broken(*document_of(statement, FourEntries(disposed_leaf(statement, **changed))))


def test_it_shows_what_it_says_and_where_it_stands() -> None:
    shown = verify(BYTES, KEY)
    assert shown.statement.recording == STATEMENT["recording"]
    assert (shown.disposed.index, shown.disposed.signed.checkpoint.size) == (1, 4)
    assert shown.key_destroyed
    assert (shown.key_destroyed.index, shown.key_destroyed.at.day) == (2, 2)
    assert len(shown.signed) == 2
    assert shown.disposed.leaf["facts"] == {"certificate": shown.digest}


def test_before_the_key_of_the_backups_is_destroyed() -> None:
    found, key = document_of(STATEMENT, with_key=False)
    shown = verify(json.dumps(found).encode(), key)
    assert shown.key_destroyed is None
    assert len(shown.signed) == 1


@pytest.mark.parametrize("bit", [0, 1, 5])
def test_no_changed_byte_goes_unseen(bit: int) -> None:
    for at in range(len(BYTES)):
        changed = bytearray(BYTES)
        changed[at] ^= 1 << bit
        broken(bytes(changed))


@given(st.data())
def test_no_piece_that_is_cut_out_or_doubled_goes_unseen(data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(BYTES) - 1))
    last = data.draw(st.integers(first + 1, len(BYTES)))
    broken(BYTES[:first] + BYTES[last:])
    broken(BYTES[:last] + BYTES[first:])


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str).map(str.encode))
def test_whatever_it_is_given_it_answers(data: bytes) -> None:
    broken(data)


def test_another_log_and_another_witness() -> None:
    assert broken(GOOD, FourEntries(LOG.disposed).key).flaw is Flaw.CHECKPOINT
    witness = VerifierKey.of("or.example", COSIGNATURE, LOG.private)
    assert verify(BYTES, KEY, [witness]).disposed.signed.cosigned_at == {}
    elsewhere = {**GOOD, "proof": LOG.proof(1, origin="elders.example/log")}
    assert broken(elsewhere).flaw is Flaw.CHECKPOINT


def test_each_part_of_another() -> None:
    other = FourEntries(disposed_leaf(statement_of(length=1)), private=LOG.private)
    assert broken({**GOOD, "certificate": statement_of(length=1)}).flaw is Flaw.HASH
    assert broken({**GOOD, "leaf": armoured(other.disposed)}).flaw is Flaw.HASH
    assert broken({**GOOD, "proof": other.proof(1)}).flaw is Flaw.PROOF
    assert broken({**GOOD, "proof": LOG.proof(2)}).flaw is Flaw.PROOF


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "recording.disposing"},
        {"org": "elders"},
        {"org": None},
        {"regime": "wpg"},
        {"regime": None},
        {"pol": "ef" * 32},
        {"prev": "01980000-0000-7000-8000-0000000000ff"},
    ],
)
def test_an_entry_that_says_something_else(changed: dict[str, Any]) -> None:
    assert entered(STATEMENT, **changed).flaw is Flaw.ENTRY


def test_an_entry_that_is_none() -> None:
    for leaf in (b"{}", b"[" * 50_000, b"\xff", disposed_leaf(STATEMENT, v=2)):
        assert broken({**GOOD, "leaf": armoured(leaf)}).flaw is Flaw.ENTRY
    for text in ("A", None, 7, "é"):
        assert broken({**GOOD, "leaf": text}).flaw is Flaw.ENTRY


def test_an_entry_without_a_digest_or_with_another() -> None:
    assert entered(STATEMENT, facts={"certificate": "ab" * 32}).flaw is Flaw.HASH
    assert entered(STATEMENT, facts={"other": 1}).flaw is Flaw.HASH
    assert entered(STATEMENT, facts=None).flaw is Flaw.HASH


def test_a_statement_in_no_form_or_that_cannot_be_true() -> None:
    assert entered(statement_of(v=2)).flaw is Flaw.STATEMENT
    assert entered({**STATEMENT, "name": "Jansen"}).flaw is Flaw.STATEMENT
    assert entered(statement_of(due="2026-12-02T10:00:00+00:00")).flaw is Flaw.UNTRUE
    # Entered before its objects had gone.
    assert entered(STATEMENT, t=DISPOSED_AT - 1_000_000).flaw is Flaw.UNTRUE


def test_what_went_at_once_was_wrapped_by_a_key_of_arrival() -> None:
    statement = statement_of(keyExpires=None)
    log = FourEntries(disposed_leaf(statement), destroyed_leaf(type="sealing-key.destroyed"))
    found, key = document_of(statement, log)
    assert verify(json.dumps(found).encode(), key).key_destroyed


def with_key(leaf: bytes, **changed: Any) -> CertificateBroken:
    statement = statement_of(**changed)
    return broken(*document_of(statement, FourEntries(disposed_leaf(statement), leaf)))


def test_a_key_that_is_not_the_one() -> None:
    assert with_key(destroyed_leaf("fedcba9876543210")).flaw is Flaw.KEY
    assert with_key(destroyed_leaf(org="elders")).flaw is Flaw.KEY
    assert with_key(destroyed_leaf(type="receipt-key.destroyed")).flaw is Flaw.KEY
    assert with_key(destroyed_leaf(facts=None)).flaw is Flaw.KEY
    assert with_key(destroyed_leaf(), keyId=None).flaw is Flaw.KEY
    assert with_key(destroyed_leaf(facts=None), keyId=None).flaw is Flaw.KEY
    # While the recording's own key was wrapped under it, it cannot have been destroyed.
    assert with_key(destroyed_leaf(at=DISPOSED_AT - 1_000_000)).flaw is Flaw.KEY


def test_a_log_that_contradicts_itself_in_one_document() -> None:
    other = FourEntries(LOG.disposed, destroyed_leaf(actor="f" * 32), LOG.private)
    forked = {"leaf": armoured(other.destroyed), "proof": other.proof(2)}
    assert broken({**GOOD, "keyDestroyed": forked}).detail == "two different logs of 4 entries"


def test_what_is_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = BYTES.replace(b'{"certificate"', b'{"proof":"","certificate"')
    fraction = BYTES.replace(b'"length":1000', b'"length":1e3')
    odd: list[Any] = [{name: GOOD[name] for name in GOOD if name != gone} for gone in list(GOOD)[:3]]
    odd += [{**GOOD, "proof": 7}, {**GOOD, "keyDestroyed": None}, {**GOOD, "keyDestroyed": {"leaf": ""}}]
    odd += [b"", b"[]", b"[" * 100_000, b"\xff", twice, fraction, {**GOOD, "more": 1}]
    for each in odd:
        assert broken(each).flaw is Flaw.DOCUMENT
    assert broken({**GOOD, "proof": "\ud800"}).flaw is Flaw.CHECKPOINT
    monkeypatch.setattr(certificates, "MOST_BYTES", len(BYTES) - 1)
    assert broken(BYTES).flaw is Flaw.DOCUMENT


def test_what_is_wrong_is_said_in_two_languages() -> None:
    assert all(flaw.value.nl != flaw.value.en and flaw.value.nl.endswith(".") for flaw in Flaw)
