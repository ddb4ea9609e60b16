"""A receipt checked at the command line, with three files and no installation."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auditor.cli import app
from auditor.notes import COSIGNATURE, NoteBroken, VerifierKey
from auditor.reading import Unreadable
from tests.auditor.signing import Signer, TwoEntries, claims_of, document, leaf_of

LEAF = leaf_of()
SIGNER, LOG = Signer(), TwoEntries(LEAF)
WITNESS = VerifierKey.of("or.example", COSIGNATURE, LOG.private)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """What a dock fetched, and the receipt keys."""
    receipt, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    receipt.write_text(json.dumps(document(SIGNER.sign(claims_of(LEAF)), LEAF, LOG.proof())))
    keys.write_text(json.dumps(SIGNER.keys))
    return receipt, keys


def check(files: tuple[Path, Path], *more: str, key: str | None = None) -> Result:
    receipt, keys = map(str, files)
    arguments = ["verify-receipt", receipt, "--key", key or str(LOG.key), "--receipt-keys", keys, *more]
    return CliRunner().invoke(app, arguments)


def test_it_says_in_two_languages_what_it_proves_and_what_not(files: tuple[Path, Path]) -> None:
    said = check(files)
    assert said.exit_code == 0
    assert "Het ontvangstbewijs klopt: opname 01980000-0000-7000-8000-00000000000a, kept" in said.output
    assert "nummer 1 van log voorbeeldstad.example/log, dat 2 regels telde" in said.output
    assert "15-01-2027 08:00:00 UTC" in said.output
    assert "Dit bewijst niet" in said.output
    said = check(files, "--language", "en")
    assert said.exit_code == 0
    assert "number 1 of log" in said.output
    assert "does not prove" in said.output


def test_a_receipt_that_does_not_hold(files: tuple[Path, Path]) -> None:
    files[1].write_text(json.dumps(Signer().keys))
    said = check(files)
    assert said.exit_code == 1
    assert "niet geldig ondertekend met een van deze sleutels" in said.output
    said = check(files, "--language", "en")
    assert said.exit_code == 1
    assert "not validly signed by one of these keys" in said.output


def test_a_witness_that_did_not_cosign(files: tuple[Path, Path]) -> None:
    said = check(files, "--witness", str(WITNESS))
    assert said.exit_code == 2
    assert "getuige or.example tekende dit controlepunt niet mee" in said.output


@pytest.mark.parametrize("keys", ["[]", "{", "null", "[" * 50_000])
def test_keys_that_are_none(files: tuple[Path, Path], keys: str) -> None:
    files[1].write_text(keys)
    found = check(files).exception
    assert isinstance(found, NoteBroken)
    assert "JWK" in str(found)


def test_what_cannot_be_read(files: tuple[Path, Path]) -> None:
    assert isinstance(check(files, key="no key").exception, NoteBroken)
    files[0].unlink()
    assert isinstance(check(files).exception, Unreadable)
